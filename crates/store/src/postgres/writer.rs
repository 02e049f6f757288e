//! The one task that writes app context.
//!
//! - It takes all commands that wait (up to [`MAX_BATCH`]) into one transaction, reads at once what they need, lets them
//!   change it in memory one after the other, writes at once what came of it, commits, and answers. While a commit waits
//!   for the disk the next batch gathers.
//! - It holds the row of `commits` from its first statement on, so the numbers of events have the order of commits.
//! - Should the transaction fail, its commands are tried once more one by one, so that each gets its own verdict.
//! - Should the connection be lost while it commits, it asks on the next one what became of the transaction, and answers
//!   accordingly. While the database stays away nobody knows; its events are told later if it happened.
//! - Between batches it fills indexes of entries of `custom` ([`custom_index`]).

use std::time::Duration;

use deadpool_postgres::Object;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, error::Elapsed, sleep_until, timeout};
use wire::SubscribeKey;
use wire::context::Kind;

use super::batch::{self, Spaces};
use super::link::{Doubt, Link, is_refusal, lose};
use super::overlay::{Needs, Overlay, Writing};
use super::{PATIENCE, custom_index};
use crate::context::entry_index::Lacking;
use crate::context::outbox;
use crate::context::rows::damaged;
use crate::{Numbered, StoreError};

/// Enough to gather full batches, and few enough that the last in the queue is answered soon.
const MAX_QUEUED: usize = 1024;

/// Beyond a few hundred rows a commit costs by the row, and larger batches only make the first command wait longer.
const MAX_BATCH: usize = 256;

/// How often commands are tried while connections are lost under them.
const TRIES: usize = 3;

/// A transaction that takes longer is taken for lost. The fullest batch there can be takes a part of it.
const TRANSACTION: Duration = Duration::from_secs(60);

/// How long to wait before a database that is away is asked again what became of a transaction.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// How long to wait before an index is filled further when that has failed.
const FILL_AGAIN: Duration = Duration::from_secs(2);

/// The handle of the task, which ends when this is dropped and the queue is empty.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Sender<Queued>,
}

#[derive(Debug)]
enum Queued {
    Command(Box<dyn Job>),
    Events(oneshot::Sender<Result<UnboundedReceiver<Numbered>, StoreError>>),
    Index(SubscribeKey, Kind, Lacking),
}

impl Writer {
    /// `link` is for this task alone.
    pub(super) fn start(link: Link) -> Self {
        let (queue, jobs) = channel(MAX_QUEUED);
        // What an earlier run left unfinished is finished.
        let fill_at = Some(Instant::now());
        let work = Work { link, doubt: None, spaces: Spaces::default(), reader: None, fill_at };
        tokio::spawn(work.run(jobs));
        Self { queue }
    }

    /// Runs a command in a transaction, and answers what it answered once that is durable. It may run twice.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        key: SubscribeKey,
        needs: Needs,
        work: impl Fn(&mut Writing<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Call { key, needs, work, reply, result: None });
        self.queue.send(Queued::Command(job)).await.map_err(|_| StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Has an index made for an entry of `custom`, sometime. It is passed over when the queue is full.
    pub(super) fn order_index(&self, key: SubscribeKey, kind: Kind, index: Lacking) {
        let _ = self.queue.try_send(Queued::Index(key, kind, index));
    }

    pub(super) async fn events(&self) -> Result<UnboundedReceiver<Numbered>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Queued::Events(reply)).await.map_err(|_| StoreError::Stopped)?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }
}

/// A command, with the type of its answer hidden.
trait Job: Send + std::fmt::Debug {
    fn needs(&self) -> &Needs;
    fn run(&mut self, overlay: &mut Overlay) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Call<T, F> {
    key: SubscribeKey,
    needs: Needs,
    work: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
    result: Option<T>,
}

impl<T, F> std::fmt::Debug for Call<T, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: Fn(&mut Writing<'_>) -> Result<T, StoreError> + Send,
{
    fn needs(&self) -> &Needs {
        &self.needs
    }

    fn run(&mut self, overlay: &mut Overlay) -> Result<(), StoreError> {
        self.result = Some((self.work)(&mut Writing { overlay, key: &self.key })?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { reply, result, .. } = *self;
        let result = committed.and_then(|()| result.ok_or(StoreError::Stopped));
        // Nobody waits any more if the caller went away; the change is made all the same.
        let _ = reply.send(result);
    }
}

struct Work {
    link: Link,
    /// The last transaction, if it is not known what became of it.
    doubt: Option<Doubt>,
    spaces: Spaces,
    reader: Option<UnboundedSender<Numbered>>,
    /// When the next part of an index is filled in; none while there is nothing to fill.
    fill_at: Option<Instant>,
}

impl Work {
    async fn run(mut self, mut queue: Receiver<Queued>) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        loop {
            let fill_at = self.fill_at;
            let received = tokio::select! {
                biased;
                received = queue.recv_many(&mut batch, MAX_BATCH) => received,
                () = tokio::time::sleep(ASK_AGAIN), if self.doubt.is_some() => {
                    // While the database stays away there is nothing new to say.
                    let _ = self.settle().await;
                    continue;
                }
                () = sleep_until(fill_at.unwrap_or_else(Instant::now)), if fill_at.is_some() => {
                    self.fill(true).await;
                    continue;
                }
            };
            if received == 0 {
                return;
            }
            let (mut jobs, mut readers, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
            for queued in batch.drain(..) {
                match queued {
                    Queued::Command(job) => jobs.push(job),
                    Queued::Events(reader) => readers.push(reader),
                    Queued::Index(key, kind, index) => indexes.push((key, kind, index)),
                }
            }
            if !jobs.is_empty() {
                self.write(jobs).await;
            }
            for reader in readers {
                let _ = reader.send(self.new_reader().await);
            }
            // Several lists may have asked for one before it was there.
            indexes.dedup();
            for (key, kind, index) in indexes {
                self.order_index(&key, kind, &index).await;
            }
            if self.fill_at.is_some_and(|at| at <= Instant::now()) {
                self.fill(false).await;
            }
        }
    }

    async fn order_index(&mut self, key: &SubscribeKey, kind: Kind, index: &Lacking) {
        let Ok(db) = self.connection().await else { return };
        let made = timeout(TRANSACTION, custom_index::order(&db, key, kind, index)).await;
        match self.give_back(db, made) {
            Ok(true) => self.fill_at = Some(Instant::now()),
            Ok(false) => {}
            Err(error) => {
                tracing::debug!(%error, "an index of custom data may not have been made");
                // If it was not, whoever lists next asks again.
                self.fill_at = Some(Instant::now() + FILL_AGAIN);
            }
        }
    }

    /// Fills in a part of an index.
    async fn fill(&mut self, idle: bool) {
        let filled = match self.connection().await {
            Ok(db) => {
                let filled = timeout(TRANSACTION, custom_index::fill(&db, idle)).await;
                self.give_back(db, filled)
            }
            Err(error) => Err(error),
        };
        self.fill_at = match filled {
            Ok(true) => Some(Instant::now()),
            Ok(false) => None,
            Err(error) => {
                tracing::warn!(%error, "an index of custom data cannot be filled; it is tried again");
                Some(Instant::now() + FILL_AGAIN)
            }
        };
    }

    /// The connection, when nothing is in doubt.
    async fn connection(&mut self) -> Result<Object, StoreError> {
        if self.doubt.is_some() {
            self.settle().await?;
        }
        self.link.take().await
    }

    /// Keeps it after something that was done whole.
    fn give_back<T>(&mut self, db: Object, done: Result<Result<T, StoreError>, Elapsed>) -> Result<T, StoreError> {
        let done = done.unwrap_or(Err(StoreError::Slow));
        match &done {
            Ok(_) => self.link.keep(db),
            Err(_) => lose(db),
        }
        done
    }

    async fn write(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let together = self.commit_surely(&mut jobs).await;
        // A database that is away would be waited for by each.
        let alone = matches!(&together, Err(Failure::Refused(_))) && jobs.len() > 1;
        for mut job in jobs {
            let committed = match alone {
                true => self.commit_surely(std::slice::from_mut(&mut job)).await,
                false => together.clone(),
            };
            job.answer(committed.map_err(Failure::into_error));
        }
    }

    /// Runs commands in one transaction. Should the connection be lost, finds out what became of them, and tries again if
    /// that is nothing: most often the database was started anew, or a firewall forgot about an idle connection.
    async fn commit_surely(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        if self.doubt.is_some() {
            self.settle().await.map_err(Failure::Away)?;
        }
        for _ in 1..TRIES {
            match self.commit(jobs).await {
                Err(Failure::Lost(_)) => {}
                answer => return answer,
            }
            match self.settle().await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(_) if self.doubt.is_some() => return Err(Failure::Away(StoreError::InDoubt)),
                Err(error) => return Err(Failure::Away(error)),
            }
        }
        match self.commit(jobs).await {
            Err(Failure::Lost(_)) if self.doubt.is_some() => Err(Failure::Away(StoreError::InDoubt)),
            answer => answer,
        }
    }

    /// Connects again if need be, and learns whether the transaction in doubt happened. If so, its events go out.
    async fn settle(&mut self) -> Result<bool, StoreError> {
        let db = self.link.take().await?;
        let happened = match &self.doubt {
            Some(doubt) => doubt.happened(&db).await,
            None => Ok(false),
        };
        match happened {
            Ok(happened) => {
                self.link.keep(db);
                let doubt = self.doubt.take().filter(|_| happened);
                self.send(doubt.map(|doubt| doubt.events).unwrap_or_default());
                Ok(happened)
            }
            Err(error) => {
                lose(db);
                Err(error)
            }
        }
    }

    /// Runs commands in one transaction, and sends their events.
    async fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        let db = self.link.take().await.map_err(Failure::Away)?;
        let done = timeout(TRANSACTION, self.transaction(&db, jobs)).await;
        let error = match done {
            Ok(Ok(events)) => {
                self.link.keep(db);
                self.send(events);
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => {
                lose(db);
                return Err(Failure::Lost(StoreError::Slow));
            }
        };
        // Whether the connection is still good shows when it is used.
        let rolled_back = timeout(PATIENCE, db.batch_execute("ROLLBACK")).await;
        if self.doubt.is_none() && matches!(rolled_back, Ok(Ok(()))) {
            self.link.keep(db);
            Err(Failure::Refused(error))
        } else {
            lose(db);
            Err(Failure::Lost(error))
        }
    }

    async fn transaction(&mut self, db: &Object, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Numbered>, StoreError> {
        let mut needs = Needs::default();
        jobs.iter().for_each(|job| needs.add(job.needs()));
        self.spaces.find(db, &needs).await?;
        let (mut overlay, transaction) = batch::read(db, &self.spaces, &needs).await?;
        jobs.iter_mut().try_for_each(|job| job.run(&mut overlay))?;
        batch::flush(db, &self.spaces, &overlay).await?;
        // From here on until the answer nobody but the database knows.
        let Overlay { events, last, .. } = overlay;
        let doubt = self.doubt.insert(Doubt { transaction, last, events });
        match db.batch_execute("COMMIT").await {
            Ok(()) => {
                let events = std::mem::take(&mut doubt.events);
                self.doubt = None;
                Ok(events)
            }
            Err(error) => {
                if is_refusal(&error) {
                    self.doubt = None;
                }
                Err(error.into())
            }
        }
    }

    fn send(&mut self, events: Vec<Numbered>) {
        let Some(reader) = &self.reader else { return };
        if events.into_iter().any(|event| reader.send(event).is_err()) {
            // They are kept, and the next reader begins with them.
            self.reader = None;
        }
    }

    async fn new_reader(&mut self) -> Result<UnboundedReceiver<Numbered>, StoreError> {
        let db = self.connection().await?;
        let (sender, receiver) = unbounded_channel();
        let select = "SELECT sequence, subscribe_key, event FROM outbox ORDER BY sequence";
        let rows = timeout(TRANSACTION, async { Ok(db.query(select, &[]).await?) }).await;
        for row in self.give_back(db, rows)? {
            let event = Numbered {
                number: row.try_get::<_, i64>(0)?.unsigned_abs(),
                key: SubscribeKey::new(row.try_get::<_, &str>(1)?).map_err(damaged)?,
                event: outbox::event(row.try_get(2)?)?,
            };
            let _ = sender.send(event);
        }
        self.reader = Some(sender);
        Ok(receiver)
    }
}

/// Why commands were not done, or may not have been.
#[derive(Clone, Debug)]
enum Failure {
    /// There is no connection, and none to be had.
    Away(StoreError),
    /// The connection was lost.
    Lost(StoreError),
    /// The database refused, and can be asked again.
    Refused(StoreError),
}

impl Failure {
    fn into_error(self) -> StoreError {
        match self {
            Self::Away(error) | Self::Lost(error) | Self::Refused(error) => error,
        }
    }
}
