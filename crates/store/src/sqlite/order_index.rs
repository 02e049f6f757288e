//! Indexes of users and channels by another field than id and name, made when a list first asks for one.
//!
//! - One that was asked for is kept from then on, and every write keeps it.
//! - It is made whole and at once, by the writer, who serves nobody meanwhile: once, for as long as sorting everybody takes.
//!   SQLite sorts what it puts into a new index, which takes a part of what putting it in piece by piece would take.

use rusqlite::{Connection, OptionalExtension};

use crate::StoreError;
use crate::context::order_index::OrderIndex;

/// Makes an index, unless it is there.
pub(super) fn make(db: &Connection, index: OrderIndex) -> Result<(), StoreError> {
    let (name, key) = (index.name(), index.key());
    Ok(db.execute_batch(&format!("CREATE INDEX IF NOT EXISTS {name} ON records (space, {key}, id_key)"))?)
}

/// Whether an index is there.
pub(super) fn is_there(db: &Connection, index: OrderIndex) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1")?;
    Ok(find.query_row([index.name()], |_| Ok(())).optional()?.is_some())
}

/// Takes all of them away: what they were made of has changed, and they do not know.
pub(super) fn drop_all(db: &Connection) -> rusqlite::Result<()> {
    OrderIndex::all().try_for_each(|index| db.execute_batch(&format!("DROP INDEX IF EXISTS {}", index.name())))
}
