//! App context in SQLite.

use std::sync::{Arc, Mutex, PoisonError};

use engine::context::{List, Manage, Managed, Query, Refused, Remove, Removed, Row as Listed, Set, Written};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wire::context::{Joined, Kind, Moment, Page, Record};
use wire::{RecordId, SubscribeKey};

use super::memory::Memory;
use super::tables::Writing;
use super::{Sqlite, custom_index, lists, order_index};
use crate::context::apply;
use crate::context::entry_index::Lacking;
use crate::context::outbox;
use crate::context::rows::{self, MEMBERSHIP_COLUMNS, Row, id_key};
use crate::context::sql::Bound;
use crate::{Committed, Context, Numbered, Reply, StoreError};

/// Where events go after their commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Events(Arc<Mutex<Option<UnboundedSender<Numbered>>>>);

impl Events {
    fn send(&self, events: Vec<Numbered>) {
        let mut reader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = events.into_iter().any(|event| reader.as_ref().is_some_and(|reader| reader.send(event).is_err()));
        if gone {
            // They are kept, and the next reader begins with them.
            *reader = None;
        }
    }
}

impl Sqlite {
    /// Runs a command; its events go out after the commit, before the answer.
    fn command<T: Send + 'static>(
        &self,
        key: &SubscribeKey,
        work: impl Fn(&mut Writing<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<'_, T> {
        let (key, events) = (key.clone(), self.events.clone());
        let work = move |db: &Connection, memory: &mut Memory| {
            let mut tables = Writing::new(db, memory, &key);
            let answer = work(&mut tables)?;
            Ok((answer, tables.into_events()))
        };
        Box::pin(async move {
            let done = move |answer: &mut (T, Vec<Numbered>)| events.send(std::mem::take(&mut answer.1));
            Ok(self.writer.write_then(work, done).await?.0)
        })
    }

    /// Has an index made for an entry of `custom`, sometime.
    fn order_index(&self, key: &SubscribeKey, kind: Kind, index: Lacking) {
        let key = key.clone();
        self.writer.order(move |db, memory| custom_index::order(db, memory, &key, kind, &index));
    }
}

impl Context for Sqlite {
    fn record(&self, key: &SubscribeKey, kind: Kind, id: &RecordId) -> Reply<'_, Option<Record>> {
        let (key, id) = (key.clone(), id.clone());
        Box::pin(self.readers.read_short(move |db| record(db, &key, kind, &id)))
    }

    fn records(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Record>> {
        let List::Records(kind) = query.list else {
            let empty = query.page(Vec::new(), None, |item| Listed::Record(item));
            return Box::pin(async { Ok(empty) });
        };
        let (key, query) = (key.clone(), query.clone());
        Box::pin(async move {
            let (of, asked) = (key.clone(), query.clone());
            let found = self.readers.read(move |db| {
                lists::find(db, &of, &asked, |row, _| {
                    rows::record(row, 0)?.ok_or_else(|| rows::damaged("a row without an id"))
                })
            });
            let found = found.await?;
            if let Some(index) = found.lacks_index {
                self.order_index(&key, kind, index);
            }
            if let Some(index) = found.lacks_order {
                self.writer.order(move |db, _| order_index::make(db, index));
            }
            Ok(query.page(found.rows, found.total, |item| Listed::Record(item)))
        })
    }

    fn memberships(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Joined>> {
        let (key, query) = (key.clone(), query.clone());
        Box::pin(self.readers.read(move |db| {
            let List::Memberships { owner, .. } = query.list else {
                return Ok(query.page(Vec::new(), None, |item| Listed::membership(item, Kind::Channel)));
            };
            let found = lists::find(db, &key, &query, |row, joins| {
                let record = if joins { rows::record(row, MEMBERSHIP_COLUMNS)? } else { None };
                Ok(Joined { membership: rows::membership(row, 0)?, record })
            })?;
            Ok(query.page(found.rows, found.total, |item| Listed::membership(item, owner.other())))
        }))
    }

    fn set(&self, key: &SubscribeKey, set: Set, now: Moment) -> Reply<'_, Committed<Result<Written, Refused>>> {
        self.command(key, move |tables| apply::set(tables, &set, now))
    }

    fn set_many(
        &self,
        key: &SubscribeKey,
        sets: Vec<Set>,
        now: Moment,
    ) -> Reply<'_, Committed<Vec<Result<Written, Refused>>>> {
        self.command(key, move |tables| apply::set_many(tables, &sets, now))
    }

    fn remove(&self, key: &SubscribeKey, remove: Remove) -> Reply<'_, Committed<Result<Removed, Refused>>> {
        self.command(key, move |tables| apply::remove(tables, &remove))
    }

    fn manage(
        &self,
        key: &SubscribeKey,
        manage: Manage,
        now: Moment,
    ) -> Reply<'_, Committed<Result<Managed, Refused>>> {
        self.command(key, move |tables| apply::manage(tables, &manage, now))
    }

    fn events(&self) -> Reply<'_, UnboundedReceiver<Numbered>> {
        let events = self.events.clone();
        // By the writer, so that no commit falls between what is read here and what is sent from now on.
        Box::pin(async move {
            let (reader, receiver) = unbounded_channel();
            let done = move |untold: &mut Vec<Numbered>| {
                *events.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
                events.send(std::mem::take(untold));
            };
            self.writer.write_then(|db, _| untold(db), done).await?;
            Ok(receiver)
        })
    }

    fn told(&self, last: u64) -> Reply<'_, ()> {
        Box::pin(self.writer.write(move |db| {
            let last = i64::try_from(last).unwrap_or(i64::MAX);
            db.prepare_cached("DELETE FROM outbox WHERE sequence <= ?1")?.execute([last])?;
            Ok(())
        }))
    }
}

fn untold(db: &Connection) -> Result<Vec<Numbered>, StoreError> {
    let mut statement = db.prepare_cached("SELECT sequence, subscribe_key, event FROM outbox ORDER BY sequence")?;
    let mut rows = statement.query([])?;
    let mut untold = Vec::new();
    while let Some(row) = rows.next()? {
        let key = row.text(1)?.unwrap_or_default();
        untold.push(Numbered {
            number: row.integer(0)?.unwrap_or_default().unsigned_abs(),
            key: SubscribeKey::new(key).map_err(rows::damaged)?,
            event: outbox::event(row.text(2)?.unwrap_or_default())?,
        });
    }
    Ok(untold)
}

impl Row for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.get_ref(column)?.as_str_or_null().map_err(rows::damaged)
    }

    fn integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.get_ref(column)?.as_i64_or_null().map_err(rows::damaged)
    }
}

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn record(db: &Connection, key: &SubscribeKey, kind: Kind, id: &RecordId) -> Result<Option<Record>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, name, external_id, profile_url, email, description, type, status, custom, updated, etag FROM records
         WHERE space = (SELECT space FROM spaces WHERE subscribe_key = ?1 AND kind = ?2) AND id_key = ?3",
    )?;
    let mut found = statement.query(params![key.as_str(), kind.as_str(), id_key(id)])?;
    found.next()?.map_or(Ok(None), |row| rows::record(row, 0))
}
