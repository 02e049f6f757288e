//! Lists that an index of an entry of `custom` may find: they are the same without it, with a part of it, and with all of it.

use std::collections::BTreeMap;

use engine::context::{Bulk, CustomMode, List, Query, Range, Row};
use serde_json::{Value, json};
use store::Store;
use wire::context::{Kind, Page, Record, TextField};
use wire::{RecordId, SubscribeKey};

use super::{at, position, put, query};
use crate::contract::Place;
use crate::names::key;

/// What there should be.
pub(crate) type Users = BTreeMap<RecordId, Record>;

/// Longer than what an index of a database may hold.
fn long(end: &str) -> String {
    format!("{}{end}", "\u{10428}".repeat(TextField::Name.max_characters() - 8))
}

/// A user in a round of changes. Names and values tie, some are longer than an index has them and have one beginning, some lack.
pub(crate) fn member(n: usize, round: usize) -> Value {
    let name = match n % 9 {
        0 => json!(long(&format!("{:03}", 999 - n % 1000))),
        1 | 2 => Value::Null,
        _ => json!(format!("Name {}", (n + round) % 37)),
    };
    json!({
        "name": name,
        "status": if n.is_multiple_of(3) { "on" } else { "off" },
        "custom": {
            "team": if n.is_multiple_of(11) { Value::Null } else { json!(format!("t{}", (n + round) % 4)) },
            "about": "o".repeat(400) + if (n + round).is_multiple_of(2) { "a" } else { "b" },
            "n": n,
        },
    })
}

/// Fills a store with users from a number on.
pub(crate) async fn fill_members(store: &dyn Store, key: &SubscribeKey, users: &mut Users, from: usize, to: usize) {
    for first in (from..to).step_by(500) {
        let bodies = (first..to.min(first + 500)).map(|n| {
            let mut body = member(n, 0);
            body["id"] = format!("u{n}").into();
            body
        });
        let bodies = Value::Array(bodies.collect()).to_string();
        let bulk = Bulk::parse(Kind::User, bodies.as_bytes(), CustomMode::Replace).unwrap();
        for written in store.set_many(key, bulk.sets, at(1)).await.unwrap().outcome {
            let record = written.unwrap().record;
            users.insert(record.id.clone(), record);
        }
    }
}

/// Changes a user.
pub(crate) async fn change_member(store: &dyn Store, key: &SubscribeKey, users: &mut Users, n: usize, round: usize) {
    let record = put(store, key, Kind::User, &format!("u{n}"), member(n, round), round as i64).await;
    users.insert(record.id.clone(), record);
}

/// Asks for all pages there and back, by id and by name, with further conditions and without.
pub(crate) async fn assert_members(store: &dyn Store, key: &SubscribeKey, users: &Users, when: &str) {
    let about = format!("custom.about == '{}a'", "o".repeat(400));
    for (filter, sort) in [
        ("custom.team == 't1'", ""),
        ("custom.team == 't1'", "id:desc"),
        ("custom.team == 't1'", "name"),
        ("custom.team == 't1'", "name:desc"),
        ("custom.team == 't1'", "updated:desc,name"),
        ("custom.team == 't1' && custom.n > 40", "name"),
        ("custom.team == 't1' && status == 'on'", ""),
        (&*about, ""),
        (&*format!("{about} && custom.team == 't2'"), "name"),
        ("custom.team == 'nobody'", "name"),
    ] {
        let mut query = query(List::Records(Kind::User), filter, sort);
        query.limit = 1 + users.len() / 50;
        query.count = true;
        let asked = async |query: &Query| -> Page<Record> {
            let page = store.records(key, query).await.unwrap();
            let expected = query.answer(users.values().cloned().collect(), |record| Row::Record(record));
            assert_eq!(page, expected, "{when}: {filter}, sort {sort:?}, {:?}", query.range);
            page
        };
        let mut page = asked(&query).await;
        while let Some(next) = page.next {
            query.range = Range::From(position(&next, &query));
            page = asked(&query).await;
        }
        // Without a count a page is one statement, and not a transaction.
        query.count = false;
        while let Some(before) = page.prev {
            query.range = Range::Before(position(&before, &query));
            page = asked(&query).await;
        }
    }
}

/// Values and names longer than what an index may hold, and with one beginning, in whatever order the store makes of being asked.
pub(crate) async fn values_and_names_as_long_as_they_may_be_are_found_and_paged(place: &impl Place) {
    let (store, demo, mut users) = (place.open().await, key("demo"), Users::new());
    fill_members(&*store, &demo, &mut users, 0, 150).await;
    for round in 1..4 {
        assert_members(&*store, &demo, &users, &format!("round {round}")).await;
        for n in (round..160).step_by(3) {
            change_member(&*store, &demo, &mut users, n, round).await;
        }
    }
    assert_members(&*store, &demo, &users, "at the end").await;
}
