//! Where the admin API is reached.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::api::Api;
use super::keysets::Managed;
use super::token::{Token, TokenError};
use crate::config;
use crate::edge;

/// Where the address that was taken is written, for whoever has the data directory and asks no more.
const ADDRESS_FILE: &str = "admin.address";
/// Where it listens when nobody says otherwise.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7701);
/// Connections at a time; further ones wait in the kernel. An operator and some programs need a few.
const CONNECTIONS_MAX: usize = 32;
/// How long a client may take to send a head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a stopping server waits for answers on their way.
const DRAIN: Duration = Duration::from_secs(5);
/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why there is no admin API.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address} for the admin API ({cause}): stop what uses the port, or choose another with \
         admin.listen (off: none)"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system answered.
        cause: io::Error,
    },
    /// There is no token to show.
    #[error("{0}")]
    Token(String),
    /// The address cannot be written down.
    #[error("cannot write {} ({cause}): check the owner and permissions of the data directory", path.display())]
    Address {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        cause: io::Error,
    },
}

impl From<TokenError> for AdminError {
    fn from(error: TokenError) -> Self {
        Self::Token(error.to_string())
    }
}

/// The admin API, before and while it serves.
pub(crate) struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    address_file: PathBuf,
    token: Token,
}

impl Admin {
    /// Listens, with the token of the data directory. None where it is off.
    pub(crate) fn bind(config: config::Admin, directory: &Path) -> Result<Option<Self>, AdminError> {
        let wanted = match config {
            config::Admin::Off => return Ok(None),
            config::Admin::Auto => USUAL,
            config::Admin::At(address) => address,
        };
        let token = Token::load(directory)?;
        let listener = match edge::listen(wanted) {
            // Nobody asked for this one port, and another server may well have it.
            Err(cause) if config == config::Admin::Auto && cause.kind() == ErrorKind::AddrInUse => {
                edge::listen(SocketAddr::new(wanted.ip(), 0))
            }
            outcome => outcome,
        };
        let bound = listener.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
        let (listener, address) = bound.map_err(|cause| AdminError::Listen { address: wanted, cause })?;
        if !address.ip().is_loopback() {
            tracing::warn!(
                "the admin API listens on {address}, which others than this machine may reach, without TLS: its token \
                 can be read on the way"
            );
        }
        let address_file = directory.join(ADDRESS_FILE);
        let unwritable = |cause| AdminError::Address { path: address_file.clone(), cause };
        std::fs::write(&address_file, format!("{address}\n")).map_err(unwritable)?;
        Ok(Some(Self { listener, address, address_file, token }))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` comes, or its sender is gone.
    pub(crate) async fn serve(self, managed: Managed, mut stop: oneshot::Receiver<()>) {
        let api = Arc::new(Api { token: self.token, managed });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(connection(Arc::clone(&api), stream))),
                    Err(error) => {
                        tracing::warn!(%error, "could not accept a connection for the admin API");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        // The next start writes it anew; nobody should ask here meanwhile.
        let _ = std::fs::remove_file(&self.address_file);
        let _ = tokio::time::timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await;
        connections.shutdown().await;
    }
}

/// One request a connection: who comes seldom need not stay.
async fn connection(api: Arc<Api>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let api = Arc::clone(&api);
        async { Ok::<_, Infallible>(api.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).keep_alive(false);
    // A broken connection is the client's affair.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
