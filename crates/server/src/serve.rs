//! The life of a server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use node::{Clock, Node, StartError};
use store::{DataDirectory, OpenError, Postgres, Settings, Sqlite, Store};
use wire::InvalidName;

use crate::api::App;
use crate::config::Config;
use crate::edge::Listener;
use crate::keysets;
use crate::metrics::Metrics;

/// A server that listens. Connections wait in the kernel until [`Server::run`].
pub struct Server {
    app: Arc<App>,
    listener: Listener,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({cause}): stop what uses the port, or choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system answered.
        cause: io::Error,
    },
    /// The data cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The node cannot start on the data.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A rule of presence names no channel.
    #[error("a presence rule of the key set {keyset} cannot be used: {cause}")]
    Rule {
        /// The key set.
        keyset: String,
        /// What is wrong with the channel.
        cause: InvalidName,
    },
}

impl Server {
    /// Opens the data and listens.
    ///
    /// # Errors
    /// [`ServeError`], one sentence that says what to do.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ServeError> {
        let mut options = Vec::with_capacity(config.keysets.len());
        for keyset in &config.keysets {
            let rule = |cause| ServeError::Rule { keyset: keyset.name.clone(), cause };
            options.push(keysets::options(keyset, &config.edge).map_err(rule)?);
        }
        let (directory, store) = open(&config).await?;
        let address = config.listen;
        let listener = Listener::bind(address).map_err(|cause| ServeError::Listen { address, cause })?;
        let node = Node::start(options, directory, store, clock).await?;
        let restored = node.restored();
        if restored.seats > 0 {
            let (members, clean) = (restored.seats, restored.clean);
            tracing::info!(members, clean, "whoever was present is present again");
        }
        Ok(Self { app: Arc::new(App { node, edge: config.edge, metrics: Metrics::new() }), listener })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves until `stop` is done; then answers who waits, finishes what was begun, and saves who is present.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.listener.serve(Arc::clone(&self.app), stop).await;
        // Every connection is gone, and each held the app.
        match Arc::try_unwrap(self.app) {
            Ok(app) => app.node.stop().await,
            Err(_) => tracing::error!("a connection outlived the server; who is present was not saved"),
        }
    }
}

/// The data directory, and what keeps records: SQLite in it, or a PostgreSQL.
async fn open(config: &Config) -> Result<(DataDirectory, Arc<dyn Store>), OpenError> {
    let path = config.data.clone();
    let directory = blocking(move || DataDirectory::open(path)).await?;
    let store: Arc<dyn Store> = match &config.database {
        Some(address) => Arc::new(Postgres::open(address.expose()).await?),
        None => {
            let directory = directory.clone();
            Arc::new(blocking(move || Sqlite::open(&directory, &Settings::default())).await?)
        }
    };
    Ok((directory, store))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
