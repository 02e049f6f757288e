//! What the writer remembers of the tables, so that it need not ask for every row.
//!
//! All of it is as the transaction under way has it. When that is undone, all is forgotten and read again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension, params};
use wire::SubscribeKey;
use wire::context::{Record, TextField};

use super::custom_index::{self, CustomIndex};
use crate::StoreError;
use crate::context::rows::field_key;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The numbers of spaces, by key set and kind.
    spaces: HashMap<SubscribeKey, Vec<(&'static str, i64)>>,
    /// By how many records a space has grown in this transaction.
    growth: HashMap<i64, i64>,
    /// By how many records a status has grown, by space and key.
    statuses: HashMap<(i64, Vec<u8>), i64>,
    /// The indexes of `custom`, by space.
    indexes: HashMap<i64, Vec<CustomIndex>>,
    /// Whether an index was ordered that is to be filled.
    ordered: bool,
}

impl Memory {
    /// The short number of a space, which is given to it when it is first asked for.
    pub(super) fn space(&mut self, db: &Connection, key: &SubscribeKey, kind: &'static str) -> Result<i64, StoreError> {
        let known = self.spaces.get(key).and_then(|spaces| spaces.iter().find(|(of, _)| *of == kind));
        if let Some((_, space)) = known {
            return Ok(*space);
        }
        let mut find = db.prepare_cached("SELECT space FROM spaces WHERE subscribe_key = ?1 AND kind = ?2")?;
        let found = find.query_row([key.as_str(), kind], |row| row.get(0)).optional()?;
        let space = match found {
            Some(space) => space,
            None => db
                .prepare_cached("INSERT INTO spaces (subscribe_key, kind) VALUES (?1, ?2)")?
                .insert([key.as_str(), kind])?,
        };
        self.spaces.entry(key.clone()).or_default().push((kind, space));
        Ok(space)
    }

    /// Counts what becomes of a record of a space.
    pub(super) fn count(&mut self, space: i64, before: Option<&Record>, after: Option<&Record>) {
        let status = |record: &Record| field_key(&record.content, TextField::Status);
        for (record, more) in [(before, -1), (after, 1)] {
            let Some(record) = record else { continue };
            *self.growth.entry(space).or_default() += more;
            *self.statuses.entry((space, status(record))).or_default() += more;
        }
    }

    /// The indexes of `custom` that are kept for a space, whole or not.
    pub(super) fn indexes(&mut self, db: &Connection, space: i64) -> Result<&[CustomIndex], StoreError> {
        Ok(match self.indexes.entry(space) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(custom_index::of_space(db, space)?),
        })
    }

    /// Notes that a space has another index, which is to be filled.
    pub(super) fn order(&mut self, space: i64, index: CustomIndex) {
        self.indexes.entry(space).or_default().push(index);
        self.ordered = true;
    }

    /// Whether an index was ordered since this was last asked.
    pub(super) fn takes_order(&mut self) -> bool {
        std::mem::take(&mut self.ordered)
    }

    /// The indexes of some space have changed, and are read again.
    pub(super) fn forget_indexes(&mut self) {
        self.indexes.clear();
    }

    /// Writes what the transaction has gathered here.
    pub(super) fn flush(&mut self, db: &Connection) -> Result<(), StoreError> {
        for (space, more) in self.growth.drain().filter(|(_, more)| *more != 0) {
            let mut grow = db.prepare_cached("UPDATE spaces SET records = records + ?2 WHERE space = ?1")?;
            grow.execute([space, more])?;
        }
        for ((space, status), more) in self.statuses.drain().filter(|(_, more)| *more != 0) {
            let mut grow = db.prepare_cached(
                "INSERT INTO statuses (space, status_key, records) VALUES (?1, ?2, ?3)
                 ON CONFLICT (space, status_key) DO UPDATE SET records = records + excluded.records
                 RETURNING records",
            )?;
            let left: i64 = grow.query_row(params![space, status, more], |row| row.get(0))?;
            if left == 0 {
                let mut drop = db.prepare_cached("DELETE FROM statuses WHERE space = ?1 AND status_key = ?2")?;
                drop.execute(params![space, status])?;
            }
        }
        Ok(())
    }

    /// The transaction was undone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
