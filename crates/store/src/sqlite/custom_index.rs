//! Indexes of entries of `custom`, made when they are first wanted.
//!
//! - A list that is filtered by `custom.KEY == value`, and finds somebody, has an index made for KEY, in its own order: by id or
//!   by name. A key that nobody asks for costs writes nothing, and a key that nobody has gets no index.
//! - From the moment it is ordered every write keeps it; what was there before is filled in by and by, between commits. It is
//!   used when it is whole. How far it came is kept with it, so a restart goes on from there.

use engine::context::order;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use wire::SubscribeKey;
use wire::context::{Custom, Kind, Record, TextField};

use super::memory::Memory;
use crate::StoreError;
use crate::context::entry_index::{Lacking, MAX_INDEXES};
use crate::context::rows::{field_key, id_key};

/// Records that are looked at between two commits while others write: some milliseconds.
const FILLED_BETWEEN: i64 = 1000;
/// Records that are looked at while nobody writes: some tenths of a second, for which a write that comes then waits. Put in
/// together and in the order of their keys, they touch each page of the index once.
const FILLED_WHEN_IDLE: i64 = 32_000;

/// An index of one entry.
#[derive(Clone, Debug)]
pub(super) struct CustomIndex {
    /// Its number.
    number: i64,
    /// The name of the entry.
    entry: Box<str>,
    /// Whether those who have a value are in the order of names; in that of ids otherwise.
    by_name: bool,
}

/// What stands for every name in an index by id.
const NO_NAME: [u8; 0] = [];

/// The indexes of a space, whole or not.
pub(super) fn of_space(db: &Connection, space: i64) -> Result<Vec<CustomIndex>, StoreError> {
    let mut find = db.prepare_cached("SELECT custom_index, entry, by_name FROM custom_indexes WHERE space = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(CustomIndex { number: row.get(0)?, entry: row.get::<_, String>(1)?.into(), by_name: row.get(2)? })
    };
    let found = find.query_map([space], read)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Has an index made, unless there is one or there are too many.
pub(super) fn order(
    db: &Connection,
    memory: &mut Memory,
    key: &SubscribeKey,
    kind: Kind,
    Lacking { entry, by_name }: &Lacking,
) -> Result<(), StoreError> {
    let space = memory.space(db, key, kind.as_str())?;
    let indexes = memory.indexes(db, space)?;
    let is_there = |index: &CustomIndex| *index.entry == **entry && index.by_name == *by_name;
    if indexes.len() >= MAX_INDEXES || indexes.iter().any(is_there) {
        return Ok(());
    }
    let mut insert =
        db.prepare_cached("INSERT INTO custom_indexes (space, entry, by_name, through) VALUES (?1, ?2, ?3, 0)")?;
    let number = insert.insert(params![space, entry, by_name])?;
    memory.order(space, CustomIndex { number, entry: entry.as_str().into(), by_name: *by_name });
    Ok(())
}

/// Fills in a part of an index that is not whole, a larger one while nobody writes. Answers whether there may be more to do.
pub(super) fn fill(db: &mut Connection, idle: bool) -> Result<bool, StoreError> {
    let unfinished =
        "SELECT custom_index, space, entry, by_name, through FROM custom_indexes WHERE through IS NOT NULL LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| {
        let index = CustomIndex { number: row.get(0)?, entry: row.get::<_, String>(2)?.into(), by_name: row.get(3)? };
        Ok((index, row.get::<_, i64>(1)?, row.get::<_, i64>(4)?))
    };
    let found = db.prepare_cached(unfinished)?.query_row([], read).optional()?;
    let Some((CustomIndex { number, entry, by_name }, space, through)) = found else { return Ok(false) };
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: i64 = transaction.query_row("SELECT coalesce(max(record), 0) FROM records", [], |row| row.get(0))?;
    let to = through + if idle { FILLED_WHEN_IDLE } else { FILLED_BETWEEN };
    // What was written since the order is there already.
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO custom_values (custom_index, value_key, name_key, id_key, record)
             SELECT ?1, value_key, CASE WHEN ?6 THEN name_key ELSE ?7 END, id_key, record FROM
                 (SELECT custom_key(custom, ?2) AS value_key, name_key, id_key, record FROM records
                  WHERE record > ?3 AND record <= ?4 AND +space = ?5)
             WHERE value_key IS NOT NULL ORDER BY 2, 3, 4",
        )?
        .execute(params![number, entry, through, to, space, by_name, NO_NAME])?;
    transaction
        .prepare_cached("UPDATE custom_indexes SET through = ?2 WHERE custom_index = ?1")?
        .execute(params![number, (to < last).then_some(to)])?;
    transaction.commit()?;
    Ok(true)
}

/// Brings the indexes of a space from one record to the next, which is written already.
pub(super) fn keep(
    db: &Connection,
    memory: &mut Memory,
    space: i64,
    before: Option<&Record>,
    after: Option<&Record>,
) -> Result<(), StoreError> {
    let indexes = memory.indexes(db, space)?;
    let name =
        |record: Option<&Record>| record.and_then(|record| record.content.text(TextField::Name).map(str::to_owned));
    let custom = |record: Option<&Record>| record.and_then(|record| record.content.custom.clone());
    let (old, new) = (custom(before), custom(after));
    let renamed = name(before) != name(after);
    if indexes.is_empty() || (old == new && !renamed) {
        return Ok(());
    }
    let [old, new] = [&old, &new].map(|custom| custom.as_ref().map(Custom::entries).unwrap_or_default());
    for CustomIndex { number, entry, by_name } in indexes {
        let [old, new] = [&old, &new].map(|entries| entries.get(&**entry).and_then(order::custom_key));
        if old == new && !(*by_name && renamed) {
            continue;
        }
        let name_key = |record: &Record| match by_name {
            true => field_key(&record.content, TextField::Name),
            false => NO_NAME.to_vec(),
        };
        if let (Some(key), Some(record)) = (old, before) {
            db.prepare_cached(
                "DELETE FROM custom_values WHERE custom_index = ?1 AND value_key = ?2 AND name_key = ?3 AND id_key = ?4",
            )?
            .execute(params![number, key, name_key(record), id_key(&record.id)])?;
        }
        if let (Some(key), Some(record)) = (new, after) {
            // Not INSERT … SELECT, for which SQLite keeps a copy of each page that it changes.
            db.prepare_cached(
                "INSERT INTO custom_values (custom_index, value_key, name_key, id_key, record)
                 VALUES (?1, ?2, ?3, ?4, (SELECT record FROM records WHERE space = ?5 AND id_key = ?4))",
            )?
            .execute(params![number, key, name_key(record), id_key(&record.id), space])?;
        }
    }
    Ok(())
}
