//! What becomes of records, and what is told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::context::{Bulk, Condition, CustomMode, Effect, List, Refused, Remove, Set};
use serde_json::{Value, json};
use store::Numbered;
use tokio::task::JoinSet;
use wire::context::{Kind, TextField};

use super::{at, id, ids, manage, put, query, set, set_if};
use crate::contract::Place;
use crate::names::{all, key};

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
