//! The life of a server.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use node::{Clock, KeysetOptions, Node, StartError};
use store::{DataDirectory, OpenError, Postgres, Settings, Sqlite, Store};
use tokio::sync::oneshot;
use wire::InvalidName;

use crate::admin::{self, Admin, AdminError, Managed, StoredError};
use crate::api::App;
use crate::config::Config;
use crate::edge::{Addresses, Listener, Tls, TlsError};
use crate::metrics::Metrics;
use crate::{budget, keysets};

/// A server that listens. Connections wait in the kernel until [`Server::run`].
pub struct Server {
    app: Arc<App>,
    listener: Listener,
    tls: Option<Arc<Tls>>,
    admin: Option<(Admin, Managed)>,
}

/// Reads the certificate again while the server runs.
#[derive(Clone)]
pub struct Reload(Option<Arc<Tls>>);

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
    /// There is no TLS with these files.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no admin API.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// A stored key set cannot be used.
    #[error(transparent)]
    Stored(#[from] StoredError),
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
        let budget = budget::of(config.memory);
        for keyset in &config.keysets {
            let rule = |cause| ServeError::Rule { keyset: keyset.name.clone(), cause };
            let read = keysets::options(keyset, &config.edge, budget).map_err(rule)?;
            options.push(KeysetOptions { gives_way: config.builtin_keyset, ..read });
        }
        let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let (directory, store) = open(&config).await?;
        let address = config.listen;
        let listener = Listener::bind(address, tls.clone()).map_err(|cause| ServeError::Listen { address, cause })?;
        if tls.is_none() && !address.ip().is_loopback() {
            tracing::warn!(
                "listening on {address} without TLS: whoever is on the way can read and change what is sent; \
                 set tls.cert and tls.key, or have a proxy in front that ends TLS"
            );
        }
        let admin = Admin::bind(config.admin, directory.path())?;
        let stored = store.keysets().await.map_err(StartError::from)?;
        let options = admin::start_options(&config, options, &stored, clock.now().timestamp())?;
        let node = Node::start(options, directory, store, clock).await?;
        node.memory().set_budget(budget);
        let admin = admin.map(|admin| {
            tracing::info!(address = %admin.address(), "the admin API listens");
            (admin, Managed::new(node.keysets().clone(), &config))
        });
        let restored = node.restored();
        if restored.seats > 0 {
            let (members, clean) = (restored.seats, restored.clean);
            tracing::info!(members, clean, "whoever was present is present again");
        }
        let addresses = Arc::new(Addresses::new(config.address));
        let app = App { node, edge: config.edge, addresses, metrics: Metrics::new() };
        Ok(Self { app: Arc::new(app), listener, tls, admin })
    }

    /// What clients put in front of their paths.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.address())
    }

    /// Where the admin API listens, unless it is off.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(admin, _)| admin.address())
    }

    /// Whether there is nothing but the built-in key set, which is open to everyone.
    #[must_use]
    pub fn is_open_to_everyone(&self) -> bool {
        self.app.node.keysets().now().iter().any(|keyset| keyset.options().gives_way)
    }

    /// What reads the certificate again.
    #[must_use]
    pub fn reload(&self) -> Reload {
        Reload(self.tls.clone())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves until `stop` is done; then answers who waits, finishes what was begun, and saves who is present.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let (end_admin, ended) = oneshot::channel();
        let admin = self.admin.map(|(admin, managed)| tokio::spawn(admin.serve(managed, ended)));
        self.listener.serve(Arc::clone(&self.app), pin!(stop)).await;
        drop(end_admin);
        if let Some(admin) = admin
            && let Err(error) = admin.await
        {
            tracing::error!(%error, "the admin API had failed");
        }
        // Every connection is gone, and each held the app.
        match Arc::try_unwrap(self.app) {
            Ok(app) => app.node.stop().await,
            Err(_) => tracing::error!("a connection outlived the server; who is present was not saved"),
        }
    }
}

impl Reload {
    /// Reads the files of the certificate, for new connections. What cannot be used is logged, and changes nothing.
    pub async fn now(&self) {
        let Some(tls) = self.0.clone() else {
            tracing::info!("there is no certificate to read again");
            return;
        };
        match blocking(move || tls.reload()).await {
            Ok(()) => tracing::info!("the certificate was read again: new connections get it"),
            Err(error) => tracing::error!(%error, "the certificate could not be read again; the one from before stays"),
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
