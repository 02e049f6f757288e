//! The store in a PostgreSQL database, for servers on more than one machine, or where operators already run one.
//!
//! - One task writes ([`writer`]). Concurrent calls share a transaction, as in SQLite, and are answered after its commit.
//! - Readers have connections of their own. They see the last commit and never wait for writers.
//! - `synchronous_commit=on`, whatever the database's own default: a commit is on the disk before anybody hears of it.
//! - Callers' text reaches SQL as bound values only.

mod access;
mod context;
mod groups;
mod migrations;
mod overlay;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

use self::writer::Writer;
use crate::{Health, OpenError, Reply, StoreError};

/// Reads are cheap and a connection carries one at a time; a few for each core of the database keep it busy.
const READERS: usize = 8;

/// How long a call waits for a connection: a database that is away should be an error, and not a hanging request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Commits are durable. Statements are short: compiling them, or sharing their work between processes, only costs.
const OPTIONS: &str = "-c synchronous_commit=on -c jit=off -c max_parallel_workers_per_gather=0";

/// A store in a PostgreSQL database. Several servers may have the same one open.
#[derive(Debug)]
pub struct Postgres {
    readers: Pool,
    writer: Writer,
}

impl Postgres {
    /// Opens a database by its address, `postgres://user:password@host/database`, and brings its data up to date.
    ///
    /// # Errors
    /// [`OpenError::Address`] if the address is none, [`OpenError::Unreachable`] if the database is away or refuses,
    /// [`OpenError::Newer`] if a newer version wrote its data.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        let mut config: Config = address.parse().map_err(|error| OpenError::Address { cause: Arc::new(error) })?;
        config.application_name("hereabouts");
        config.connect_timeout(PATIENCE);
        config.options(format!("{} {OPTIONS}", config.get_options().unwrap_or_default()));
        let shown = shown(&config);
        let unreachable = |cause| OpenError::Unreachable { address: shown.clone(), cause };
        let readers = pool(&config, READERS).map_err(unreachable)?;
        let mut first = readers.get().await.map_err(|error| unreachable(Arc::new(error)))?;
        migrations::run(&mut first, &shown).await?;
        drop(first);
        let writer = Writer::start(pool(&config, 1).map_err(unreachable)?);
        Ok(Self { readers, writer })
    }

    async fn reader(&self) -> Result<Object, StoreError> {
        Ok(self.readers.get().await?)
    }
}

impl Health for Postgres {
    fn check(&self) -> Reply<'_, ()> {
        Box::pin(async { Ok(self.reader().await?.simple_query("SELECT 1").await.map(drop)?) })
    }
}

fn pool(config: &Config, connections: usize) -> Result<Pool, Arc<dyn std::error::Error + Send + Sync>> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), NoTls, recycling);
    let builder = Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1);
    let builder = builder.wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE));
    builder.build().map_err(|error| Arc::new(error) as Arc<_>)
}

/// The address without the password, for sentences.
fn shown(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let port = config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{}{port}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if *code == SqlState::DISK_FULL => Self::Full,
            Some(code) if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Failed(Arc::new(error)),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Closed => Self::Stopped,
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Self::Failed(Arc::new(error))
            }
        }
    }
}
