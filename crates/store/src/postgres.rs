//! The store in a PostgreSQL database, where operators already run one.
//!
//! - One server at a time has it open ([`link`]): what it tells its subscribers nobody else would tell theirs.
//! - One task writes ([`writer`]). Concurrent calls share a transaction, as in SQLite, and are answered after its commit.
//! - Readers have connections of their own. They see the last commit and never wait for writers.
//! - `synchronous_commit=on`, whatever the database's own default: a commit is on the disk before anybody hears of it.
//! - Callers' text reaches SQL as bound values only.

mod access;
mod address;
mod batch;
mod context;
mod custom_index;
mod groups;
mod keysets;
mod link;
mod lists;
mod migrations;
mod overlay;
mod put;
mod text_order;
mod tls;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use self::address::Address;
use self::link::{Link, is_refusal, lose};
use self::writer::Writer;
use crate::{Health, OpenError, Reply, StoreError};

/// Reads are cheap and a connection carries one at a time; a few for each core of the database keep it busy.
const READERS: usize = 8;

/// How long a call waits for a connection: a database that is away should be an error, and not a hanging request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Commits are durable. Statements are short: compiling them, or sharing their work between processes, only costs.
const OPTIONS: &str = "-c synchronous_commit=on -c jit=off -c max_parallel_workers_per_gather=0";

/// A store in a PostgreSQL database, which it keeps for itself while it is open.
#[derive(Debug)]
pub struct Postgres {
    readers: Pool,
    writer: Writer,
}

impl Postgres {
    /// Opens a database by its address, `postgres://user:password@host/database`, and brings its data up to date.
    ///
    /// The address may say `sslmode` and `sslrootcert`: `disable` encrypts nothing; `prefer`, the default, encrypts where the
    /// database can; `require` always encrypts; `verify-ca` also wants a certificate of an authority that the file `sslrootcert`
    /// names or, without one, the system trusts; `verify-full` also wants the name of the host in it. `require` with a file
    /// is `verify-ca`.
    ///
    /// # Errors
    /// [`OpenError::Address`] if the address is none, [`OpenError::Unreachable`] if the database is away or refuses,
    /// [`OpenError::Taken`] if another server has it open, [`OpenError::Newer`] if a newer version wrote its data.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        let mut address = Address::read(address)?;
        address.config.application_name("hereabouts");
        let shown = address.shown();
        let unreachable = |cause| OpenError::Unreachable { address: shown.clone(), cause };
        let tls = tls::connector(&address.proof)?;
        let readers = pool(&address.config, tls.clone(), READERS).map_err(unreachable)?;
        let mut link = Link::new(&address.config, tls).map_err(|error| unreachable(Arc::new(error)))?;
        let mut first = link.take().await.map_err(|error| match error {
            StoreError::Taken => OpenError::Taken { address: shown.clone() },
            StoreError::Failed(cause) => unreachable(cause),
            error => unreachable(Arc::new(error)),
        })?;
        migrations::run(&mut first, &shown).await?;
        text_order::renew(&first).await.map_err(|error| unreachable(Arc::new(error)))?;
        link.keep(first);
        Ok(Self { readers, writer: Writer::start(link) })
    }

    async fn reader(&self) -> Result<Object, StoreError> {
        Ok(self.readers.get().await?)
    }

    /// Runs a statement that changes something and, done twice, does the same: so it is done again when its connection was
    /// lost and nobody knows whether it was done.
    async fn change(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        soon(async {
            let db = self.reader().await?;
            match db.execute(statement, values).await {
                Ok(_) => return Ok(()),
                Err(error) if is_refusal(&error) => return Err(error.into()),
                Err(_) => lose(db),
            }
            let again = self.reader().await?.execute(statement, values).await;
            again.map(drop).map_err(|error| if is_refusal(&error) { error.into() } else { StoreError::InDoubt })
        })
        .await
    }
}

impl Health for Postgres {
    fn check(&self) -> Reply<'_, ()> {
        Box::pin(soon(async { Ok(self.reader().await?.simple_query("SELECT 1").await.map(drop)?) }))
    }
}

/// Gives up on a database that takes connections and never answers.
async fn soon<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or(Err(StoreError::Slow))
}

fn pool(
    config: &Config,
    tls: MakeRustlsConnect,
    connections: usize,
) -> Result<Pool, Arc<dyn std::error::Error + Send + Sync>> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), tls, recycling);
    let builder = Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1);
    let builder = builder.wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE));
    builder.build().map_err(|error| Arc::new(error) as Arc<_>)
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
