//! The one task that writes app context.
//!
//! - It takes all commands that wait (up to [`MAX_BATCH`]) into one transaction, reads at once what they need, lets them
//!   change it in memory one after the other, writes at once what came of it, commits, and answers. While a commit waits
//!   for the disk the next batch gathers.
//! - It holds the row of `commits` from its first statement on, so the numbers of events have the order of commits.
//! - Should the transaction fail, its commands are tried once more one by one, so that each gets its own verdict.
//! - Should the connection be lost while it commits, it asks on the next one what became of the transaction, and answers
//!   accordingly. While the database stays away nobody knows; its events are told later if it happened.
//! - Statements of a transaction are sent without waiting for each other's answers: a round trip a statement would cost
//!   more than the statements do.

use std::collections::HashMap;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use wire::SubscribeKey;
use wire::context::Kind;

use super::PATIENCE;
use super::link::{Doubt, Link, is_refusal, lose};
use super::overlay::{MembershipPlace, Needs, Overlay, RecordPlace, Writing};
use super::put::{Values, membership_values, put_membership, put_record, record_values};
use crate::context::list::MEMBERSHIPS;
use crate::context::outbox;
use crate::context::rows::{self, damaged, id_key, membership_columns, record_columns};
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

/// The handle of the task, which ends when this is dropped and the queue is empty.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Sender<Queued>,
}

#[derive(Debug)]
enum Queued {
    Command(Box<dyn Job>),
    Events(oneshot::Sender<Result<UnboundedReceiver<Numbered>, StoreError>>),
}

impl Writer {
    /// `link` is for this task alone.
    pub(super) fn start(link: Link) -> Self {
        let (queue, jobs) = channel(MAX_QUEUED);
        let work = Work { link, doubt: None, spaces: HashMap::new(), reader: None };
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
    /// The numbers of spaces, which never change.
    spaces: HashMap<(SubscribeKey, &'static str), i64>,
    reader: Option<UnboundedSender<Numbered>>,
}

impl Work {
    async fn run(mut self, mut queue: Receiver<Queued>) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        loop {
            let received = tokio::select! {
                received = queue.recv_many(&mut batch, MAX_BATCH) => received,
                () = tokio::time::sleep(ASK_AGAIN), if self.doubt.is_some() => {
                    // While the database stays away there is nothing new to say.
                    let _ = self.settle().await;
                    continue;
                }
            };
            if received == 0 {
                return;
            }
            let (mut jobs, mut readers) = (Vec::new(), Vec::new());
            for queued in batch.drain(..) {
                match queued {
                    Queued::Command(job) => jobs.push(job),
                    Queued::Events(reader) => readers.push(reader),
                }
            }
            if !jobs.is_empty() {
                self.write(jobs).await;
            }
            for reader in readers {
                let _ = reader.send(self.new_reader().await);
            }
        }
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
        let done = tokio::time::timeout(TRANSACTION, self.transaction(&db, jobs)).await;
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
        let rolled_back = tokio::time::timeout(PATIENCE, db.batch_execute("ROLLBACK")).await;
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
        self.find_spaces(db, &needs).await?;
        let (mut overlay, transaction) = self.read(db, &needs).await?;
        jobs.iter_mut().try_for_each(|job| job.run(&mut overlay))?;
        self.flush(db, &overlay).await?;
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
        if self.doubt.is_some() {
            self.settle().await?;
        }
        let db = self.link.take().await?;
        let (sender, receiver) = unbounded_channel();
        let select = "SELECT sequence, subscribe_key, event FROM outbox ORDER BY sequence";
        let rows = tokio::time::timeout(TRANSACTION, db.query(select, &[])).await;
        match &rows {
            Ok(Ok(_)) => self.link.keep(db),
            Ok(Err(_)) | Err(_) => lose(db),
        }
        for row in rows.map_err(|_| StoreError::Slow)?? {
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

    /// Looks up spaces that were not met before, in a transaction of their own: what is remembered must stay true.
    async fn find_spaces(&mut self, db: &Object, needs: &Needs) -> Result<(), StoreError> {
        let records = needs.records.iter().map(|(key, kind, _)| (key, kind.as_str()));
        let owners = needs.owners.iter().map(|(key, ..)| (key, MEMBERSHIPS));
        let memberships = needs.memberships.iter().map(|(key, ..)| (key, MEMBERSHIPS));
        for (key, kind) in records.chain(owners).chain(memberships) {
            let place = (key.clone(), kind);
            if self.spaces.contains_key(&place) {
                continue;
            }
            let insert = "INSERT INTO spaces (subscribe_key, kind) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            db.execute(insert, &[&key.as_str(), &kind]).await?;
            let select = "SELECT space FROM spaces WHERE subscribe_key = $1 AND kind = $2";
            let space = db.query_one(select, &[&key.as_str(), &kind]).await?.try_get(0)?;
            self.spaces.insert(place, space);
        }
        Ok(())
    }

    fn space(&self, key: &SubscribeKey, kind: &'static str) -> i64 {
        // No space has the number 0; all that are asked for were found before.
        self.spaces.get(&(key.clone(), kind)).copied().unwrap_or_default()
    }

    /// Begins the transaction, waits for its turn, and reads. Answers the id of the transaction as well.
    async fn read(&self, db: &Object, needs: &Needs) -> Result<(Overlay, String), StoreError> {
        let lock = db.prepare_cached("SELECT last, pg_current_xact_id()::text FROM commits FOR UPDATE").await?;
        let text = format!(
            "SELECT {} FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS n (space, id_key, ord)
             JOIN records r ON r.space = n.space AND r.id_key = n.id_key",
            record_columns("r.") + ", n.ord"
        );
        let records = db.prepare_cached(&text).await?;
        let text = format!(
            "SELECT {} FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS n (space, user_key, channel_key, ord)
             JOIN memberships m ON m.space = n.space AND m.user_key = n.user_key AND m.channel_key = n.channel_key",
            membership_columns("m.") + ", n.ord"
        );
        let memberships = db.prepare_cached(&text).await?;
        let of_users = db
            .prepare_cached(
                "SELECT m.channel_id, n.ord FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS n (space, key, ord)
                 JOIN memberships m ON m.space = n.space AND m.user_key = n.key",
            )
            .await?;
        let of_channels = db
            .prepare_cached(
                "SELECT m.user_id, n.ord FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS n (space, key, ord)
                 JOIN memberships m ON m.space = n.space AND m.channel_key = n.key",
            )
            .await?;

        let record_places: Vec<&RecordPlace> = needs.records.iter().collect();
        let membership_places: Vec<&MembershipPlace> = needs.memberships.iter().collect();
        let (users, channels): (Vec<&RecordPlace>, Vec<&RecordPlace>) =
            needs.owners.iter().partition(|(_, kind, _)| *kind == Kind::User);
        let record_spaces: Vec<i64> =
            record_places.iter().map(|(key, kind, _)| self.space(key, kind.as_str())).collect();
        let record_keys: Vec<Vec<u8>> = record_places.iter().map(|(_, _, id)| id_key(id)).collect();
        let spaces: Vec<i64> = membership_places.iter().map(|(key, ..)| self.space(key, MEMBERSHIPS)).collect();
        let user_keys: Vec<Vec<u8>> = membership_places.iter().map(|(_, user, _)| id_key(user)).collect();
        let channel_keys: Vec<Vec<u8>> = membership_places.iter().map(|(_, _, channel)| id_key(channel)).collect();
        let of = |places: &[&RecordPlace]| -> (Vec<i64>, Vec<Vec<u8>>) {
            places.iter().map(|(key, _, id)| (self.space(key, MEMBERSHIPS), id_key(id))).unzip()
        };
        let (user_owners, channel_owners) = (of(&users), of(&channels));

        let record_values: [&(dyn ToSql + Sync); 2] = [&record_spaces, &record_keys];
        let membership_values: [&(dyn ToSql + Sync); 3] = [&spaces, &user_keys, &channel_keys];
        let user_values: [&(dyn ToSql + Sync); 2] = [&user_owners.0, &user_owners.1];
        let channel_values: [&(dyn ToSql + Sync); 2] = [&channel_owners.0, &channel_owners.1];
        // Sent in this order; each sees what was committed before it began, and the second waits for its turn.
        let (_, last, records, memberships, of_users, of_channels) = tokio::try_join!(
            biased;
            db.batch_execute("BEGIN"),
            db.query_one(&lock, &[]),
            db.query(&records, &record_values),
            db.query(&memberships, &membership_values),
            db.query(&of_users, &user_values),
            db.query(&of_channels, &channel_values),
        )?;

        let transaction = last.try_get(1)?;
        let mut overlay = Overlay { last: last.try_get::<_, i64>(0)?.unsigned_abs(), ..Overlay::default() };
        overlay.records = needs.records.iter().map(|place| (place.clone(), None)).collect();
        overlay.memberships = needs.memberships.iter().map(|place| (place.clone(), None)).collect();
        overlay.others = needs.owners.iter().map(|place| (place.clone(), Default::default())).collect();
        for row in &records {
            overlay.records.insert(nth(&record_places, row)?, rows::record(row, 0)?);
        }
        for row in &memberships {
            overlay.memberships.insert(nth(&membership_places, row)?, Some(rows::membership(row, 0)?));
        }
        for (places, rows) in [(&users, &of_users), (&channels, &of_channels)] {
            for row in rows {
                let other = rows::id(row, 0)?;
                overlay.others.entry(nth(places, row)?).or_default().insert(id_key(&other), other);
            }
        }
        Ok((overlay, transaction))
    }

    /// Writes what the commands left.
    async fn flush(&self, db: &Object, overlay: &Overlay) -> Result<(), StoreError> {
        let put_record = put_record(db).await?;
        let remove_record = db.prepare_cached("DELETE FROM records WHERE space = $1 AND id_key = $2").await?;
        let put_membership = put_membership(db).await?;
        let remove_membership = db
            .prepare_cached("DELETE FROM memberships WHERE space = $1 AND user_key = $2 AND channel_key = $3")
            .await?;
        let grow = db.prepare_cached("UPDATE spaces SET records = records + $2 WHERE space = $1").await?;
        let put_events = db
            .prepare_cached("INSERT INTO outbox (sequence, subscribe_key, event) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])")
            .await?;
        let note_last = db.prepare_cached("UPDATE commits SET last = $1").await?;

        let mut statements: Vec<(&Statement, Values)> = Vec::new();
        for place in &overlay.changed_records {
            let (key, kind, id) = place;
            let space = self.space(key, kind.as_str());
            match overlay.records.get(place) {
                Some(Some(record)) => statements.push((&put_record, record_values(space, record))),
                _ => statements.push((&remove_record, vec![Box::new(space), Box::new(id_key(id))])),
            }
        }
        for place in &overlay.changed_memberships {
            let (key, user, channel) = place;
            let space = self.space(key, MEMBERSHIPS);
            match overlay.memberships.get(place) {
                Some(Some(membership)) => statements.push((&put_membership, membership_values(space, membership))),
                _ => statements.push((
                    &remove_membership,
                    vec![Box::new(space), Box::new(id_key(user)), Box::new(id_key(channel))],
                )),
            }
        }
        for ((key, kind), more) in overlay.growth.iter().filter(|(_, more)| **more != 0) {
            statements.push((&grow, vec![Box::new(self.space(key, kind.as_str())), Box::new(*more)]));
        }
        if !overlay.events.is_empty() {
            let numbers: Vec<i64> = overlay.events.iter().map(|event| event.number.cast_signed()).collect();
            let keys: Vec<String> = overlay.events.iter().map(|event| event.key.as_str().to_owned()).collect();
            let texts = overlay.events.iter().map(|event| outbox::text(&event.event));
            let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
            statements.push((&put_events, vec![Box::new(numbers), Box::new(keys), Box::new(texts)]));
            statements.push((&note_last, vec![Box::new(overlay.last.cast_signed())]));
        }
        let calls = statements.iter().map(|(statement, values)| async move {
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
            db.execute(*statement, &values).await
        });
        Ok(together(calls).await?)
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

/// The place that the row answers, whose number from 1 on is the row's last column.
fn nth<P: Clone>(places: &[&P], row: &Row) -> Result<P, StoreError> {
    let number: i64 = row.try_get(row.len() - 1)?;
    let place = usize::try_from(number - 1).ok().and_then(|at| places.get(at));
    place.map(|place| (*place).clone()).ok_or_else(|| damaged("a row that nobody asked for"))
}

/// Awaits all, having begun each before waiting for any.
async fn together<T, E>(calls: impl Iterator<Item = impl Future<Output = Result<T, E>>>) -> Result<(), E> {
    let mut calls: Vec<_> = calls.map(|call| Some(Box::pin(call))).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for call in &mut calls {
            let Some(running) = call else { continue };
            match running.as_mut().poll(context) {
                std::task::Poll::Ready(Ok(_)) => *call = None,
                std::task::Poll::Ready(Err(error)) => return std::task::Poll::Ready(Err(error)),
                std::task::Poll::Pending => waiting = true,
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(Ok(())) }
    })
    .await
}
