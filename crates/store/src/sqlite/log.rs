//! The log that SQLite writes ahead, and when it is folded into the database.
//!
//! - Folding reads and writes pages all over the database and waits for the disk. A thread of its own does it, with a
//!   connection of its own, while the writer goes on ([`Folder`]).
//! - It never gets to the end of a log that grows, and only a log that is folded in to its end is written from its beginning
//!   again. So when the log is long the writer itself folds in the little that is left, and begins anew ([`Log`]).
//! - The file keeps its length while there is work: writing over what is there costs the disk less than growing a file.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{FOREIGN_LOCK, connect, refused, sync_fully};
use crate::OpenError;

/// The writer begins the log anew when it is longer. Less makes for a lower rate, more for a slower start after a crash.
const MAX_LOG_BYTES: u64 = 128 * 1024 * 1024;

/// So much more in the log, and it is folded in. Less would be more work: what changes twice is folded in once. And while the disk
/// takes what was folded in, commits wait for it several times as long.
const FOLD_BYTES: u64 = 32 * 1024 * 1024;

/// How long the writer waits for readers of a long log, while others wait for it.
const READER_PATIENCE: Duration = Duration::from_millis(50);

/// The log as the writer sees it.
pub(super) struct Log {
    folder: Folder,
    page_bytes: u64,
    /// Whether it may hold something that the database does not.
    behind: bool,
    /// Its length when the folder was last called.
    called_at: u64,
    /// The length that calls for a new beginning. Put off when a reader was in the way, lest every commit waits for it.
    anew_at: u64,
    /// Whether the last look failed, so that a disk that stays broken is one line in the log file and not thousands.
    failing: bool,
}

/// How much is in the log, and whether all of it is in the database.
#[derive(Clone, Copy)]
struct Length {
    bytes: u64,
    folded: bool,
}

impl Log {
    /// The log of a database that a connection has open.
    pub(super) fn of(database: &Path, db: &Connection) -> Result<Self, OpenError> {
        let page_bytes: u64 = db
            .pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))
            .map_err(|error| refused(database, error))?
            .unsigned_abs();
        let folder = Folder::start(database)?;
        // What an earlier run left behind counts as well.
        Ok(Self { folder, page_bytes, behind: true, called_at: 0, anew_at: MAX_LOG_BYTES, failing: false })
    }

    /// Has folded in what has gathered, and begins a long log anew.
    pub(super) fn after_commit(&mut self, db: &Connection) {
        self.behind = true;
        let Some(length) = self.checkpoint(db, "NOOP") else { return };
        if length.bytes < self.called_at {
            (self.called_at, self.anew_at) = (0, MAX_LOG_BYTES);
        }
        if length.bytes - self.called_at >= FOLD_BYTES && self.folder.call() {
            self.called_at = length.bytes;
        }
        if length.bytes >= self.anew_at && !self.folder.is_at_work() {
            let patient = db.busy_timeout(READER_PATIENCE);
            let anew = self.checkpoint(db, "RESTART").is_some_and(|length| length.folded);
            if !anew {
                self.anew_at = length.bytes + FOLD_BYTES;
            }
            if let Err(error) = patient.and_then(|()| db.busy_timeout(FOREIGN_LOCK)) {
                tracing::warn!(%error, "the store cannot set how long it waits for readers");
            }
        }
    }

    /// Folds in all, and gives its space back, unless somebody reads.
    pub(super) fn when_idle(&mut self, db: &Connection) {
        if self.behind
            && !self.folder.is_at_work()
            && self.checkpoint(db, "PASSIVE").is_some_and(|length| length.folded)
        {
            let patient = db.busy_timeout(Duration::ZERO);
            self.behind = !self.checkpoint(db, "TRUNCATE").is_some_and(|length| length.folded);
            if let Err(error) = patient.and_then(|()| db.busy_timeout(FOREIGN_LOCK)) {
                tracing::warn!(%error, "the store cannot set how long it waits for readers");
            }
        }
    }

    /// What is in the log after folding in as much as a word of SQLite says. None when that failed.
    fn checkpoint(&mut self, db: &Connection, mode: &str) -> Option<Length> {
        let done = db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            let (busy, in_log, folded): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Length { bytes: in_log.unsigned_abs() * self.page_bytes, folded: !busy && in_log == folded })
        });
        match done {
            Ok(length) => {
                self.failing = false;
                Some(length)
            }
            Err(error) => {
                if !self.failing {
                    tracing::warn!(%error, "the log of the store cannot be folded into its database; it is tried again");
                }
                self.failing = true;
                None
            }
        }
    }
}

/// The thread that folds in. Dropping it waits for the end of its work.
struct Folder {
    /// `None` only while it is dropped.
    calls: Option<SyncSender<()>>,
    at_work: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Folder {
    fn start(database: &Path) -> Result<Self, OpenError> {
        let cannot_start = |error| OpenError::unusable("fold the log into", database, error);
        // Closing a file takes away the locks of everybody else in this process who has it open: so says POSIX. So this one is
        // closed after all connections are.
        let file = File::open(database).map_err(cannot_start)?;
        let db = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|db| sync_fully(&db).map(|()| db))
            .map_err(|error| refused(database, error))?;
        let (calls, called) = sync_channel(1);
        let at_work = Arc::new(AtomicBool::new(false));
        let fold = {
            let at_work = Arc::clone(&at_work);
            move || fold(db, &file, &called, &at_work)
        };
        let thread = thread::Builder::new().name("store-folder".to_owned()).spawn(fold).map_err(cannot_start)?;
        Ok(Self { calls: Some(calls), at_work, thread: Some(thread) })
    }

    /// Whether it takes the call; while it is at work it does not.
    fn call(&self) -> bool {
        if self.at_work.swap(true, Ordering::AcqRel) {
            return false;
        }
        self.calls.as_ref().is_some_and(|calls| calls.try_send(()).is_ok())
    }

    fn is_at_work(&self) -> bool {
        self.at_work.load(Ordering::Acquire)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.calls.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that folds the log of the store into its database ended in a panic");
        }
    }
}

fn fold(db: Connection, file: &File, called: &Receiver<()>, at_work: &AtomicBool) {
    while called.recv().is_ok() {
        let folded = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = folded {
            // The writer comes to what is left, and says so if it cannot, either.
            tracing::debug!(%error, "the log of the store was not folded into its database");
        }
        // SQLite syncs what was folded in to the end of the log only. Without this, the writer would wait for all of it.
        if let Err(error) = file.sync_data() {
            tracing::debug!(%error, "the database of the store was not synced");
        }
        at_work.store(false, Ordering::Release);
    }
    // Before the file.
    drop(db);
}
