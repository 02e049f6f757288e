//! The connection that writes.
//!
//! - It holds a lock of the database for as long as it lives. So of several servers with one database one writes, and tells
//!   the events; the others are refused when they start.
//! - When it is lost, the next one first ends what is left of it on the side of the database. Whoever then holds the lock
//!   knows that nothing of the old connection is under way any more, and can ask what became of its last transaction.

use std::hash::{BuildHasher, RandomState};

use deadpool_postgres::{Object, Pool};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{PATIENCE, pool};
use crate::{Numbered, StoreError};

/// Any number that no other program is likely to choose; not that of the migrations.
const LOCK: i64 = 0x6865_7265_6162_6f76;

/// The one connection that writes, while there is one.
#[derive(Debug)]
pub(super) struct Link {
    /// Of one connection.
    pool: Pool,
    /// How the connection is called in the database, different for every server.
    name: String,
    idle: Option<Object>,
}

impl Link {
    /// Nothing is connected yet.
    pub(super) fn new(config: &Config, tls: MakeRustlsConnect) -> Result<Self, StoreError> {
        let name = format!("hereabouts writer {:016x}", RandomState::new().hash_one(std::process::id()));
        let mut config = config.clone();
        config.application_name(&name);
        let pool = pool(&config, tls, 1).map_err(StoreError::Failed)?;
        Ok(Self { pool, name, idle: None })
    }

    /// The connection, made anew if it was lost. It goes back with [`Link::keep`], or is lost.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when another server holds the database; nothing was sent otherwise, too.
    pub(super) async fn take(&mut self) -> Result<Object, StoreError> {
        if let Some(db) = self.idle.take() {
            if !db.is_closed() {
                return Ok(db);
            }
            lose(db);
        }
        let db = self.pool.get().await?;
        match timeout(2 * PATIENCE, self.claim(&db)).await.unwrap_or(Err(StoreError::Slow)) {
            Ok(()) => Ok(db),
            Err(error) => {
                lose(db);
                Err(error)
            }
        }
    }

    /// Keeps a connection on which nothing is under way.
    pub(super) fn keep(&mut self, db: Object) {
        self.idle = Some(db);
    }

    /// Ends what an earlier connection of this server left behind, and waits a while for whoever else holds the lock.
    async fn claim(&self, db: &Object) -> Result<(), StoreError> {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()";
        db.execute(end, &[&self.name]).await?;
        db.batch_execute(&format!("SET lock_timeout = {}", PATIENCE.as_millis())).await?;
        match db.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await {
            Ok(_) => Ok(db.batch_execute("SET lock_timeout = 0").await?),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Err(StoreError::Taken),
            Err(error) => Err(error.into()),
        }
    }
}

/// Closes a connection.
pub(super) fn lose(db: Object) {
    drop(Object::take(db));
}

/// A transaction whose commit was asked for and not answered.
#[derive(Debug)]
pub(super) struct Doubt {
    /// Its id, as the database has it.
    pub(super) transaction: String,
    /// The number of its last event.
    pub(super) last: u64,
    /// What is told if it happened.
    pub(super) events: Vec<Numbered>,
}

impl Doubt {
    /// Whether it happened, asked on a connection that was made since.
    pub(super) async fn happened(&self, db: &Object) -> Result<bool, StoreError> {
        // A database that was put in the place of the lost one, and lacks its last moments, may give the same id to another
        // transaction. It then lacks the number of our event as well.
        let ask = "SELECT CASE WHEN last >= $2 THEN pg_xact_status($1::text::xid8) END FROM commits";
        let last = self.last.cast_signed();
        let answer = timeout(PATIENCE, db.query_one(ask, &[&self.transaction, &last])).await;
        let row = answer.map_err(|_| StoreError::Slow)??;
        Ok(row.try_get::<_, Option<&str>>(0)? == Some("committed"))
    }
}

/// Whether the database itself refused, and goes on: what it was asked for did not happen then.
pub(super) fn is_refusal(error: &tokio_postgres::Error) -> bool {
    let severity = error.as_db_error().and_then(tokio_postgres::error::DbError::parsed_severity);
    matches!(severity, Some(Severity::Error))
}
