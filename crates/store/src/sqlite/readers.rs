//! Connections that only read, lent to one read at a time.
//!
//! - A read runs in a transaction of its own, so that all its statements see the same commit. One that takes long keeps the
//!   log from being folded into the database, and nothing else.
//! - It runs on a thread for blocking work. A short one takes less than it costs to hand it over and back: it runs where it
//!   is asked for, while that is quick ([`Readers::read_short`]).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{connect, waits};
use crate::StoreError;

/// Reads are work for the processor more than for the disk; a few for each core keep it busy, and each costs a cache
/// of pages.
const CONNECTIONS: usize = 8;

/// A short read that waited for the disk and took longer: whoever asks would have others wait as well. One that only waited for
/// its turn on a busy machine would have to there, too.
const SHORT: Duration = Duration::from_millis(5);
/// After such a read the next ones are handed over for so many times as long. So a disk that has to be asked for everything
/// takes a hundredth of the time of whoever asks.
const HANDED_OVER_TIMES: u32 = 100;

#[derive(Debug)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    /// One permit for each idle connection.
    free: Arc<Semaphore>,
    opened: Instant,
    /// Until when short reads are handed over, in microseconds after the opening.
    handed_over_until: AtomicU64,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let open = |_| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let idle: Vec<Connection> = (0..CONNECTIONS).map(open).collect::<Result<_, _>>()?;
        Ok(Self {
            free: Arc::new(Semaphore::new(idle.len())),
            idle: Arc::new(Mutex::new(idle)),
            opened: Instant::now(),
            handed_over_until: AtomicU64::new(0),
        })
    }

    /// Runs a read of one statement, which finds a row or two by an index.
    pub(super) async fn read_short<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let begun = self.opened.elapsed();
        let quick = micros(begun) >= self.handed_over_until.load(Ordering::Relaxed);
        // With all connections lent, it queues like every other.
        let Some(permit) = quick.then(|| Arc::clone(&self.free).try_acquire_owned().ok()).flatten() else {
            return self.read_one(work).await;
        };
        let waits = waits::of_this_thread();
        let read = lend(Arc::clone(&self.idle), permit, work);
        let ended = self.opened.elapsed();
        let took = ended.saturating_sub(begun);
        if took > SHORT && (waits.is_none() || waits != waits::of_this_thread()) {
            self.handed_over_until.store(micros(ended + took * HANDED_OVER_TIMES), Ordering::Relaxed);
        }
        read
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
        let read = move || lend(idle, permit, work);
        tokio::task::spawn_blocking(read).await.map_err(|error| StoreError::Failed(Arc::new(error)))?
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Runs a read with an idle connection, which the permit says there is.
fn lend<T>(
    idle: Arc<Mutex<Vec<Connection>>>,
    permit: OwnedSemaphorePermit,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let Some(mut lent) = Lent::take(idle, permit) else { return Err(StoreError::Stopped) };
    let Some(db) = &mut lent.db else { return Err(StoreError::Stopped) };
    work(db)
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
