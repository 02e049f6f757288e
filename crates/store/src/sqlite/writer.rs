//! The one thread that writes.
//!
//! - Jobs wait in a bounded queue; when it is full, callers wait for a place, so memory stays bounded.
//! - The thread takes all that wait (up to [`MAX_BATCH`]) into one transaction, and answers them after its commit. While
//!   a commit waits for the disk the next batch gathers, so the slower the disk, the more calls share a commit.
//! - Each job runs in a savepoint of its own: one that fails is undone and answered alone. Should the transaction as a
//!   whole fail, its jobs are tried once more one by one, so that each gets its own verdict; that is why a job can run
//!   twice, and leaves nothing behind but rows.
//! - Checkpoints are this thread's too ([`Checkpoints`]). By another connection, under constant writes, they would
//!   never be complete, and the log would grow without end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::FOREIGN_LOCK;
use crate::{OpenError, StoreError};

/// Enough to gather full batches, and few enough that the last in the queue is answered soon.
const MAX_QUEUED: usize = 1024;

/// Beyond a few hundred rows a commit costs by the row, and larger batches only make the first job wait longer.
const MAX_BATCH: usize = 512;

/// A pause this long is a good time to fold the log into the database.
const IDLE: Duration = Duration::from_secs(1);

/// The log is folded in and cut, by force, when it is longer. Less makes for a lower rate, more for a slower start.
const MAX_LOG_BYTES: u64 = 64 * 1024 * 1024;

/// How long a forced checkpoint waits for readers while writers wait for it.
const READER_PATIENCE: Duration = Duration::from_millis(50);

/// Counts since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calls that changed something or tried to, and were answered.
    pub writes: u64,
    /// Commits that answered them: fewer than the writes when those came at once.
    pub commits: u64,
}

#[derive(Debug, Default)]
struct Counters {
    writes: AtomicU64,
    commits: AtomicU64,
}

/// The handle of the thread. Dropping it lets the thread finish what is queued, and waits for that.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while it is dropped.
    queue: Option<Sender<Queued>>,
    /// The bound of the queue: a permit is a place in it. The queue itself has none, because a thread can wait for a
    /// while on a plain channel only, and a task only on a permit.
    places: Arc<Semaphore>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Queued {
    job: Box<dyn Job>,
    _place: OwnedSemaphorePermit,
}

impl Writer {
    pub(super) fn start(db: Connection, path: &Path) -> Result<Self, OpenError> {
        let (queue, jobs) = channel();
        let counters = Arc::new(Counters::default());
        let write = {
            let (counters, checkpoints) = (Arc::clone(&counters), Checkpoints::of(path));
            move || run(db, &jobs, &counters, checkpoints)
        };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(write)
            .map_err(|error| OpenError::unusable("start the writer of", path, error))?;
        let places = Arc::new(Semaphore::new(MAX_QUEUED));
        Ok(Self { queue: Some(queue), places, counters, thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and answers what it answered once that is durable. `work` may run twice.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_then(work, |_| {}).await
    }

    /// The same, with something quick to do between the commit and the answer, by one call after the other in the order
    /// in which they ran.
    pub(super) async fn write_then<T, F, D>(&self, work: F, done: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(&mut T) + Send + 'static,
    {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Call { work, done, reply, result: None });
        let Some(queue) = &self.queue else { return Err(StoreError::Stopped) };
        queue.send(Queued { job, _place: place }).map_err(|_| StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            writes: self.counters.writes.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer of the store ended in a panic; calls it had not answered were not carried out");
        }
    }
}

/// A call, with the type of its answer hidden.
trait Job: Send + std::fmt::Debug {
    /// Runs the work, keeps its answer, and tells whether it is a good one.
    fn run(&mut self, db: &Connection) -> bool;
    /// Hands out the kept answer, or the error that undid it.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Call<T, F, D> {
    work: F,
    done: D,
    reply: oneshot::Sender<Result<T, StoreError>>,
    result: Option<Result<T, StoreError>>,
}

impl<T, F, D> std::fmt::Debug for Call<T, F, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<T, F, D> Job for Call<T, F, D>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, StoreError> + Send,
    D: FnOnce(&mut T) + Send,
{
    fn run(&mut self, db: &Connection) -> bool {
        self.result.insert((self.work)(db)).is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        // A job that failed has its own error, whatever became of the others.
        let result = match (committed, self.result) {
            (_, Some(Err(error))) | (Err(error), _) => Err(error),
            (Ok(()), Some(Ok(mut value))) => {
                (self.done)(&mut value);
                Ok(value)
            }
            (Ok(()), None) => Err(StoreError::Stopped),
        };
        // Nobody waits any more if the caller went away; the change is made all the same.
        let _ = self.reply.send(result);
    }
}

fn run(mut db: Connection, queue: &Receiver<Queued>, counters: &Counters, mut checkpoints: Checkpoints) {
    loop {
        let first = match queue.recv_timeout(IDLE) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                checkpoints.when_idle(&db);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let jobs =
            std::iter::once(first).chain(queue.try_iter().take(MAX_BATCH - 1)).map(|queued| queued.job).collect();
        write(&mut db, jobs, counters);
        checkpoints.after_commit(&db);
    }
}

fn write(db: &mut Connection, mut jobs: Vec<Box<dyn Job>>, counters: &Counters) {
    let together = commit(db, &mut jobs, counters);
    let alone = together.is_err() && jobs.len() > 1;
    for mut job in jobs {
        let committed = if alone { commit(db, std::slice::from_mut(&mut job), counters) } else { clone(&together) };
        counters.writes.fetch_add(1, Ordering::Relaxed);
        job.answer(committed);
    }
}

fn clone(committed: &Result<(), StoreError>) -> Result<(), StoreError> {
    committed.as_ref().map_err(Clone::clone).copied()
}

/// Runs jobs in one transaction. An error means that none of them happened.
fn commit(db: &mut Connection, jobs: &mut [Box<dyn Job>], counters: &Counters) -> Result<(), StoreError> {
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        let savepoint = transaction.savepoint()?;
        // A savepoint that is finished without a commit is undone. When SQLite gave up the whole transaction with the
        // job (it may, when the disk fails), there is no savepoint left to finish, and this answers an error.
        if job.run(&savepoint) { savepoint.commit()? } else { savepoint.finish()? }
    }
    transaction.commit()?;
    counters.commits.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// When the log is folded into the database.
struct Checkpoints {
    log: PathBuf,
    /// Whether the log may hold something that the database does not.
    behind: bool,
    /// The length of the log that calls for force. Put off when a reader was in the way, lest every commit waits for it.
    force_at_bytes: u64,
    /// Whether the last one failed, so that a disk that stays broken is one line in the log file and not thousands.
    failing: bool,
}

impl Checkpoints {
    fn of(database: &Path) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        // What an earlier run left behind counts as well.
        Self { log: PathBuf::from(log), behind: true, force_at_bytes: MAX_LOG_BYTES, failing: false }
    }

    /// Folds in what is possible without waiting for anybody.
    fn when_idle(&mut self, db: &Connection) {
        if self.behind && self.checkpoint(db, "PRAGMA wal_checkpoint(PASSIVE)") {
            self.behind = false;
        }
    }

    /// Cuts a log that has grown too long.
    fn after_commit(&mut self, db: &Connection) {
        self.behind = true;
        let bytes = fs::metadata(&self.log).map_or(0, |log| log.len());
        if bytes < self.force_at_bytes {
            return;
        }
        let patient = db.busy_timeout(READER_PATIENCE);
        let cut = self.checkpoint(db, "PRAGMA wal_checkpoint(TRUNCATE)");
        self.force_at_bytes = if cut { MAX_LOG_BYTES } else { bytes + MAX_LOG_BYTES };
        if let Err(error) = patient.and_then(|()| db.busy_timeout(FOREIGN_LOCK)) {
            tracing::warn!(%error, "the store cannot set how long it waits for readers");
        }
    }

    /// Whether the log is now folded in to its end.
    fn checkpoint(&mut self, db: &Connection, statement: &str) -> bool {
        let done = db.query_row(statement, [], |row| {
            let (busy, in_log, folded): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(!busy && in_log == folded)
        });
        match done {
            Ok(done) => {
                self.failing = false;
                done
            }
            Err(error) => {
                if !self.failing {
                    tracing::warn!(%error, "the log of the store cannot be folded into its database; it is tried again");
                }
                self.failing = true;
                false
            }
        }
    }
}
