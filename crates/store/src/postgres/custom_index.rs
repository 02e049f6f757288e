//! Indexes of entries of `custom`, made when they are first wanted: what `sqlite::custom_index` is for SQLite.
//!
//! - An index that was ordered is kept by every write from then on; what was there before is filled in by and by, between
//!   commits. It is used when it is whole. How far it came is kept with it, so whoever opens the database next goes on from there.
//! - Whoever writes, orders or fills holds the row of `commits`, and asks which indexes there are once it has that: so all is
//!   right whichever server does it.
//! - Long keys are cut ([`mod@cut`]): what is found by them is compared again.

use std::collections::HashMap;

use deadpool_postgres::Object;
use engine::context::order;
use tokio_postgres::{Error, Row};
use wire::SubscribeKey;
use wire::context::{Custom, Kind, Record, TextField};

use super::put::Values;
use crate::StoreError;
use crate::context::cut::{self, cut};
use crate::context::entry_index::{Lacking, MAX_INDEXES};
use crate::context::rows::{field_key, id_key};

/// Records that are looked at between two commits while others write: some milliseconds.
const FILLED_BETWEEN: i64 = 500;
/// Records that are looked at while nobody writes: some tenth of a second, for which a write that comes then waits.
const FILLED_WHEN_IDLE: i64 = 8000;

/// An index of one entry.
#[derive(Clone, Debug)]
pub(super) struct CustomIndex {
    number: i64,
    entry: String,
    /// Whether those who have a value are in the order of names; in that of ids otherwise.
    by_name: bool,
}

/// What is asked in a transaction that writes: the indexes of some spaces, whole or not.
pub(super) const OF_SPACES: &str =
    "SELECT space, custom_index, entry, by_name FROM custom_indexes WHERE space = ANY ($1::bigint[])";

/// The answer, by space.
pub(super) fn of_spaces(rows: &[Row]) -> Result<HashMap<i64, Vec<CustomIndex>>, StoreError> {
    let mut indexes = HashMap::<i64, Vec<CustomIndex>>::new();
    for row in rows {
        let index = CustomIndex { number: row.try_get(1)?, entry: row.try_get(2)?, by_name: row.try_get(3)? };
        indexes.entry(row.try_get(0)?).or_default().push(index);
    }
    Ok(indexes)
}

/// A row of an index: its number, and the keys of the value, of the name and of the id.
pub(super) type Entry = (i64, Vec<u8>, Vec<u8>, Vec<u8>);

/// Takes rows of indexes away, each found by itself: with a join the database might read a whole index for a few.
pub(super) const REMOVE: &str = "DELETE FROM custom_values WHERE ctid = ANY (ARRAY (
         SELECT (SELECT v.ctid FROM custom_values v WHERE v.custom_index = gone.custom_index AND v.value_key = gone.value_key
                                                      AND v.name_key = gone.name_key AND v.id_key = gone.id_key)
         FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) AS gone (custom_index, value_key, name_key, id_key)))";

/// Puts rows into indexes.
pub(super) const PUT: &str = "INSERT INTO custom_values (custom_index, value_key, name_key, id_key)
     SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) ON CONFLICT DO NOTHING";

/// What both take.
pub(super) fn columns(entries: Vec<Entry>) -> Values {
    let (mut numbers, mut values, mut names, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (number, value, name, id) in entries {
        numbers.push(number);
        values.push(value);
        names.push(name);
        ids.push(id);
    }
    vec![Box::new(numbers), Box::new(values), Box::new(names), Box::new(ids)]
}

/// What brings indexes from one record to the next: the row that goes and the one that comes, of each that has another.
pub(super) fn changes(
    indexes: &[CustomIndex],
    before: Option<&Record>,
    after: Option<&Record>,
) -> Vec<(Option<Entry>, Option<Entry>)> {
    if indexes.is_empty() {
        return Vec::new();
    }
    let changes = entries(indexes, before).into_iter().zip(entries(indexes, after));
    changes.filter(|(old, new)| old != new).collect()
}

/// The row of a record in each index.
fn entries(indexes: &[CustomIndex], record: Option<&Record>) -> Vec<Option<Entry>> {
    let Some(Record { id, content, .. }) = record else { return vec![None; indexes.len()] };
    let values = content.custom.as_ref().map(Custom::entries).unwrap_or_default();
    let (name, id) = (cut(field_key(content, TextField::Name), cut::NAME), id_key(id));
    let entry = |CustomIndex { number, entry, by_name }: &CustomIndex| {
        let value = cut(order::custom_key(values.get(entry)?)?, cut::VALUE);
        Some((*number, value, if *by_name { name.clone() } else { Vec::new() }, id.clone()))
    };
    indexes.iter().map(entry).collect()
}

/// Has an index made, unless there is one or there are too many. Answers whether there is something to fill.
pub(super) async fn order(
    db: &Object,
    key: &SubscribeKey,
    kind: Kind,
    Lacking { entry, by_name }: &Lacking,
) -> Result<bool, StoreError> {
    let insert = "INSERT INTO custom_indexes (space, entry, by_name, through)
                  SELECT s.space, $3::text, $4::boolean, ''::bytea FROM spaces s
                  WHERE s.subscribe_key = $1 AND s.kind = $2
                    AND NOT EXISTS (SELECT FROM custom_indexes i WHERE i.space = s.space AND i.entry = $3 AND i.by_name = $4)
                    AND (SELECT count(*) FROM custom_indexes i WHERE i.space = s.space) < $5::bigint";
    let most = i64::try_from(MAX_INDEXES).unwrap_or(i64::MAX);
    let made = in_turn(db, async { db.execute(insert, &[&key.as_str(), &kind.as_str(), entry, by_name, &most]).await })
        .await?;
    Ok(made > 0)
}

/// Fills in a part of an index that is not whole, a larger one while nobody writes. Answers whether there may be more to do.
pub(super) async fn fill(db: &Object, idle: bool) -> Result<bool, StoreError> {
    let unfinished = db.prepare_cached("SELECT FROM custom_indexes WHERE through IS NOT NULL LIMIT 1").await?;
    if db.query_opt(&unfinished, &[]).await?.is_none() {
        return Ok(false);
    }
    // What was written since the order is there already. Behind the last record there is none, and so the index is whole.
    let text = format!(
        "WITH index AS MATERIALIZED (
             SELECT custom_index, space, entry, by_name, through FROM custom_indexes
             WHERE through IS NOT NULL ORDER BY custom_index LIMIT 1
         ), next AS MATERIALIZED (
             SELECT r.id_key, r.name_key, r.custom_keys[array_position(r.custom_names, i.entry)] AS value_key
             FROM index i CROSS JOIN LATERAL (
                 SELECT id_key, name_key, custom_keys, custom_names FROM records
                 WHERE space = i.space AND id_key > i.through ORDER BY id_key LIMIT $1::bigint
             ) r
         ), filled AS (
             INSERT INTO custom_values (custom_index, value_key, name_key, id_key)
             SELECT i.custom_index, substring(n.value_key FROM 1 FOR {value}),
                    CASE WHEN i.by_name THEN substring(n.name_key FROM 1 FOR {name}) ELSE ''::bytea END, n.id_key
             FROM index i CROSS JOIN next n WHERE n.value_key IS NOT NULL ORDER BY 2, 3, 4
             ON CONFLICT DO NOTHING
         )
         UPDATE custom_indexes SET through = (SELECT id_key FROM next ORDER BY id_key DESC LIMIT 1)
         WHERE custom_index = (SELECT custom_index FROM index)",
        value = cut::VALUE,
        name = cut::NAME
    );
    let fill = db.prepare_cached(&text).await?;
    let some = if idle { FILLED_WHEN_IDLE } else { FILLED_BETWEEN };
    in_turn(db, async { db.execute(&fill, &[&some]).await }).await?;
    Ok(true)
}

/// Has all indexes filled again, in the transaction of somebody who has made other keys.
pub(super) async fn renew(db: &Object) -> Result<(), StoreError> {
    Ok(db.batch_execute("DELETE FROM custom_values; UPDATE custom_indexes SET through = ''").await?)
}

/// Forgets the indexes of a key set.
pub(super) async fn forget(db: &mut Object, key: &SubscribeKey) -> Result<(), StoreError> {
    let forget = "WITH gone AS (
                      DELETE FROM custom_indexes WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = $1)
                      RETURNING custom_index
                  )
                  DELETE FROM custom_values WHERE custom_index IN (SELECT custom_index FROM gone)";
    // Undone when it is dropped, should nobody wait any more.
    let transaction = db.transaction().await?;
    transaction.batch_execute(TURN).await?;
    transaction.execute(forget, &[&key.as_str()]).await?;
    Ok(transaction.commit().await?)
}

/// Waits until nobody else writes.
const TURN: &str = "SELECT last FROM commits FOR UPDATE";

/// Does something on the connection that writes, while nobody else does. After an error the connection is of no use.
async fn in_turn<T>(db: &Object, work: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    db.batch_execute(&format!("BEGIN; {TURN}")).await?;
    let done = work.await?;
    db.batch_execute("COMMIT").await?;
    Ok(done)
}
