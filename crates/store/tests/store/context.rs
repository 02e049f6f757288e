//! The rules of app context, for whatever database is behind it. The judge is the engine: commands are applied to a
//! model in memory as well, and lists are answered from it as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::context::{
    Bulk, Condition, CustomMode, Effect, Filter, List, ListKind, Manage, Managed, Position, Query, Range, Refused,
    Remove, Removed, Row, Set, Sort, Written, order,
};
use serde_json::{Value, json};
use store::{Committed, Numbered, Store};
use tokio::task::JoinSet;
use wire::context::{Include, Joined, Kind, Membership, Moment, Page, Record, Shown, TextField};
use wire::{RecordId, SubscribeKey};

use crate::contract::Place;
use crate::names::{all, key};

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

pub(crate) async fn a_record_is_what_was_set_until_it_is_removed(place: &impl Place) {
    let (store, demo, ann) = (place.open().await, key("demo"), id("ann"));
    assert_eq!(store.record(&demo, Kind::User, &ann).await.unwrap(), None);

    let body = json!({"name": "Ann", "email": "a@b", "status": "", "custom": {"b": 1, "a": null}});
    let written = store.set(&demo, set(Kind::User, &ann, &body), at(1)).await.unwrap();
    let record = written.outcome.unwrap().record;
    assert_eq!(store.record(&demo, Kind::User, &ann).await.unwrap().as_ref(), Some(&record));
    assert_eq!(record.content.custom.as_ref().unwrap().as_str(), r#"{"a":null,"b":1}"#);
    assert_eq!((record.content.text(TextField::Status), record.content.text(TextField::Type)), (Some(""), None));
    assert_eq!(store.record(&demo, Kind::Channel, &ann).await.unwrap(), None);
    assert_eq!(store.record(&key("other"), Kind::User, &ann).await.unwrap(), None);

    // The same once more changes nothing and tells nothing.
    let again = store.set(&demo, set(Kind::User, &ann, &body), at(2)).await.unwrap();
    assert_eq!((again.last, again.outcome.unwrap().effect), (0, Effect::Unchanged));
    assert_eq!(store.record(&demo, Kind::User, &ann).await.unwrap().as_ref(), Some(&record));

    let remove =
        Remove { kind: Kind::User, id: ann.clone(), condition: Condition::Is("another".into()), integrity: false };
    assert_eq!(store.remove(&demo, remove.clone()).await.unwrap().outcome, Err(Refused::Stale(Kind::User)));
    let remove = Remove { condition: Condition::Is(record.etag.as_str().into()), ..remove };
    assert!(store.remove(&demo, remove).await.unwrap().outcome.unwrap().existed);
    assert_eq!(store.record(&demo, Kind::User, &ann).await.unwrap(), None);
    drop(store);
    assert_eq!(place.open().await.record(&demo, Kind::User, &ann).await.unwrap(), None);
}

pub(crate) async fn a_text_is_a_value_whatever_it_holds(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    for text in ["'; DROP TABLE records; --", "\"", "%_", "?1", "$1", "👋🏽", "e\u{301}", "NULL", "007", "\\x00", "{}"]
    {
        let name = id(&text.replace(['\\', ':'], "~"));
        let body = json!({"name": text, "type": text, "custom": {text: text}});
        let record = store.set(&demo, set(Kind::Channel, &name, &body), at(1)).await.unwrap().outcome.unwrap().record;
        assert_eq!(store.record(&demo, Kind::Channel, &name).await.unwrap().as_ref(), Some(&record));
        let literal = Value::from(text).to_string();
        for filter in [
            format!("name == {literal}"),
            format!("custom[{literal}] == {literal}"),
            format!("custom[{literal}] like {literal}"),
            format!("type like {literal}"),
            format!("name >= {literal} && name <= {literal}"),
        ] {
            let page = store.records(&demo, &query(List::Records(Kind::Channel), &filter, "")).await.unwrap();
            assert_eq!(ids(&page), [name.as_str()], "{filter}");
        }
    }
}

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

pub(crate) async fn many_sets_are_one_commit_and_each_has_its_answer(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let mut body: Vec<Value> = (0..1000).map(|n| json!({"id": format!("u{n:03}"), "name": format!("n{n}")})).collect();
    body[7] = json!({"id": "u007", "name": 7});
    body[8] = json!({"id": "u009"});
    let bulk = Bulk::parse(Kind::User, json!(body).to_string().as_bytes(), CustomMode::Replace).unwrap();
    let mut events = store.events().await.unwrap();
    let done = store.set_many(&demo, bulk.sets.clone(), at(1)).await.unwrap();
    assert_eq!(bulk.answers(&done.outcome).len(), 1000);
    let effects = |effect| done.outcome.iter().filter(|one| one.as_ref().unwrap().effect == effect).count();
    // `u009` was created by the entry before it.
    assert_eq!((effects(Effect::Created), effects(Effect::Changed)), (998, 1));
    let mut counted = query(List::Records(Kind::User), "", "");
    counted.count = true;
    assert_eq!(store.records(&demo, &counted).await.unwrap().total, Some(998));
    let mut numbers = Vec::new();
    while numbers.last() != Some(&done.last) {
        numbers.push(events.recv().await.unwrap().number);
    }
    assert_eq!(numbers.len(), 999);
    assert!(numbers.is_sorted());
}

pub(crate) async fn of_writers_with_one_etag_exactly_one_wins(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let mut etag = put(&*store, &demo, Kind::User, "ann", json!({"custom": {"n": 0}}), 0).await.etag;
    for round in 1..=20 {
        let mut writers = JoinSet::new();
        for writer in 0..16 {
            let (store, demo, etag) = (Arc::clone(&store), demo.clone(), etag.clone());
            writers.spawn(async move {
                let condition = Condition::Is(etag.as_str().into());
                let body = json!({"custom": {"n": round, "writer": writer}});
                store.set(&demo, set_if(Kind::User, &id("ann"), &body, condition), at(round)).await.unwrap().outcome
            });
        }
        let mut winners = Vec::new();
        for outcome in writers.join_all().await {
            match outcome {
                Ok(written) => winners.push(written.record),
                Err(refused) => assert_eq!(refused, Refused::Stale(Kind::User)),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(store.record(&demo, Kind::User, &id("ann")).await.unwrap().as_ref(), winners.first());
        etag = winners[0].etag.clone();
    }
}

/// Each writer changes its own entry of one record by a merge; none undoes another's.
pub(crate) async fn merges_at_once_all_count(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let merge = |writer: usize, n: usize| {
        let body = json!({"custom": {format!("w{writer}"): n}}).to_string();
        Set::parse(Kind::User, id("ann"), body.as_bytes(), CustomMode::Merge, Condition::None).unwrap()
    };
    let calls = (0..200).map(|n| store.set(&demo, merge(n % 20, n / 20), at(n as i64)));
    assert!(all(calls).await.iter().all(|answer| answer.as_ref().unwrap().outcome.is_ok()));
    let record = store.record(&demo, Kind::User, &id("ann")).await.unwrap().unwrap();
    assert_eq!(record.content.custom.unwrap().entries().len(), 20);
}

pub(crate) async fn events_come_once_in_the_order_of_commits_and_the_untold_ones_again(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let mut events = store.events().await.unwrap();
    let ann = id("ann");
    store.manage(&demo, manage(Kind::User, &ann, &[&id("lobby"), &id("ann"), &id("attic")], &[]), at(1)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(events.recv().await.unwrap().event.about.as_str(), "membership");
    }
    let written = store.set(&demo, set(Kind::User, &ann, &json!({"name": "Ann"})), at(2)).await.unwrap();
    let event = events.recv().await.unwrap();
    assert_eq!((event.number, Some(&event.event)), (written.last, written.outcome.unwrap().event.as_ref()));
    let told: Vec<&str> = event.event.channels.iter().map(wire::ChannelName::as_str).collect();
    assert_eq!(told, ["ann", "attic", "lobby"]);

    // Writers at once: each record's events come in the order of its commits, and all before their answers.
    let calls = (0..300).map(|n| {
        store.set(
            &key(&format!("key-{}", n % 2)),
            set(Kind::Channel, &id("lobby"), &json!({"name": n.to_string()})),
            at(n),
        )
    });
    let answers = all(calls).await;
    let mut last = event.number;
    let mut etags = BTreeMap::new();
    for answer in answers {
        let Numbered { number, key, event } = events.try_recv().expect("events come before the answer");
        assert!(number > last && answer.unwrap().last > 0);
        last = number;
        etags.insert(key, serde_json::from_str::<Value>(event.payload.as_str()).unwrap()["data"]["eTag"].clone());
    }
    for (key, etag) in etags {
        let record = store.record(&key, Kind::Channel, &id("lobby")).await.unwrap().unwrap();
        assert_eq!(record.etag.as_str(), etag, "the last event is that of the last commit");
    }
    assert!(events.try_recv().is_err());

    store.told(last - 1).await.unwrap();
    drop((events, store));
    let store = place.open().await;
    let mut events = store.events().await.unwrap();
    assert_eq!(events.recv().await.unwrap().number, last);
    let next = store.set(&demo, set(Kind::User, &ann, &json!({"name": "Anna"})), at(9)).await.unwrap().last;
    assert!(next > last);
    assert_eq!(events.recv().await.unwrap().number, next);
    store.told(next).await.unwrap();
    assert!(store.events().await.unwrap().try_recv().is_err());
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

/// What a store must answer.
#[derive(Default)]
struct Model {
    records: BTreeMap<(Kind, RecordId), Record>,
    memberships: BTreeMap<(RecordId, RecordId), Membership>,
}

impl Model {
    fn others(&self, owner: Kind, id: &RecordId) -> Vec<RecordId> {
        let held = self.memberships.values().filter(|membership| membership.end(owner) == id);
        let mut others: Vec<RecordId> = held.map(|membership| membership.end(owner.other()).clone()).collect();
        others.sort_by(|left, right| order::compare(left.as_str(), right.as_str()));
        others
    }

    fn set(&mut self, set: &Set, now: Moment) -> Result<Written, Refused> {
        let place = (set.kind, set.id.clone());
        let mut written = set.apply(self.records.get(&place), now)?;
        if let (Some(event), Kind::User) = (&mut written.event, set.kind) {
            event.also_on(&self.others(set.kind, &set.id));
        }
        self.records.insert(place, written.record.clone());
        Ok(written)
    }

    fn remove(&mut self, remove: &Remove) -> Result<Removed, Refused> {
        let place = (remove.kind, remove.id.clone());
        let others = self.others(remove.kind, &remove.id);
        let removed = remove.apply(self.records.get(&place), &others)?;
        self.records.remove(&place);
        if removed.memberships {
            self.memberships.retain(|_, membership| membership.end(remove.kind) != &remove.id);
        }
        Ok(removed)
    }

    fn manage(&mut self, manage: &Manage, now: Moment) -> Result<Managed, Refused> {
        let exists = |kind, id: &RecordId| self.records.contains_key(&(kind, id.clone()));
        manage.missing(exists(manage.owner, &manage.id), |id| exists(manage.owner.other(), id))?;
        let current: Vec<Membership> =
            self.memberships.values().filter(|held| held.end(manage.owner) == &manage.id).cloned().collect();
        let managed = manage.apply(&current, now)?;
        for membership in &managed.put {
            self.memberships.insert((membership.user.clone(), membership.channel.clone()), membership.clone());
        }
        self.memberships.retain(|_, held| {
            held.end(manage.owner) != &manage.id || !managed.remove.contains(held.end(manage.owner.other()))
        });
        Ok(managed)
    }

    fn list(&self, kind: Kind) -> Vec<Record> {
        self.records.iter().filter(|((of, _), _)| *of == kind).map(|(_, record)| record.clone()).collect()
    }

    fn joined(&self, owner: Kind, id: &RecordId) -> Vec<Joined> {
        let held = self.memberships.values().filter(|held| held.end(owner) == id);
        let join = |membership: &Membership| {
            let other = (owner.other(), membership.end(owner.other()).clone());
            Joined { membership: membership.clone(), record: self.records.get(&other).cloned() }
        };
        held.map(join).collect()
    }
}

/// Numbers that look random and come again with their seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn one<'o, T: ?Sized>(&mut self, of: &[&'o T]) -> &'o T {
        of[self.below(of.len())]
    }

    fn text(&mut self) -> &'static str {
        self.one(&[
            "ann", "Ann", "ANN", "a_nn", "an", "b", "Änn", "änn", "b%", "b\\", "*", "x", " x", "10", "2", "K",
            "\u{212a}",
        ])
    }

    fn id(&mut self) -> RecordId {
        id(self.one(&["ann", "Ann", "a-nn", "bob", "b_b", "b%b", "cé", "10", "2", "zed"]))
    }

    fn entry(&mut self) -> &'static str {
        self.one(&["team", "age", "a\"b.c", "ключ", "ok"])
    }

    fn scalar(&mut self) -> Value {
        match self.below(9) {
            0..4 => self.text().into(),
            4 => json!(self.below(4)),
            5 => json!(2.5),
            6 => json!(-1),
            7 => json!(self.below(2) == 0),
            _ => Value::Null,
        }
    }

    fn body(&mut self, fields: &[TextField]) -> Value {
        let mut body = serde_json::Map::new();
        for field in fields {
            match self.below(4) {
                0 => _ = body.insert(field.as_str().into(), Value::Null),
                1 | 2 => _ = body.insert(field.as_str().into(), self.text().into()),
                _ => {}
            }
        }
        match self.below(4) {
            0 => _ = body.insert("custom".into(), Value::Null),
            1 | 2 => {
                let custom: serde_json::Map<_, _> =
                    (0..self.below(4)).map(|_| (self.entry().to_owned(), self.scalar())).collect();
                body.insert("custom".into(), custom.into());
            }
            _ => {}
        }
        body.into()
    }

    fn mode(&mut self) -> CustomMode {
        if self.below(3) == 0 { CustomMode::Merge } else { CustomMode::Replace }
    }

    fn kind(&mut self) -> Kind {
        if self.below(2) == 0 { Kind::User } else { Kind::Channel }
    }

    fn set(&mut self, model: &Model) -> Set {
        let (kind, id) = (self.kind(), self.id());
        let body = self.body(kind.fields()).to_string();
        let condition = self.condition(model, kind, &id);
        Set::parse(kind, id, body.as_bytes(), self.mode(), condition).unwrap()
    }

    fn condition(&mut self, model: &Model, kind: Kind, id: &RecordId) -> Condition {
        match (self.below(8), model.records.get(&(kind, id.clone()))) {
            (0, _) => Condition::Exists,
            (1, _) => Condition::Is("stale".into()),
            (2, Some(record)) => Condition::Is(record.etag.as_str().into()),
            _ => Condition::None,
        }
    }

    fn manage(&mut self) -> Manage {
        let owner = self.kind();
        let other = owner.other().as_str();
        let set: Vec<Value> = (0..self.below(5))
            .map(|_| {
                let mut entry = self.body(TextField::OF_MEMBERSHIP);
                entry[other] = json!({"id": self.id().as_str()});
                entry
            })
            .collect();
        let named = |entry: &Value| set.iter().any(|set| set[other] == entry[other]);
        let delete: Vec<Value> = (0..self.below(4)).map(|_| json!({other: {"id": self.id().as_str()}})).collect();
        let delete: Vec<Value> = delete.into_iter().filter(|entry| !named(entry)).collect();
        let body = json!({"set": set, "delete": delete}).to_string();
        let integrity = self.below(4) == 0;
        Manage::parse(owner, self.id(), body.as_bytes(), self.mode(), integrity).unwrap()
    }

    fn path(&mut self, list: ListKind) -> (String, &'static str) {
        let (prefix, fields) = match list {
            ListKind::Records(kind) => (String::new(), kind.fields()),
            ListKind::Memberships(owner) => match self.below(2) {
                0 => (String::new(), TextField::OF_MEMBERSHIP),
                _ => (format!("{}.", owner.other().as_str()), owner.other().fields()),
            },
        };
        match self.below(6) {
            0 if !(prefix.is_empty() && matches!(list, ListKind::Memberships(_))) => (format!("{prefix}id"), "text"),
            1 => (format!("{prefix}updated"), "moment"),
            2 | 3 => (format!("{prefix}custom[{}]", Value::from(self.entry())), "any"),
            4 => (format!("{prefix}custom"), "null"),
            _ => (format!("{prefix}{}", fields[self.below(fields.len())].as_str()), "text"),
        }
    }

    fn filter(&mut self, list: ListKind, depth: usize) -> String {
        match self.below(if depth == 0 { 1 } else { 4 }) {
            0 => {
                let (path, type_) = self.path(list);
                let order = self.one(&["==", "!=", "<", "<=", ">", ">="]);
                let equal = self.one(&["==", "!="]);
                match (type_, self.below(8)) {
                    ("null", _) | (_, 0) => format!("{path} {equal} null"),
                    ("moment", _) => format!("{path} {order} \"{}\"", at(self.below(40) as i64)),
                    ("any", 1) => format!("{path} {order} {}", self.one(&["0", "2", "2.5", "-1", "3e0"])),
                    ("any", 2) => format!("{path} {equal} {}", self.one(&["true", "false"])),
                    (_, 3 | 4) => {
                        let pattern = self
                            .one(&["*", "a*", "A*", "*n", "a*n", "*_*", "b%", "b\\\\", "\\*", "ann", "*Ä*", "", "K*"]);
                        format!("{path} like \"{pattern}\"")
                    }
                    _ => format!("{path} {order} {}", Value::from(self.text())),
                }
            }
            1 => format!("!({})", self.filter(list, depth - 1)),
            word => {
                let parts: Vec<String> =
                    (0..2 + self.below(2)).map(|_| format!("({})", self.filter(list, depth - 1))).collect();
                parts.join(if word == 2 { " && " } else { " || " })
            }
        }
    }

    fn sort(&mut self, list: ListKind) -> String {
        let keys = (0..self.below(4)).map(|_| {
            let field = match list {
                ListKind::Records(Kind::User) => self.one(&[
                    "id",
                    "name",
                    "updated",
                    "status",
                    "type",
                    "email",
                    "externalId",
                    "profileUrl",
                    "custom.team",
                    "custom.age",
                ]),
                ListKind::Records(Kind::Channel) => {
                    self.one(&["id", "name", "updated", "status", "type", "description", "custom.ok"])
                }
                ListKind::Memberships(Kind::User) => self.one(&[
                    "channel.id",
                    "channel.name",
                    "channel.updated",
                    "channel.description",
                    "updated",
                    "status",
                    "type",
                    "id",
                    "name",
                ]),
                ListKind::Memberships(Kind::Channel) => self.one(&[
                    "uuid.id",
                    "uuid.name",
                    "uuid.updated",
                    "uuid.email",
                    "updated",
                    "status",
                    "type",
                    "id",
                    "name",
                ]),
            };
            format!("{field}{}", self.one(&["", ":asc", ":desc"]))
        });
        keys.collect::<Vec<_>>().join(",")
    }

    fn query(&mut self) -> Query {
        let list = match self.below(2) {
            0 => List::Records(self.kind()),
            _ => List::Memberships { owner: self.kind(), id: self.id() },
        };
        let kind = list.kind();
        let filter = if self.below(3) == 0 { String::new() } else { self.filter(kind, 3) };
        let mut query = query(list, &filter, &self.sort(kind));
        query.limit = 1 + self.below(5);
        query.count = true;
        if self.below(2) == 0 && kind.joined().is_some() {
            query.include = Include { joined: Some(Shown::ALL), ..Include::default() };
        }
        query
    }
}

/// Random commands, and random lists paged to their end and back: everything is as the model has it.
pub(crate) async fn any_commands_and_lists_are_as_the_engine_has_them(place: &impl Place) {
    let rounds: u64 = std::env::var("HEREABOUTS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6);
    let first: u64 = std::env::var("HEREABOUTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in first..first + rounds {
        // Shown by the test runner when the test fails; HEREABOUTS_SEED begins with it.
        println!("seed {seed}");
        let (store, demo) = (place.open().await, key(&format!("seed-{seed}")));
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut model = Model::default();
        for step in 0..60 {
            command(&*store, &demo, &mut model, &mut dice, at(step / 2)).await;
            for _ in 0..3 {
                let query = dice.query();
                walk(&*store, &demo, &model, query, &mut dice).await;
            }
        }
        for kind in [Kind::User, Kind::Channel] {
            for record in model.list(kind) {
                assert_eq!(store.record(&demo, kind, &record.id).await.unwrap(), Some(record));
            }
        }
    }
}

async fn command(store: &dyn Store, key: &SubscribeKey, model: &mut Model, dice: &mut Dice, now: Moment) {
    fn same<T: PartialEq + std::fmt::Debug>(answer: &Committed<T>, expected: &T) {
        assert_eq!(&answer.outcome, expected);
    }
    match dice.below(8) {
        0 => {
            let (kind, id) = (dice.kind(), dice.id());
            let condition = dice.condition(model, kind, &id);
            let remove = Remove { kind, id, condition, integrity: dice.below(2) == 0 };
            same(&store.remove(key, remove.clone()).await.unwrap(), &model.remove(&remove));
        }
        1..4 => {
            let manage = dice.manage();
            same(&store.manage(key, manage.clone(), now).await.unwrap(), &model.manage(&manage, now));
        }
        4 => {
            let sets: Vec<Set> = (0..5).map(|_| dice.set(model)).collect();
            let answer = store.set_many(key, sets.clone(), now).await.unwrap();
            same(&answer, &sets.iter().map(|set| model.set(set, now)).collect());
        }
        _ => {
            let set = dice.set(model);
            same(&store.set(key, set.clone(), now).await.unwrap(), &model.set(&set, now));
        }
    }
}

async fn walk(store: &dyn Store, key: &SubscribeKey, model: &Model, mut query: Query, dice: &mut Dice) {
    for _ in 0..6 {
        let shown = || {
            format!(
                "{:?} sort={} {:?} {:?}",
                query.list,
                query.sort,
                query.filter.as_ref().map(ToString::to_string),
                query.range
            )
        };
        let (next, prev) = match query.list.clone() {
            List::Records(kind) => {
                let page = store.records(key, &query).await.unwrap();
                assert_eq!(page, query.answer(model.list(kind), |record| Row::Record(record)), "{}", shown());
                (page.next, page.prev)
            }
            List::Memberships { owner, id } => {
                let mut page = store.memberships(key, &query).await.unwrap();
                let mut expected = query.answer(model.joined(owner, &id), |item| Row::membership(item, owner.other()));
                if query.include.joined.is_none() {
                    // Then the store need not read it.
                    page.items.iter_mut().chain(&mut expected.items).for_each(|item| item.record = None);
                }
                assert_eq!(page, expected, "{}", shown());
                (page.next, page.prev)
            }
        };
        let range = match (dice.below(3), next, prev) {
            (0, _, Some(prev)) => Range::Before(position(&prev, &query)),
            (_, Some(next), _) => Range::From(position(&next, &query)),
            _ => return,
        };
        query.range = range;
    }
}
