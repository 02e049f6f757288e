//! TLS: the certificate, which may be replaced while the server runs, and the handshake.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, ClientHello};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config;

/// What a connection may speak.
const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";
/// What every client that speaks TLS sends first: a record of the handshake.
const HANDSHAKE: u8 = 22;
/// What a client is told that speaks HTTP without TLS.
const PLAIN: &str = "HTTP/1.1 400 Bad Request\r\n\
                     Content-Type: text/plain; charset=utf-8\r\n\
                     Content-Length: 52\r\n\
                     Connection: close\r\n\r\n\
                     This port speaks TLS: the address begins with https\n";
/// How long such a client may go on sending before it is cut off: closing at once would destroy the answer on its way.
const LINGER: Duration = Duration::from_secs(2);

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {} for {setting} ({cause}): check its path, owner and permissions", path.display())]
    Unreadable {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} holds no {wanted} that can be used ({cause}): {setting} takes it as PEM", path.display())]
    Empty {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What does not fit.
        cause: pem::Error,
    },
    /// Certificate and key do not go together, or one of them is of a kind that is not known.
    #[error("the certificate {} cannot be used with the key {} ({cause}): tls.cert and tls.key must belong together",
        cert.display(), key.display())]
    Unsuitable {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What does not fit.
        cause: rustls::Error,
    },
}

/// TLS with the certificate of this moment.
pub(crate) struct Tls {
    files: config::Tls,
    now: ArcSwap<Configs>,
}

/// The same, but for what is spoken when the client offers both.
///
/// That is for the client to say: it names first what it would rather speak. Browsers name HTTP/2. A client whose
/// threads share a connection names HTTP/1.1, for good reason: over HTTP/2 the one that waits in a poll reads the
/// answers of all others, and may keep them from theirs.
struct Configs {
    http_2_first: Arc<ServerConfig>,
    http_1_first: Arc<ServerConfig>,
}

impl Tls {
    /// TLS with the certificate and key in these files.
    pub(crate) fn load(files: config::Tls) -> Result<Self, TlsError> {
        let now = ArcSwap::from_pointee(Configs::load(&files)?);
        Ok(Self { files, now })
    }

    /// Reads the files again: new connections get what is in them now. Should they be no good, everything is as before.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        self.now.store(Arc::new(Configs::load(&self.files)?));
        Ok(())
    }

    /// The handshake, for as long as `patience`. None when there is nobody to serve; who speaks plain HTTP was told.
    pub(super) async fn accept(&self, stream: TcpStream, patience: Duration) -> Option<Box<TlsStream<TcpStream>>> {
        let handshake = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if first != [HANDSHAKE] {
                tell(stream).await?;
                return Err(io::Error::other("it speaks no TLS"));
            }
            let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            let config = self.now.load().of(&start.client_hello());
            start.into_stream(config).await
        };
        match timeout(patience, handshake).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => Some(Box::new(stream)),
            Err(error) => {
                tracing::debug!(%error, "a connection ended before its TLS began");
                None
            }
        }
    }
}

/// Answers a client that does not speak TLS.
async fn tell(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(PLAIN.as_bytes()).await?;
    stream.shutdown().await?;
    let mut thrown_away = [0; 1024];
    let rest = async { while stream.read(&mut thrown_away).await.is_ok_and(|count| count > 0) {} };
    let _ = timeout(LINGER, rest).await;
    Ok(())
}

impl Configs {
    fn load(files: &config::Tls) -> Result<Self, TlsError> {
        let mut config = server_config(files)?;
        let mut speaking = |protocols: [&[u8]; 2]| {
            config.alpn_protocols = protocols.map(<[u8]>::to_vec).to_vec();
            Arc::new(config.clone())
        };
        Ok(Self { http_2_first: speaking([HTTP_2, HTTP_1]), http_1_first: speaking([HTTP_1, HTTP_2]) })
    }

    fn of(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let first = hello.alpn().and_then(|mut named| named.find(|name| [HTTP_2, HTTP_1].contains(name)));
        Arc::clone(if first == Some(HTTP_1) { &self.http_1_first } else { &self.http_2_first })
    }
}

fn server_config(files: &config::Tls) -> Result<ServerConfig, TlsError> {
    let config::Tls { cert, key } = files;
    let empty = |setting, path: &Path, wanted, cause| TlsError::Empty { setting, path: path.to_owned(), wanted, cause };
    let text = read("tls.cert", cert)?;
    let certificates = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let certificates = match certificates {
        Ok(certificates) if certificates.is_empty() => Err(pem::Error::NoItemsFound),
        outcome => outcome,
    };
    let certificates = certificates.map_err(|cause| empty("tls.cert", cert, "certificate", cause))?;
    let text = read("tls.key", key)?;
    let private = PrivateKeyDer::from_pem_slice(&text);
    let private = private.map_err(|cause| empty("tls.key", key, "private key without a passphrase", cause))?;

    let unsuitable = |cause| TlsError::Unsuitable { cert: cert.clone(), key: key.clone(), cause };
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(unsuitable)?.with_no_client_auth();
    let mut config = builder.with_single_cert(certificates, private).map_err(unsuitable)?;
    // Who comes back brings its session along, sealed: a crowd that reconnects costs no memory and fewer signatures.
    config.ticketer = ring::Ticketer::new().map_err(unsuitable)?;
    Ok(config)
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|cause| TlsError::Unreadable { setting, path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_plain_http_is_as_long_as_it_says() {
        let (head, body) = PLAIN.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{}", body.len());
    }
}
