//! The one thread that writes.
//!
//! - Jobs wait in a bounded queue; when it is full, callers wait for a place, so memory stays bounded.
//! - The thread takes all that wait (up to [`MAX_BATCH`]) into one transaction, and answers them after its commit. While
//!   a commit waits for the disk the next batch gathers, so the slower the disk, the more calls share a commit.
//! - Should a job fail, or the transaction as a whole, all of it is undone and its jobs are tried once more one by one, so
//!   that each gets its own verdict; that is why a job can run twice, and leaves nothing behind but rows and what
//!   [`Memory`] forgets with them. A savepoint for each job would keep a copy of every page that a job changes, to be
//!   thrown away a moment later, for failures that come once in the life of a disk.
//! - Between batches it does what nobody waits for: folds the log in ([`Log`]), fills indexes ([`custom_index`]).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::custom_index;
use super::log::Log;
use super::memory::Memory;
use crate::{OpenError, StoreError};

/// Enough to gather full batches, and few enough that the last in the queue is answered soon.
const MAX_QUEUED: usize = 1024;

/// Beyond a few hundred rows a commit costs by the row, and larger batches only make the first job wait longer.
const MAX_BATCH: usize = 512;

/// A pause this long is a good time to fold the log into the database.
const IDLE: Duration = Duration::from_secs(1);

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
        let log = Log::of(path, &db)?;
        let write = {
            let counters = Arc::clone(&counters);
            move || Work { db, memory: Memory::default(), counters, log }.run(&jobs)
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
        self.write_then(move |db, _| work(db), |_| {}).await
    }

    /// The same with what the writer remembers, and with something quick to do between the commit and its first answer, by one
    /// call after the other in the order in which they ran.
    pub(super) async fn write_then<T, F, D>(&self, work: F, done: D) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection, &mut Memory) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(&mut T) + Send + 'static,
    {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Call { work, done: Some(done), reply, result: None });
        let Some(queue) = &self.queue else { return Err(StoreError::Stopped) };
        queue.send(Queued { job, _place: place }).map_err(|_| StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Has something done for which nobody waits. It is passed over when the queue is full.
    pub(super) fn order<F>(&self, work: F)
    where
        F: Fn(&Connection, &mut Memory) -> Result<(), StoreError> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let (reply, _) = oneshot::channel();
        let job = Box::new(Call { work, done: Some(|_: &mut ()| {}), reply, result: None });
        if let Some(queue) = &self.queue {
            // The thread is gone only when the store is.
            let _ = queue.send(Queued { job, _place: place });
        }
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
    /// Runs the work, and keeps its answer.
    fn run(&mut self, db: &Connection, memory: &mut Memory) -> Result<(), StoreError>;
    /// Does what is to be done before anybody hears of the commit.
    fn tell(&mut self);
    /// Hands out the kept answer, or the error that undid it.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Call<T, F, D> {
    work: F,
    /// `None` once it was done.
    done: Option<D>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    result: Option<T>,
}

impl<T, F, D> std::fmt::Debug for Call<T, F, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<T, F, D> Job for Call<T, F, D>
where
    T: Send,
    F: Fn(&Connection, &mut Memory) -> Result<T, StoreError> + Send,
    D: FnOnce(&mut T) + Send,
{
    fn run(&mut self, db: &Connection, memory: &mut Memory) -> Result<(), StoreError> {
        self.result = Some((self.work)(db, memory)?);
        Ok(())
    }

    fn tell(&mut self) {
        if let (Some(done), Some(value)) = (self.done.take(), &mut self.result) {
            done(value);
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { reply, result, .. } = *self;
        // Nobody waits any more if the caller went away; the change is made all the same.
        let _ = reply.send(committed.and_then(|()| result.ok_or(StoreError::Stopped)));
    }
}

/// What the thread has.
struct Work {
    db: Connection,
    memory: Memory,
    counters: Arc<Counters>,
    log: Log,
}

impl Work {
    fn run(mut self, queue: &Receiver<Queued>) {
        // What an earlier run left unfinished is finished.
        let mut filling = true;
        loop {
            let pause = if filling { Duration::ZERO } else { IDLE };
            let mut idle = false;
            match queue.recv_timeout(pause) {
                Ok(first) => {
                    let more = queue.try_iter().take(MAX_BATCH - 1);
                    self.write(std::iter::once(first).chain(more).map(|queued| queued.job).collect());
                    self.log.after_commit(&self.db);
                    filling |= self.memory.takes_order();
                }
                Err(RecvTimeoutError::Timeout) if !filling => self.log.when_idle(&self.db),
                Err(RecvTimeoutError::Timeout) => idle = true,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if filling {
                filling = custom_index::fill(&mut self.db, idle).unwrap_or_else(|error| {
                    tracing::warn!(%error, "an index of custom data cannot be filled; it is tried again at the next start");
                    false
                });
                self.log.after_commit(&self.db);
            }
        }
    }

    fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let together = self.commit(&mut jobs);
        let alone = together.is_err() && jobs.len() > 1;
        for mut job in jobs {
            let committed = if alone { self.commit(std::slice::from_mut(&mut job)) } else { together.clone() };
            self.counters.writes.fetch_add(1, Ordering::Relaxed);
            job.answer(committed);
        }
    }

    /// Runs jobs in one transaction. An error means that none of them happened.
    fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let done = self.transaction(jobs);
        match &done {
            Ok(()) => {
                self.counters.commits.fetch_add(1, Ordering::Relaxed);
                // Of all before the first is answered: whoever publishes events takes those of a commit together, and does not
                // wake everybody who waits for his own once for each.
                for job in jobs {
                    job.tell();
                }
            }
            Err(_) => self.memory.forget(),
        }
        done
    }

    fn transaction(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        // Undone when it is dropped without a commit.
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for job in jobs {
            job.run(&transaction, &mut self.memory)?;
        }
        self.memory.flush(&transaction)?;
        Ok(transaction.commit()?)
    }
}
