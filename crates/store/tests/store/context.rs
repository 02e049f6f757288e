//! The rules of app context, for whatever database is behind it. The judge is the engine: commands are applied to a
//! model in memory as well, and lists are answered from it as a whole.

mod changes;
mod entries;
mod lists;
mod model;

use engine::context::{Condition, CustomMode, Filter, List, Manage, Position, Query, Set, Sort};
use serde_json::{Value, json};
use store::Store;
use wire::context::{Kind, Moment, Page, Record};
use wire::{RecordId, SubscribeKey};

pub(crate) use self::changes::*;
pub(crate) use self::entries::*;
pub(crate) use self::lists::*;
pub(crate) use self::model::*;

pub(crate) fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

fn at(micros: i64) -> Moment {
    Moment::from_micros(1_700_000_000_000_000 + micros)
}

pub(crate) fn set(kind: Kind, id: &RecordId, body: &Value) -> Set {
    set_if(kind, id, body, Condition::None)
}

fn set_if(kind: Kind, id: &RecordId, body: &Value, condition: Condition) -> Set {
    Set::parse(kind, id.clone(), body.to_string().as_bytes(), CustomMode::Replace, condition).unwrap()
}

pub(crate) fn manage(owner: Kind, id: &RecordId, set: &[&RecordId], delete: &[&RecordId]) -> Manage {
    let entries = |ids: &[&RecordId]| -> Vec<Value> {
        ids.iter().map(|id| json!({owner.other().as_str(): {"id": id.as_str()}})).collect()
    };
    let body = json!({"set": entries(set), "delete": entries(delete)});
    Manage::parse(owner, id.clone(), body.to_string().as_bytes(), CustomMode::Replace, false).unwrap()
}

/// Sets a record that must be allowed.
pub(crate) async fn put(
    store: &dyn Store,
    key: &SubscribeKey,
    kind: Kind,
    name: &str,
    body: Value,
    now: i64,
) -> Record {
    store.set(key, set(kind, &id(name), &body), at(now)).await.unwrap().outcome.unwrap().record
}

pub(crate) fn query(list: List, filter: &str, sort: &str) -> Query {
    let kind = list.kind();
    let mut query = Query::new(list);
    query.filter = Filter::parse(filter, kind).unwrap();
    query.sort = Sort::parse(sort, kind).unwrap();
    query
}

fn ids(page: &Page<Record>) -> Vec<&str> {
    page.items.iter().map(|record| record.id.as_str()).collect()
}

/// The place that a cursor names.
fn position(cursor: &str, query: &Query) -> Position {
    Position::decode(cursor, &query.list, &query.sort).unwrap()
}
