//! The tables of app context inside a job of the writer.

use std::sync::LazyLock;

use rusqlite::{Connection, ToSql, params, params_from_iter};
use wire::context::{Content, Custom, Event, Kind, Membership, Record, TextField};
use wire::{RecordId, SubscribeKey};

use super::custom_index;
use super::memory::Memory;
use crate::context::apply::Tables;
use crate::context::list::MEMBERSHIPS;
use crate::context::outbox;
use crate::context::rows::{self, field_key, id_key, membership_columns, record_columns};
use crate::context::sql::{column, has_key, key_column};
use crate::{Numbered, StoreError};

/// The tables of one key set.
pub(super) struct Writing<'w> {
    db: &'w Connection,
    memory: &'w mut Memory,
    key: &'w SubscribeKey,
    events: Vec<Numbered>,
}

impl<'w> Writing<'w> {
    pub(super) fn new(db: &'w Connection, memory: &'w mut Memory, key: &'w SubscribeKey) -> Self {
        Self { db, memory, key, events: Vec::new() }
    }

    /// The events that were put, in their order.
    pub(super) fn into_events(self) -> Vec<Numbered> {
        self.events
    }

    fn space(&mut self, kind: &'static str) -> Result<i64, StoreError> {
        self.memory.space(self.db, self.key, kind)
    }
}

/// Writes all columns of a record: space, id and its key, each text with the key that it has, and the rest.
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let texts = TextField::ALL.into_iter().flat_map(|field| [Some(column(field)), key_column(field)]).flatten();
    let names: Vec<&str> =
        ["space", "id", "id_key"].into_iter().chain(texts).chain(["custom", "updated", "etag"]).collect();
    format!("INSERT INTO records ({}) VALUES ({})", names.join(", "), vec!["?"; names.len()].join(", "))
});

fn insert(db: &Connection, space: i64, record: &Record) -> Result<(), StoreError> {
    let Record { id, content, updated, etag } = record;
    let mut statement = db.prepare_cached(&INSERT)?;
    let mut at = 0;
    let mut bind = |value: &dyn ToSql| {
        at += 1;
        statement.raw_bind_parameter(at, value)
    };
    bind(&space)?;
    bind(&id.as_str())?;
    bind(&id_key(id))?;
    for field in TextField::ALL {
        bind(&content.text(field))?;
        if has_key(field) {
            bind(&field_key(content, field))?;
        }
    }
    bind(&content.custom.as_ref().map(Custom::as_str))?;
    bind(&updated.micros())?;
    bind(&etag.as_str())?;
    statement.raw_execute()?;
    Ok(())
}

/// Names only the columns that differ: SQLite leaves alone the indexes over all others.
fn update(db: &Connection, space: i64, before: &Content, after: &Record) -> Result<(), StoreError> {
    let Record { id, content, updated, etag } = after;
    let mut text = String::from("UPDATE records SET updated = ?, etag = ?");
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(updated.micros()), Box::new(etag.as_str())];
    let mut set = |column: &str, value: Box<dyn ToSql>| {
        text.push_str(", ");
        text.push_str(column);
        text.push_str(" = ?");
        values.push(value);
    };
    for field in TextField::ALL {
        let now = content.text(field);
        if before.text(field) != now {
            set(column(field), Box::new(now.map(str::to_owned)));
            if let Some(key) = key_column(field) {
                set(key, Box::new(field_key(content, field)));
            }
        }
    }
    if before.custom != content.custom {
        set("custom", Box::new(content.custom.as_ref().map(|custom| custom.as_str().to_owned())));
    }
    text.push_str(" WHERE space = ? AND id_key = ?");
    values.push(Box::new(space));
    values.push(Box::new(id_key(id)));
    db.prepare_cached(&text)?.execute(params_from_iter(values))?;
    Ok(())
}

impl Tables for Writing<'_> {
    fn record(&mut self, kind: Kind, id: &RecordId) -> Result<Option<Record>, StoreError> {
        static TEXT: LazyLock<String> =
            LazyLock::new(|| format!("SELECT {} FROM records WHERE space = ?1 AND id_key = ?2", record_columns("")));
        let space = self.space(kind.as_str())?;
        let mut statement = self.db.prepare_cached(&TEXT)?;
        let mut found = statement.query(params![space, id_key(id)])?;
        found.next()?.map_or(Ok(None), |row| rows::record(row, 0))
    }

    fn membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<Option<Membership>, StoreError> {
        static TEXT: LazyLock<String> = LazyLock::new(|| {
            let columns = membership_columns("");
            format!("SELECT {columns} FROM memberships WHERE space = ?1 AND user_key = ?2 AND channel_key = ?3")
        });
        let space = self.space(MEMBERSHIPS)?;
        let mut statement = self.db.prepare_cached(&TEXT)?;
        let mut found = statement.query(params![space, id_key(user), id_key(channel)])?;
        found.next()?.map(|row| rows::membership(row, 0)).transpose()
    }

    fn others(&mut self, owner: Kind, id: &RecordId) -> Result<Vec<RecordId>, StoreError> {
        let space = self.space(MEMBERSHIPS)?;
        let mut statement = self.db.prepare_cached(match owner {
            Kind::User => "SELECT channel_id FROM memberships WHERE space = ?1 AND user_key = ?2 ORDER BY channel_key",
            Kind::Channel => "SELECT user_id FROM memberships WHERE space = ?1 AND channel_key = ?2 ORDER BY user_key",
        })?;
        let mut found = statement.query(params![space, id_key(id)])?;
        let mut others = Vec::new();
        while let Some(row) = found.next()? {
            others.push(rows::id(row, 0)?);
        }
        Ok(others)
    }

    fn put_record(&mut self, kind: Kind, before: Option<&Record>, after: &Record) -> Result<(), StoreError> {
        let space = self.space(kind.as_str())?;
        if let Some(before) = before {
            update(self.db, space, &before.content, after)?;
        } else {
            insert(self.db, space, after)?;
        }
        self.memory.count(space, before, Some(after));
        custom_index::keep(self.db, self.memory, space, before, Some(after))
    }

    fn remove_record(&mut self, kind: Kind, before: &Record) -> Result<(), StoreError> {
        let space = self.space(kind.as_str())?;
        let mut delete = self.db.prepare_cached("DELETE FROM records WHERE space = ?1 AND id_key = ?2")?;
        delete.execute(params![space, id_key(&before.id)])?;
        self.memory.count(space, Some(before), None);
        custom_index::keep(self.db, self.memory, space, Some(before), None)
    }

    fn put_membership(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let Membership { user, channel, content, updated, etag } = membership;
        let space = self.space(MEMBERSHIPS)?;
        let mut statement = self.db.prepare_cached(
            "INSERT INTO memberships (space, user_id, user_key, channel_id, channel_key, type, status, custom, updated, etag)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (space, user_key, channel_key) DO UPDATE SET
                 type = excluded.type, status = excluded.status, custom = excluded.custom, updated = excluded.updated,
                 etag = excluded.etag",
        )?;
        statement.execute(params![
            space,
            user.as_str(),
            id_key(user),
            channel.as_str(),
            id_key(channel),
            content.text(TextField::Type),
            content.text(TextField::Status),
            content.custom.as_ref().map(Custom::as_str),
            updated.micros(),
            etag.as_str(),
        ])?;
        Ok(())
    }

    fn remove_membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<(), StoreError> {
        let space = self.space(MEMBERSHIPS)?;
        let mut statement = self
            .db
            .prepare_cached("DELETE FROM memberships WHERE space = ?1 AND user_key = ?2 AND channel_key = ?3")?;
        statement.execute(params![space, id_key(user), id_key(channel)])?;
        Ok(())
    }

    fn put_event(&mut self, event: &Event) -> Result<u64, StoreError> {
        let mut statement = self.db.prepare_cached("INSERT INTO outbox (subscribe_key, event) VALUES (?1, ?2)")?;
        let number = statement.insert([self.key.as_str(), &outbox::text(event)?])?.unsigned_abs();
        self.events.push(Numbered { number, key: self.key.clone(), event: event.clone() });
        Ok(number)
    }
}
