//! Our server as an operator starts it: one program, one configuration file, an empty data folder, a free port.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::process::Running;

pub(super) struct Server {
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

/// More than a start or a stop takes on a busy machine, by far.
const PATIENCE: Duration = Duration::from_secs(30);

impl Server {
    /// Starts it with its files in `folder`, and waits until it says where it listens.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).context("clearing the data of the last run")?;
        }
        fs::create_dir_all(&data)?;
        let configuration = folder.join("hereabouts.toml");
        fs::write(&configuration, CONFIGURATION)?;

        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).arg("--data").arg(&data).arg("--config").arg(&configuration);
        let log = folder.join("server.log");
        let program = Running::start(&mut command, &log)?;
        let origin = origin(&program).with_context(|| format!("its log is {}", log.display()))?;
        Ok(Self { program, origin })
    }

    /// Tells a program where the server is and what its keys are.
    pub(super) fn tell(&self, command: &mut Command) {
        command.env("HEREABOUTS_ORIGIN", &self.origin).envs(KEYS);
    }

    /// A clean end: it is asked once, and exits with 0.
    pub(super) fn stop(self) -> Result<()> {
        self.program.terminate()?;
        let status = self.program.ended(Instant::now() + PATIENCE)?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }
}

fn origin(server: &Running) -> Result<String> {
    let until = Instant::now() + PATIENCE;
    while let Some(line) = server.next_line(until)? {
        if let Some(origin) = line.strip_prefix("listening on http://") {
            return Ok(origin.trim_end_matches('/').to_owned());
        }
    }
    anyhow::bail!("it ended before it said where it listens")
}
