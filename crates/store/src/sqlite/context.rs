//! App context in SQLite.

use std::sync::{Arc, Mutex, PoisonError};

use engine::context::{List, Manage, Managed, Query, Refused, Remove, Removed, Row as Listed, Set, Written};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wire::context::{Content, Event, Joined, Kind, Membership, Moment, Page, Record, TextField};
use wire::{RecordId, SubscribeKey};

use super::Sqlite;
use crate::context::apply::{self, Tables};
use crate::context::filter::Narrow;
use crate::context::list::{Lists, MEMBERSHIPS};
use crate::context::outbox;
use crate::context::rows::{self, MEMBERSHIP_COLUMNS, Row, custom_entries, field_key, id_key};
use crate::context::sql::{Bound, Dialect, Statement, column};
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
        let work = move |db: &Connection| {
            let mut tables = Writing { db, key: &key, events: Vec::new() };
            let answer = work(&mut tables)?;
            Ok((answer, tables.events))
        };
        Box::pin(async move {
            let done = move |answer: &mut (T, Vec<Numbered>)| events.send(std::mem::take(&mut answer.1));
            Ok(self.writer.write_then(work, done).await?.0)
        })
    }
}

impl Context for Sqlite {
    fn record(&self, key: &SubscribeKey, kind: Kind, id: &RecordId) -> Reply<'_, Option<Record>> {
        let (key, id) = (key.clone(), id.clone());
        Box::pin(self.readers.read_one(move |db| record(db, &key, kind, &id)))
    }

    fn records(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Record>> {
        let (key, query) = (key.clone(), query.clone());
        Box::pin(self.readers.read(move |db| {
            let List::Records(_) = query.list else {
                return Ok(query.page(Vec::new(), None, |item| Listed::Record(item)));
            };
            let (found, total) = list(db, &key, &query, |row, _| {
                rows::record(row, 0)?.ok_or_else(|| rows::damaged("a row without an id"))
            })?;
            Ok(query.page(found, total, |item| Listed::Record(item)))
        }))
    }

    fn memberships(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Joined>> {
        let (key, query) = (key.clone(), query.clone());
        Box::pin(self.readers.read(move |db| {
            let List::Memberships { owner, .. } = query.list else {
                return Ok(query.page(Vec::new(), None, |item| Listed::membership(item, Kind::Channel)));
            };
            let (found, total) = list(db, &key, &query, |row, joins| {
                let record = if joins { rows::record(row, MEMBERSHIP_COLUMNS)? } else { None };
                Ok(Joined { membership: rows::membership(row, 0)?, record })
            })?;
            Ok(query.page(found, total, |item| Listed::membership(item, owner.other())))
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
            self.writer.write_then(untold, done).await?;
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

/// The rows of a page, and how many there are over all pages where that was asked.
fn list<T>(
    db: &Connection,
    key: &SubscribeKey,
    query: &Query,
    read: impl Fn(&rusqlite::Row<'_>, bool) -> Result<T, StoreError>,
) -> Result<(Vec<T>, Option<u64>), StoreError> {
    let narrowest = narrowest(db, key, query)?;
    let mut lists = Lists::new(key, query, Dialect::Sqlite);
    if let Some((narrow, true)) = &narrowest {
        lists = lists.narrowed(narrow.clone());
    }
    let total = match (query.count, &narrowest, &query.filter) {
        (false, ..) => None,
        (true, Some((narrow, _)), Some(filter)) if narrow.is_all_of(filter) => {
            Some(count(db, &lists.count_of(narrow, None))?)
        }
        (true, ..) => Some(count(db, &lists.count())?),
    };
    let mut found = Vec::with_capacity(query.fetch());
    for segment in 0..lists.segments() {
        if found.len() == query.fetch() {
            break;
        }
        let statement = lists.segment(segment, query.fetch() - found.len());
        let mut prepared = db.prepare_cached(&statement.text)?;
        let mut rows = prepared.query(params_from_iter(&statement.values))?;
        while let Some(row) = rows.next()? {
            found.push(read(row, lists.joins())?);
        }
    }
    Ok((found, total))
}

/// The equality of the filter that the fewest records fulfil, and whether to find the list by its index: SQLite keeps no
/// figures about the data, so we count.
///
/// Reading the list in its order costs some `limit * records / matches` rows until the page is full; finding all matches
/// and sorting them costs `matches`. They are equal at the root of `limit * records`.
fn narrowest(db: &Connection, key: &SubscribeKey, query: &Query) -> Result<Option<(Narrow, bool)>, StoreError> {
    let (List::Records(_), Some(filter)) = (&query.list, &query.filter) else { return Ok(None) };
    let candidates = Narrow::all(filter);
    if candidates.is_empty() {
        return Ok(None);
    }
    let mut all = query.clone();
    all.filter = None;
    let all = Lists::new(key, &all, Dialect::Sqlite);
    let records = count(db, &all.count())?;
    let few = (query.limit as u64 * records).isqrt();
    let mut narrowest: Option<(Narrow, u64)> = None;
    for narrow in candidates {
        let most = narrowest.as_ref().map_or(few + 1, |(_, matches)| *matches);
        let matches = count(db, &all.count_of(&narrow, Some(most)))?;
        if narrowest.is_none() || matches < most {
            narrowest = Some((narrow, matches));
        }
    }
    Ok(narrowest.map(|(narrow, matches)| {
        let follows = narrow.follows(&query.sort);
        (narrow, follows || matches <= few)
    }))
}

fn count(db: &Connection, statement: &Statement) -> Result<u64, StoreError> {
    let mut prepared = db.prepare_cached(&statement.text)?;
    let count: i64 = prepared.query_row(params_from_iter(&statement.values), |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The tables of a key set inside a job of the writer.
struct Writing<'w> {
    db: &'w Connection,
    key: &'w SubscribeKey,
    events: Vec<Numbered>,
}

impl Writing<'_> {
    /// The short number of a space, which is given to it when it is first asked for.
    fn space(&self, kind: &str) -> Result<i64, StoreError> {
        let mut find = self.db.prepare_cached("SELECT space FROM spaces WHERE subscribe_key = ?1 AND kind = ?2")?;
        if let Some(space) = find.query_row([self.key.as_str(), kind], |row| row.get(0)).optional()? {
            return Ok(space);
        }
        let mut new = self.db.prepare_cached("INSERT INTO spaces (subscribe_key, kind) VALUES (?1, ?2)")?;
        Ok(new.insert([self.key.as_str(), kind])?)
    }

    fn count_one(&self, space: i64, more: i64) -> Result<(), StoreError> {
        let mut statement = self.db.prepare_cached("UPDATE spaces SET records = records + ?2 WHERE space = ?1")?;
        statement.execute([space, more])?;
        Ok(())
    }

    /// Brings the index of `custom` from one record to the next.
    fn index_custom(&self, space: i64, before: Option<&Record>, after: Option<&Record>) -> Result<(), StoreError> {
        let entries = |record: Option<&Record>| {
            let Some(record) = record else { return Vec::new() };
            let name = field_key(&record.content, TextField::Name);
            let id = id_key(&record.id);
            let entries = custom_entries(&record.content).into_iter();
            entries.map(|(entry, value)| (entry, value, name.clone(), id.clone())).collect()
        };
        let same = |before: &Record, after: &Record| {
            let name = |record: &Record| record.content.text(TextField::Name).map(str::to_owned);
            before.content.custom == after.content.custom && name(before) == name(after)
        };
        if let (Some(before), Some(after)) = (before, after)
            && same(before, after)
        {
            return Ok(());
        }
        let (old, new) = (entries(before), entries(after));
        for (entry, value, name, id) in old.iter().filter(|entry| !new.contains(entry)) {
            let mut delete = self.db.prepare_cached(
                "DELETE FROM custom_values
                 WHERE space = ?1 AND entry = ?2 AND value_key = ?3 AND name_key = ?4 AND id_key = ?5",
            )?;
            delete.execute(params![space, entry, value, name, id])?;
        }
        for (entry, value, name, id) in new.iter().filter(|entry| !old.contains(entry)) {
            let mut insert = self.db.prepare_cached(
                "INSERT INTO custom_values (space, entry, value_key, name_key, id_key) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            insert.execute(params![space, entry, value, name, id])?;
        }
        Ok(())
    }
}

/// Columns and their values.
struct Assignments {
    columns: Vec<(&'static str, Option<Bound>)>,
}

impl Assignments {
    /// Those in which one content differs from another, or all of one.
    fn of(
        fields: &'static [TextField],
        before: Option<&Content>,
        after: &Content,
        updated: Moment,
        etag: &str,
    ) -> Self {
        let mut columns = Vec::with_capacity(2 * fields.len() + 3);
        for field in fields {
            let text = after.text(*field);
            if before.is_none_or(|before| before.text(*field) != text) {
                columns.push((column(*field), text.map(|text| Bound::Text(text.to_owned()))));
                columns.push((key_column(*field), Some(Bound::Bytes(field_key(after, *field)))));
            }
        }
        if before.is_none_or(|before| before.custom != after.custom) {
            columns.push(("custom", after.custom.as_ref().map(|custom| Bound::Text(custom.as_str().to_owned()))));
        }
        columns.push(("updated", Some(Bound::Integer(updated.micros()))));
        columns.push(("etag", Some(Bound::Text(etag.to_owned()))));
        Self { columns }
    }

    fn insert(self, db: &Connection, table: &str, identity: Vec<(&'static str, Bound)>) -> Result<(), StoreError> {
        let columns: Vec<(&str, Option<Bound>)> =
            identity.into_iter().map(|(name, value)| (name, Some(value))).chain(self.columns).collect();
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let places = vec!["?"; names.len()].join(", ");
        let text = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
        db.prepare_cached(&text)?.execute(params_from_iter(columns.into_iter().map(|(_, value)| value)))?;
        Ok(())
    }

    /// Names only the columns that differ: SQLite leaves alone the indexes over all others.
    fn update(self, db: &Connection, table: &str, identity: Vec<(&'static str, Bound)>) -> Result<(), StoreError> {
        let names: Vec<String> = self.columns.iter().map(|(name, _)| format!("{name} = ?")).collect();
        let places: Vec<String> = identity.iter().map(|(name, _)| format!("{name} = ?")).collect();
        let text = format!("UPDATE {table} SET {} WHERE {}", names.join(", "), places.join(" AND "));
        let values = self.columns.into_iter().map(|(_, value)| value);
        let values = values.chain(identity.into_iter().map(|(_, value)| Some(value)));
        db.prepare_cached(&text)?.execute(params_from_iter(values))?;
        Ok(())
    }
}

const fn key_column(field: TextField) -> &'static str {
    match field {
        TextField::Name => "name_key",
        TextField::ExternalId => "external_id_key",
        TextField::ProfileUrl => "profile_url_key",
        TextField::Email => "email_key",
        TextField::Description => "description_key",
        TextField::Type => "type_key",
        TextField::Status => "status_key",
    }
}

impl Tables for Writing<'_> {
    fn record(&mut self, kind: Kind, id: &RecordId) -> Result<Option<Record>, StoreError> {
        record(self.db, self.key, kind, id)
    }

    fn membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<Option<Membership>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT user_id, channel_id, type, status, custom, updated, etag FROM memberships
             WHERE space = ?1 AND user_key = ?2 AND channel_key = ?3",
        )?;
        let mut found = statement.query(params![self.space(MEMBERSHIPS)?, id_key(user), id_key(channel)])?;
        found.next()?.map(|row| rows::membership(row, 0)).transpose()
    }

    fn others(&mut self, owner: Kind, id: &RecordId) -> Result<Vec<RecordId>, StoreError> {
        let mut statement = self.db.prepare_cached(match owner {
            Kind::User => "SELECT channel_id FROM memberships WHERE space = ?1 AND user_key = ?2 ORDER BY channel_key",
            Kind::Channel => "SELECT user_id FROM memberships WHERE space = ?1 AND channel_key = ?2 ORDER BY user_key",
        })?;
        let mut found = statement.query(params![self.space(MEMBERSHIPS)?, id_key(id)])?;
        let mut others = Vec::new();
        while let Some(row) = found.next()? {
            others.push(rows::id(row, 0)?);
        }
        Ok(others)
    }

    fn put_record(&mut self, kind: Kind, before: Option<&Record>, after: &Record) -> Result<(), StoreError> {
        let space = self.space(kind.as_str())?;
        let content = before.map(|before| &before.content);
        let columns = Assignments::of(&TextField::ALL, content, &after.content, after.updated, after.etag.as_str());
        let mut identity = vec![("space", Bound::Integer(space)), ("id_key", Bound::Bytes(id_key(&after.id)))];
        if before.is_some() {
            columns.update(self.db, "records", identity)?;
        } else {
            identity.push(("id", Bound::Text(after.id.as_str().to_owned())));
            columns.insert(self.db, "records", identity)?;
            self.count_one(space, 1)?;
        }
        self.index_custom(space, before, Some(after))
    }

    fn remove_record(&mut self, kind: Kind, before: &Record) -> Result<(), StoreError> {
        let space = self.space(kind.as_str())?;
        let mut delete = self.db.prepare_cached("DELETE FROM records WHERE space = ?1 AND id_key = ?2")?;
        delete.execute(params![space, id_key(&before.id)])?;
        self.count_one(space, -1)?;
        self.index_custom(space, Some(before), None)
    }

    fn put_membership(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let Membership { user, channel, content, updated, etag } = membership;
        let mut statement = self.db.prepare_cached(
            "INSERT INTO memberships (space, user_id, user_key, channel_id, channel_key, type, type_key, status, status_key,
                                      custom, updated, etag)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (space, user_key, channel_key) DO UPDATE SET
                 type = excluded.type, type_key = excluded.type_key, status = excluded.status,
                 status_key = excluded.status_key, custom = excluded.custom, updated = excluded.updated,
                 etag = excluded.etag",
        )?;
        statement.execute(params![
            self.space(MEMBERSHIPS)?,
            user.as_str(),
            id_key(user),
            channel.as_str(),
            id_key(channel),
            content.text(TextField::Type),
            field_key(content, TextField::Type),
            content.text(TextField::Status),
            field_key(content, TextField::Status),
            content.custom.as_ref().map(wire::context::Custom::as_str),
            updated.micros(),
            etag.as_str(),
        ])?;
        Ok(())
    }

    fn remove_membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<(), StoreError> {
        let mut statement = self
            .db
            .prepare_cached("DELETE FROM memberships WHERE space = ?1 AND user_key = ?2 AND channel_key = ?3")?;
        statement.execute(params![self.space(MEMBERSHIPS)?, id_key(user), id_key(channel)])?;
        Ok(())
    }

    fn put_event(&mut self, event: &Event) -> Result<u64, StoreError> {
        let mut statement = self.db.prepare_cached("INSERT INTO outbox (subscribe_key, event) VALUES (?1, ?2)")?;
        let number = statement.insert([self.key.as_str(), &outbox::text(event)?])?.unsigned_abs();
        self.events.push(Numbered { number, key: self.key.clone(), event: event.clone() });
        Ok(number)
    }
}
