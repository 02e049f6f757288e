//! Our server as an operator starts it: one program, one configuration file, an empty data folder, a free port. And once more
//! with TLS, by a certificate of an authority that is made for the run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::process::Running;

pub(super) struct Server {
    plain: Listening,
    tls: Listening,
    /// The file of the authority that has signed the certificate.
    authority: PathBuf,
}

/// A server at work.
struct Listening {
    program: Running,
    /// `127.0.0.1:PORT`
    origin: String,
}

/// Three key sets: one as it comes, one that is soon in interval mode, so that a program sees it without a crowd, and one
/// with access control.
const CONFIGURATION: &str = r#"
[[keyset]]
name = "compat"
subscribe_key = "sub-compat"
publish_key = "pub-compat"

[[keyset]]
name = "compat-interval"
subscribe_key = "sub-compat-interval"
publish_key = "pub-compat-interval"

[keyset.presence]
announce_max = 2
interval_seconds = 1
deltas = true

[[keyset]]
name = "compat-guarded"
subscribe_key = "sub-compat-guarded"
publish_key = "pub-compat-guarded"
secret_key = "sec-compat-guarded"
access_manager = true
"#;

const KEYS: [(&str, &str); 7] = [
    ("HEREABOUTS_SUBSCRIBE_KEY", "sub-compat"),
    ("HEREABOUTS_PUBLISH_KEY", "pub-compat"),
    ("HEREABOUTS_INTERVAL_SUBSCRIBE_KEY", "sub-compat-interval"),
    ("HEREABOUTS_INTERVAL_PUBLISH_KEY", "pub-compat-interval"),
    ("HEREABOUTS_GUARDED_SUBSCRIBE_KEY", "sub-compat-guarded"),
    ("HEREABOUTS_GUARDED_PUBLISH_KEY", "pub-compat-guarded"),
    ("HEREABOUTS_GUARDED_SECRET_KEY", "sec-compat-guarded"),
];

/// Who else trusts the authority because of the environment: Python's requests, OpenSSL and what follows it (httpx, aiohttp,
/// Go), Node.js. All of them talk to nobody but us.
const TRUST: [&str; 3] = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/// More than a start or a stop takes on a busy machine, by far.
const PATIENCE: Duration = Duration::from_secs(30);

impl Server {
    /// Starts it with its files in `folder`, and waits until it says where it listens.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let configuration = folder.join("hereabouts.toml");
        fs::write(&configuration, CONFIGURATION)?;
        let [authority, cert, key] = ["authority.pem", "cert.pem", "key.pem"].map(|file| folder.join(file));
        certify(&authority, &cert, &key).context("making a certificate")?;

        let plain = Listening::start(program, folder, "data", &[])?;
        let tls = [OsStr::new("--tls-cert"), cert.as_os_str(), OsStr::new("--tls-key"), key.as_os_str()];
        let tls = Listening::start(program, folder, "data-tls", &tls)?;
        Ok(Self { plain, tls, authority })
    }

    /// Tells a program where the server is and what its keys are.
    pub(super) fn tell(&self, command: &mut Command) {
        command.env("HEREABOUTS_ORIGIN", &self.plain.origin).envs(KEYS);
        command.env("HEREABOUTS_TLS_ORIGIN", &self.tls.origin).envs(TRUST.map(|variable| (variable, &self.authority)));
    }

    /// A clean end: it is asked once, and exits with 0.
    pub(super) fn stop(self) -> Result<()> {
        for Listening { program, .. } in [self.plain, self.tls] {
            program.terminate()?;
            let status = program.ended(Instant::now() + PATIENCE)?;
            ensure!(status.success(), "it ended with {status}");
        }
        Ok(())
    }
}

impl Listening {
    fn start(program: &Path, folder: &Path, name: &str, flags: &[&OsStr]) -> Result<Self> {
        let data = folder.join(name);
        if data.exists() {
            fs::remove_dir_all(&data).context("clearing the data of the last run")?;
        }
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(&data).args(flags);
        command.arg("--config").arg(folder.join("hereabouts.toml"));
        let log = folder.join(format!("server-{name}.log"));
        let program = Running::start(&mut command, &log)?;
        let origin = origin(&program).with_context(|| format!("its log is {}", log.display()))?;
        Ok(Self { program, origin })
    }
}

/// Writes a certificate for this machine, its key, and the authority that vouches for it.
fn certify(authority_file: &Path, cert_file: &Path, key_file: &Path) -> Result<()> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // With the name that certificates have by default, those that it signs would look as if they had signed themselves.
    authority.distinguished_name.push(DnType::CommonName, "Authority of one run");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let cert = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &authority)?;
    fs::write(authority_file, authority.pem())?;
    fs::write(cert_file, cert.pem())?;
    Ok(fs::write(key_file, key.serialize_pem())?)
}

fn origin(server: &Running) -> Result<String> {
    let until = Instant::now() + PATIENCE;
    while let Some(line) = server.next_line(until)? {
        let Some(url) = line.strip_prefix("listening on ") else { continue };
        if let Some(origin) = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")) {
            return Ok(origin.trim_end_matches('/').to_owned());
        }
    }
    anyhow::bail!("it ended before it said where it listens")
}
