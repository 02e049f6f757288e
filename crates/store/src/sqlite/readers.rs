//! Connections that only read, lent to one read at a time.
//!
//! A read runs on a thread for blocking work and in a transaction of its own, so that all its statements see the same
//! commit. A read that takes long keeps the log from being folded into the database, and nothing else.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connect;
use crate::StoreError;

/// Reads are work for the processor more than for the disk; a few for each core keep it busy, and each costs a cache
/// of pages.
const CONNECTIONS: usize = 8;

#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    /// One permit for each idle connection.
    free: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let open = |_| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let idle: Vec<Connection> = (0..CONNECTIONS).map(open).collect::<Result<_, _>>()?;
        Ok(Self { free: Arc::new(Semaphore::new(idle.len())), idle: Arc::new(Mutex::new(idle)) })
    }

    /// Runs a read whose statements all see the same commit.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_one(|db| work(&*db.transaction()?)).await
    }

    /// Runs a read of one statement, which sees one commit by itself.
    pub(super) async fn read_one<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let idle = Arc::clone(&self.idle);
        let read = move || {
            let Some(mut lent) = Lent::take(idle, permit) else { return Err(StoreError::Stopped) };
            let Some(db) = &mut lent.db else { return Err(StoreError::Stopped) };
            work(db)
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| StoreError::Failed(Arc::new(error)))?
    }
}

/// A connection that finds its way back, even out of a read that panics.
struct Lent {
    /// `None` only while it is dropped.
    db: Option<Connection>,
    idle: Arc<Mutex<Vec<Connection>>>,
    /// Declared last: it is given back after the connection is.
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    fn take(idle: Arc<Mutex<Vec<Connection>>>, permit: OwnedSemaphorePermit) -> Option<Self> {
        let db = idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self { db: Some(db), idle, _permit: permit })
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(db) = self.db.take() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        }
    }
}
