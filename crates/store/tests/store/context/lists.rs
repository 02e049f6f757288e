//! Lists: filters, orders, and pages while others write.

use std::collections::BTreeMap;

use engine::context::{Bulk, Condition, CustomMode, Filter, List, Range, Remove, Row};
use serde_json::{Value, json};
use store::Store;
use wire::SubscribeKey;
use wire::context::{Kind, TextField};

use super::{at, id, ids, manage, position, put, query};
use crate::contract::Place;
use crate::names::key;

/// Longer than what an index of a database may hold, and with one beginning.
pub(crate) async fn names_as_long_as_names_may_be_are_sorted_and_paged(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let long = |end: &str| format!("{}{end}", "\u{10428}".repeat(TextField::Name.max_characters() - 2));
    for (n, name) in ["b", "a", "b", "c", "-a", "B"].iter().enumerate() {
        put(&*store, &demo, Kind::User, &format!("u{n}"), json!({"name": long(name)}), 1).await;
    }
    put(&*store, &demo, Kind::User, "u6", json!({}), 1).await;
    for (sort, expected) in [
        ("name", ["u4", "u1", "u0", "u2", "u5", "u3", "u6"]),
        ("name:desc", ["u6", "u3", "u5", "u0", "u2", "u1", "u4"]),
    ] {
        let mut query = query(List::Records(Kind::User), "", sort);
        query.limit = 2;
        let mut met = Vec::new();
        loop {
            let page = store.records(&demo, &query).await.unwrap();
            met.extend(page.items.iter().map(|record| record.id.to_string()));
            let Some(next) = page.next else { break };
            query.range = Range::From(position(&next, &query));
        }
        assert_eq!(met, expected, "{sort}");
    }
}

pub(crate) async fn a_filter_as_large_and_as_deep_as_filters_may_be_is_answered(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    put(&*store, &demo, Kind::User, "ann", json!({"name": "x"}), 1).await;
    let list = List::Records(Kind::User);
    for word in ["||", "&&"] {
        let chain = vec!["id!='a'"; 8192 / 9].join(word);
        assert_eq!(ids(&store.records(&demo, &query(list.clone(), &chain, "")).await.unwrap()), ["ann"]);
    }
    let deep = format!("{}name=='x'||name==null{}", "!(".repeat(Filter::MAX_DEPTH), ")".repeat(Filter::MAX_DEPTH));
    assert_eq!(ids(&store.records(&demo, &query(list.clone(), &deep, "")).await.unwrap()), ["ann"]);
    let distinct: Vec<String> = (0..1000).map(|n| format!("id!='{n}'")).take(8192 / 12).collect();
    assert_eq!(ids(&store.records(&demo, &query(list.clone(), &distinct.join("&&"), "")).await.unwrap()), ["ann"]);
    let stars = format!("name like '{}b'", "*a".repeat(2000));
    put(&*store, &demo, Kind::User, "bob", json!({"name": "a".repeat(2048)}), 1).await;
    assert_eq!(ids(&store.records(&demo, &query(list, &stars, "")).await.unwrap()), [""; 0]);
}

/// Records come and go while somebody pages, forth and back: whoever was there all the time is met exactly once.
pub(crate) async fn paging_meets_once_whoever_stays(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let stays = |n: usize| n.is_multiple_of(3);
    let body = |n: usize| json!({"name": format!("name {}", n % 7), "status": n.is_multiple_of(2).then_some("on"), "custom": {"n": n % 5}});
    let user = |n: usize| format!("user-{n:03}");
    for n in (0..120).filter(|n| stays(*n) || n % 3 == 1) {
        put(&*store, &demo, Kind::User, &user(n), body(n), (n % 4) as i64).await;
    }
    for sort in
        ["", "id:desc", "name", "name:desc", "status:desc,name", "updated:desc,id", "custom.n:desc,status,id:desc"]
    {
        let mut query = query(List::Records(Kind::User), "", sort);
        query.limit = 7;
        let mut met: Vec<String> = Vec::new();
        let mut pages = Vec::new();
        let mut round = 0;
        loop {
            let page = store.records(&demo, &query).await.unwrap();
            met.extend(page.items.iter().map(|record| record.id.to_string()));
            let Some(next) = page.next.clone() else { break };
            pages.push(page);
            query.range = Range::From(position(&next, &query));
            // Some that do not stay go, and come back later.
            round += 1;
            for n in (0..120).filter(|n| n % 3 == 1 && n % 4 == round % 4) {
                let remove =
                    Remove { kind: Kind::User, id: id(&user(n)), condition: Condition::None, integrity: false };
                match round % 2 {
                    0 => _ = store.remove(&demo, remove).await.unwrap(),
                    _ => _ = put(&*store, &demo, Kind::User, &user(n), body(n), (n % 4) as i64).await,
                }
            }
        }
        met.sort();
        met.retain(|name| stays(name["user-".len()..].parse().unwrap()));
        assert_eq!(met, (0..120).filter(|n| stays(*n)).map(user).collect::<Vec<_>>(), "{sort}");

        // And back again, from the last page to the first.
        let mut back: Vec<String> = Vec::new();
        let mut cursor = pages.last().and_then(|page| page.prev.clone());
        while let Some(before) = cursor {
            query.range = Range::Before(position(&before, &query));
            let page = store.records(&demo, &query).await.unwrap();
            back.splice(0..0, page.items.iter().map(|record| record.id.to_string()));
            cursor = page.prev;
        }
        back.retain(|name| stays(name["user-".len()..].parse().unwrap()));
        let mut once = back.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), back.len(), "{sort}: {back:?}");
    }
}

/// Groups with many of one status and groups with few, unset ones among them.
pub(crate) async fn an_order_by_status_and_another_key_is_paged_there_and_back(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let mut all = Vec::new();
    for n in 0..90_usize {
        let status = match n {
            0..40 => Some("on".to_owned()),
            40..60 => None,
            60..80 => Some("Off".to_owned()),
            n => Some(format!("s{}", n % 4)),
        };
        let body = json!({"name": format!("name {}", n * 7 % 13), "status": status, "type": (n % 3).to_string()});
        all.push(put(&*store, &demo, Kind::User, &format!("u{}", n * 17 % 90), body, (n * 11 % 23) as i64).await);
    }
    for sort in [
        "status,name",
        "status:desc,name",
        "status,name:desc,id:desc",
        "status:desc,updated:desc",
        "status,updated,name:desc",
        "status:desc,name,type:desc,updated",
        "status,type",
    ] {
        let mut query = query(List::Records(Kind::User), "", sort);
        query.limit = 4;
        let mut last = None;
        loop {
            let page = store.records(&demo, &query).await.unwrap();
            assert_eq!(page, query.answer(all.clone(), |record| Row::Record(record)), "{sort} {:?}", query.range);
            let Some(next) = page.next else { break };
            last = Some(next.clone());
            query.range = Range::From(position(&next, &query));
        }
        let mut back = last;
        while let Some(cursor) = back {
            query.range = Range::Before(position(&cursor, &query));
            let page = store.records(&demo, &query).await.unwrap();
            assert_eq!(page, query.answer(all.clone(), |record| Row::Record(record)), "{sort} {:?}", query.range);
            back = page.prev;
        }
    }
}

/// What is found by entries of `custom` is right from the first time on, whatever the store makes of being asked again.
pub(crate) async fn an_entry_of_custom_is_found_while_it_is_asked_for_and_changes(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let team =
        |n: usize, round: usize| json!({"name": format!("n{}", n % 50), "custom": {"team": (n + round) % 7, "n": n}});
    let mut all = BTreeMap::new();
    for first in (0..3000).step_by(1000) {
        let body: Vec<Value> = (first..first + 1000)
            .map(|n| {
                let mut body = team(n, 0);
                body["id"] = format!("u{n}").into();
                body
            })
            .collect();
        let bulk = Bulk::parse(Kind::User, json!(body).to_string().as_bytes(), CustomMode::Replace).unwrap();
        for written in store.set_many(&demo, bulk.sets, at(1)).await.unwrap().outcome {
            let record = written.unwrap().record;
            all.insert(record.id.clone(), record);
        }
    }
    for round in 1..40 {
        for (filter, sort) in [
            ("custom.team == 3", ""),
            ("custom.team == 3", "name:desc"),
            ("custom.team == 3 && custom.n != 10", "name"),
            ("custom.team == 3", "updated"),
        ] {
            let mut query = query(List::Records(Kind::User), filter, sort);
            query.count = true;
            let expected = query.answer(all.values().cloned().collect(), |record| Row::Record(record));
            assert_eq!(store.records(&demo, &query).await.unwrap(), expected, "round {round}: {filter}");
        }
        // Some change, some go, some come.
        for n in (round * 71 % 3000..3000).step_by(500) {
            let name = format!("u{n}");
            if n % 3 == 0 {
                let remove = Remove { kind: Kind::User, id: id(&name), condition: Condition::None, integrity: false };
                store.remove(&demo, remove).await.unwrap().outcome.unwrap();
                all.remove(&id(&name));
            } else {
                let record = put(&*store, &demo, Kind::User, &name, team(n, round), round as i64).await;
                all.insert(record.id.clone(), record);
            }
        }
        let record = put(&*store, &demo, Kind::User, &format!("new{round}"), team(round, 3), 1).await;
        all.insert(record.id.clone(), record);
    }
}

/// Fills a store, and answers what [`filled_lists`] does.
pub(crate) async fn filled(store: &dyn Store, key: &SubscribeKey) -> String {
    for (n, name) in ["b", "a", "Ä", "ä", "-", "Ж", "x_with", "XB"].iter().enumerate() {
        let body = json!({"name": name, "status": name, "email": name, "custom": {"team": name, "n": n}});
        put(store, key, Kind::User, &format!("{name}{n}"), body, n as i64).await;
        store
            .manage(key, manage(Kind::Channel, &id("lobby"), &[&id(&format!("{name}{n}"))], &[]), at(1))
            .await
            .unwrap();
    }
    // Twice: whatever the store makes of being asked is there then.
    filled_lists(store, key).await;
    filled_lists(store, key).await
}

/// Lists that show every key.
pub(crate) async fn filled_lists(store: &dyn Store, key: &SubscribeKey) -> String {
    let mut shown = Vec::new();
    for (filter, sort) in
        [("", ""), ("", "name"), ("", "status:desc"), ("", "email"), ("custom.team == 'b'", "name"), ("name > 'a'", "")]
    {
        let page = store.records(key, &query(List::Records(Kind::User), filter, sort)).await.unwrap();
        shown.push(ids(&page).join(" "));
        for record in &page.items {
            assert_eq!(store.record(key, Kind::User, &record.id).await.unwrap().as_ref(), Some(record));
        }
    }
    for sort in ["", "uuid.name:desc"] {
        let list = List::Memberships { owner: Kind::Channel, id: id("lobby") };
        let page = store.memberships(key, &query(list, "uuid.name != 'a'", sort)).await.unwrap();
        shown.push(page.items.iter().map(|item| item.membership.user.as_str()).collect::<Vec<_>>().join(" "));
    }
    shown.join("\n")
}
