//! Setting and removing, one rule a test.

use serde_json::{Value, json};
use wire::Refusal;
use wire::context::{Event, Kind, Membership, Moment, Place, Record};

use super::{at, id};
use crate::context::{Bulk, Condition, CustomMode, Effect, Manage, Managed, Refused, Remove, Set, Written, record_id};

fn parse(kind: Kind, body: &str, mode: CustomMode, condition: Condition) -> Result<Set, wire::context::Fault> {
    Set::parse(kind, id("ann"), body.as_bytes(), mode, condition)
}

#[track_caller]
fn set(current: Option<&Record>, body: &Value, now: Moment) -> Written {
    let set = parse(Kind::User, &body.to_string(), CustomMode::Replace, Condition::None).unwrap();
    set.apply(current, now).unwrap()
}

fn merge(current: Option<&Record>, body: &Value, now: Moment) -> Written {
    let set = parse(Kind::User, &body.to_string(), CustomMode::Merge, Condition::None).unwrap();
    set.apply(current, now).unwrap()
}

fn shown(record: &Record) -> Value {
    let text = wire::context::record(Kind::User, record, wire::context::Shown::ALL);
    let mut data = serde_json::from_str::<Value>(&text).unwrap()["data"].take();
    data.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    ["id", "updated", "eTag"].into_iter().for_each(|key| _ = data.as_object_mut().unwrap().remove(key));
    data
}

fn told(event: &Event) -> Value {
    let payload: Value = serde_json::from_str(event.payload.as_str()).unwrap();
    payload["data"].clone()
}

fn heard(event: &Event) -> Vec<&str> {
    event.channels.iter().map(wire::ChannelName::as_str).collect()
}

#[test]
fn an_absent_field_stays_and_null_clears() {
    let check = |before: Value, body: Value, after: Value| {
        let before = set(None, &before, at(1)).record;
        assert_eq!(shown(&set(Some(&before), &body, at(2)).record), after, "{body}");
    };
    check(json!({"name": "n", "email": "e"}), json!({"email": "f"}), json!({"name": "n", "email": "f"}));
    check(json!({"name": "n", "email": "e"}), json!({"email": null}), json!({"name": "n"}));
    check(json!({"custom": {"a": 1, "b": 2}}), json!({"custom": {"a": 3}}), json!({"custom": {"a": 3}}));
    check(json!({"custom": {"a": 1}}), json!({"name": "n"}), json!({"custom": {"a": 1}, "name": "n"}));
    check(json!({"custom": {"a": 1}}), json!({"custom": null}), json!({}));
    check(json!({"custom": {"a": 1}}), json!({"custom": {}}), json!({"custom": {}}));
    check(json!({}), json!({"status": "", "id": "x", "eTag": 5, "description": 7}), json!({"status": ""}));
}

#[test]
fn a_merge_takes_away_what_is_null_and_keeps_what_is_not_named() {
    let check = |before: Value, body: Value, after: Value| {
        let before = set(None, &json!({"name": "n", "custom": before}), at(1)).record;
        let after = json!({"name": "n", "custom": after});
        let after = set(None, &after, at(1)).record.content;
        assert_eq!(merge(Some(&before), &body, at(2)).record.content, after, "{body}");
    };
    check(json!({"a": 1, "b": 2}), json!({"custom": {"a": 3}}), json!({"a": 3, "b": 2}));
    check(json!({"a": 1, "b": 2}), json!({"custom": {"a": null, "c": "x"}}), json!({"b": 2, "c": "x"}));
    check(json!({"a": 1}), json!({"custom": null}), json!(null));
    check(json!({"a": 1}), json!({}), json!({"a": 1}));
    check(json!(null), json!({"custom": {"a": 1, "b": null}}), json!({"a": 1}));
    check(json!(null), json!({"custom": {"b": null}}), json!({}));
    let before = set(None, &json!({"custom": {"a": 1}}), at(1)).record;
    let unchanged = merge(Some(&before), &json!({"custom": {"a": 1, "b": null}}), at(2));
    assert_eq!((unchanged.effect, unchanged.event), (Effect::Unchanged, None));
    let changed = merge(Some(&before), &json!({"custom": {"b": 2}}), at(2));
    assert_eq!(told(&changed.event.unwrap())["custom"], json!({"a": 1, "b": 2}), "the event tells the whole object");
}

#[test]
fn a_change_that_changes_nothing_keeps_time_and_etag_and_tells_nobody() {
    let before = set(None, &json!({"name": "n", "custom": {"a": 1, "b": 2}}), at(1)).record;
    for body in [json!({}), json!({"name": "n"}), json!({"email": null}), json!({"custom": {"b": 2, "a": 1}})] {
        let written = set(Some(&before), &body, at(2));
        assert_eq!(written, Written { record: before.clone(), effect: Effect::Unchanged, event: None }, "{body}");
    }
    let created = set(None, &json!({}), at(1));
    assert_eq!((created.effect, created.record.updated), (Effect::Created, at(1)), "an empty body creates");
}

#[test]
fn every_change_has_a_new_etag_also_one_that_goes_back() {
    let first = set(None, &json!({"name": "a"}), at(1)).record;
    let second = set(Some(&first), &json!({"name": "b"}), at(1)).record;
    let third = set(Some(&second), &json!({"name": "a"}), at(1)).record;
    assert_eq!(third.content, first.content);
    let etags: std::collections::HashSet<_> = [&first, &second, &third].map(|record| record.etag.clone()).into();
    assert_eq!(etags.len(), 3);
    let is_hexadecimal = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert!(etags.iter().all(|etag| etag.as_str().len() == 32 && is_hexadecimal(etag.as_str())));
}

#[test]
fn what_changes_again_has_a_later_time_whatever_the_clock_says() {
    let tick = |moment: Moment| Moment::from_micros(moment.micros() + 1);
    let first = set(None, &json!({"name": "a"}), at(5)).record;
    for now in [at(5), at(4)] {
        let second = set(Some(&first), &json!({"name": "b"}), now);
        assert_eq!(second.record.updated, tick(at(5)), "{now}");
        assert_eq!(told(&second.event.unwrap())["updated"], tick(at(5)).to_string());
    }
    let held = apply(&[], &json!({"set": [entry("a", json!({}))]}), at(5)).put;
    let body = json!({"set": [entry("a", json!({"status": "s"})), entry("b", json!({}))]});
    let put: Vec<_> = apply(&held, &body, at(4)).put.iter().map(|held| held.updated).collect();
    assert_eq!(put, [tick(at(5)), at(4)]);
}

#[test]
fn an_event_tells_the_fields_of_the_request() {
    let check = |body: Value, expected: Value| {
        let before = set(None, &json!({"name": "n", "email": "e"}), at(1)).record;
        let written = set(Some(&before), &body, at(2));
        let event = written.event.unwrap();
        let mut expected = expected;
        expected["id"] = "ann".into();
        expected["updated"] = "1970-01-01T00:00:02Z".into();
        expected["eTag"] = written.record.etag.as_str().into();
        assert_eq!(told(&event), expected);
        assert_eq!(heard(&event), ["ann"]);
    };
    check(json!({"email": null}), json!({"email": null}));
    check(json!({"name": "n", "email": "f"}), json!({"name": "n", "email": "f"}));
    check(json!({"custom": {"a": 1}, "unknown": 1}), json!({"custom": {"a": 1}}));
    // Some SDKs send null for whatever their caller leaves out. Who listens hears of what was cleared only.
    check(json!({"custom": {"a": 1}, "status": null}), json!({"custom": {"a": 1}}));
    check(json!({"email": null, "custom": null, "name": null}), json!({"email": null, "name": null}));
    let created = set(None, &json!({"name": "n", "email": null, "custom": null}), at(2)).event.unwrap();
    assert_eq!(told(&created).as_object().unwrap().keys().collect::<Vec<_>>(), ["eTag", "id", "name", "updated"]);
}

#[test]
fn a_condition_is_the_etag_as_it_stands() {
    let record = set(None, &json!({"name": "a"}), at(1)).record;
    let etag = record.etag.as_str().to_owned();
    let check = |header: Option<&str>, exists: bool, holds: bool| {
        let set = parse(Kind::Channel, r#"{"name":"a"}"#, CustomMode::Replace, Condition::of(header)).unwrap();
        let result = set.apply(exists.then_some(&record), at(2)).map(drop);
        assert_eq!(result, if holds { Ok(()) } else { Err(Refused::Stale(Kind::Channel)) }, "{header:?} {exists}");
        let remove = Remove { kind: Kind::Channel, id: id("ann"), condition: Condition::of(header), integrity: false };
        assert_eq!(remove.apply(exists.then_some(&record), &[]).is_ok(), holds, "{header:?} {exists}");
    };
    check(None, true, true);
    check(Some(""), false, true);
    check(Some(&etag), true, true);
    check(Some(&format!("\"{etag}\"")), true, true);
    check(Some("*"), true, true);
    check(Some("*"), false, false);
    check(Some(&etag), false, false);
    check(Some("other"), true, false);
    check(Some(&etag.to_uppercase()), true, etag == etag.to_uppercase());
    check(Some(&format!("W/\"{etag}\"")), true, false);
    assert_eq!(Refusal::from(Refused::Stale(Kind::User)).status(), 412);
}

#[test]
fn the_first_fault_of_a_body_is_told_with_its_place() {
    let check = |body: &str, location: &str| {
        let fault = parse(Kind::User, body, CustomMode::Replace, Condition::None).unwrap_err();
        assert_eq!((fault.location.as_str(), fault.place), (location, Place::Body), "{body}");
    };
    let long = |length: usize| "é".repeat(length);
    let field = |name: &str, value: Value| json!({name: value}).to_string();
    for body in ["", "{", "null", "[]", "\"x\"", "name=x", "{} {}", r#"{"name":"\ud800"}"#, "\u{feff}{}"] {
        check(body, "");
    }
    check(&"[".repeat(100_000), "");
    check(&field("name", "".into()), "name");
    check(&field("name", " \t\u{a0}".into()), "name");
    check(&field("name", 5.into()), "name");
    check(&field("name", "a\0".into()), "name");
    check(&field("name", long(2049).into()), "name");
    check(&field("externalId", long(2049).into()), "externalId");
    check(&field("profileUrl", long(2049).into()), "profileUrl");
    check(&field("email", long(321).into()), "email");
    check(&field("status", long(51).into()), "status");
    check(&field("type", json!({})), "type");
    check(&field("custom", "x".into()), "custom");
    check(&field("custom", json!([1])), "custom");
    check(&field("custom", json!({"b": [], "a b": {}})), "custom.a b");
    check(&field("custom", json!({"a": "x".repeat(40_000)})), "");
    check(r#"{"custom":5,"status":5,"name":5}"#, "name");
    let fits =
        json!({"name": long(2048), "externalId": long(2048), "profileUrl": "", "email": long(320), "type": long(50)});
    assert!(parse(Kind::User, &fits.to_string(), CustomMode::Replace, Condition::None).is_ok());
    let ignored = json!({"email": 5, "description": long(2048)}).to_string();
    assert!(parse(Kind::Channel, &ignored, CustomMode::Replace, Condition::None).is_ok());
}

#[test]
fn a_record_is_counted_whole() {
    let before = set(None, &json!({"custom": {"a": "x".repeat(20_000)}}), at(1)).record;
    let grow = parse(
        Kind::User,
        &json!({"custom": {"b": "x".repeat(20_000)}}).to_string(),
        CustomMode::Merge,
        Condition::None,
    );
    assert!(
        matches!(grow.unwrap().apply(Some(&before), at(2)), Err(Refused::Invalid(fault)) if fault.location.is_empty())
    );
    // What the record takes beside that text: brackets, keys, the id, and the nulls of a user.
    let base = wire::context::size(
        &id("ann"),
        Kind::User.fields(),
        &set(None, &json!({"custom": {"a": ""}}), at(1)).record.content,
    );
    let filled = |length: usize| json!({"custom": {"a": "x".repeat(length)}}).to_string();
    let fits = |length| parse(Kind::User, &filled(length), CustomMode::Replace, Condition::None).is_ok();
    assert!(fits(32 * 1024 - base) && !fits(32 * 1024 - base + 1));
}

#[test]
fn a_path_names_a_record_or_is_refused() {
    let check = |segment: &str, expected: Option<&str>| {
        let found = record_id(Kind::User, segment);
        assert_eq!(found.as_ref().ok().map(wire::RecordId::as_str), expected, "{segment}");
        if let Err(fault) = found {
            assert_eq!((fault.location.as_str(), fault.place), ("uuid", Place::Path));
        }
    };
    check("ann", Some("ann"));
    check("a%20b%25", Some("a b%"));
    check("%F0%9F%98%80", Some("😀"));
    check(&"x".repeat(92), Some(&"x".repeat(92)));
    check(&"x".repeat(93), None);
    for bad in ["", "a%2Cb", "a%2Fb", "a%5Cb", "a*", "a:b", "a%07", "a%00", "%zz", "%ff"] {
        check(bad, None);
    }
}

#[test]
fn a_removed_user_is_told_wherever_they_are_a_member() {
    let record = set(None, &json!({}), at(1)).record;
    let remove = |kind, integrity| Remove { kind, id: id("ann"), condition: Condition::None, integrity };
    let plain = remove(Kind::User, false);
    assert!(plain.needs_others());
    let removed = plain.apply(Some(&record), &[id("lobby"), id("ann")]).unwrap();
    assert!(removed.existed && !removed.memberships);
    assert_eq!(heard(&removed.events[0]), ["ann", "lobby"]);
    assert_eq!(told(&removed.events[0]), json!({"id": "ann"}));

    assert_eq!(plain.apply(None, &[id("lobby")]).unwrap(), crate::context::Removed::default());
    assert!(!remove(Kind::Channel, false).needs_others());

    let removed = remove(Kind::Channel, true).apply(Some(&record), &[id("bob")]).unwrap();
    assert!(removed.memberships);
    assert_eq!(removed.events.iter().map(heard).collect::<Vec<_>>(), [vec!["ann"], vec!["ann", "bob"]]);
    assert_eq!(told(&removed.events[1]), json!({"channel": {"id": "ann"}, "uuid": {"id": "bob"}}));
}

fn manage(body: &Value) -> Result<Manage, wire::context::Fault> {
    Manage::parse(Kind::User, id("ann"), body.to_string().as_bytes(), CustomMode::Replace, true)
}

fn entry(channel: &str, more: Value) -> Value {
    let mut entry = more;
    entry["channel"] = json!({"id": channel});
    entry
}

fn apply(current: &[Membership], body: &Value, now: Moment) -> Managed {
    manage(body).unwrap().apply(current, now).unwrap()
}

#[test]
fn memberships_are_set_and_deleted_and_only_changes_are_told() {
    let first = apply(&[], &json!({"set": [entry("a", json!({"status": "s"})), entry("b", json!({}))]}), at(1));
    assert_eq!(first.events.iter().map(heard).collect::<Vec<_>>(), [["a", "ann"], ["b", "ann"]]);
    let body = json!({
        "set": [entry("a", json!({"type": "t"})), entry("b", json!({"custom": null})), entry("c", json!({}))],
        "delete": [entry("d", json!({"status": 5})), entry("x", json!({}))],
    });
    let mut current = first.put;
    current.extend(apply(&[], &json!({"set": [entry("d", json!({}))]}), at(1)).put);
    let second = apply(&current, &body, at(2));
    let put: Vec<_> = second.put.iter().map(|held| (held.channel.as_str(), held.updated)).collect();
    assert_eq!(put, [("a", at(2)), ("c", at(2))]);
    assert_eq!(second.put[0].content.text(wire::context::TextField::Status), Some("s"));
    assert_eq!(second.remove, [id("d")]);
    let words: Vec<_> = second.events.iter().map(|event| (event.action, heard(event)[0])).collect();
    use wire::context::Action::{Delete, Set};
    assert_eq!(words, [(Set, "a"), (Set, "c"), (Delete, "d")]);
    let etag = second.put[0].etag.as_str();
    let expected = json!({"channel": {"id": "a"}, "uuid": {"id": "ann"}, "type": "t", "eTag": etag, "updated": "1970-01-01T00:00:02Z"});
    assert_eq!(told(&second.events[0]), expected);
    let nulls = json!({"set": [entry("e", json!({"custom": null, "status": null}))]});
    assert_eq!(
        told(&apply(&[], &nulls, at(2)).events[0]).as_object().unwrap().keys().collect::<Vec<_>>(),
        ["channel", "eTag", "updated", "uuid"]
    );
}

#[test]
fn the_etag_of_a_membership_is_that_of_its_content() {
    let one = |body: Value, now| apply(&[], &json!({"set": [entry("a", body)]}), at(now)).put.remove(0).etag;
    let plain = one(json!({}), 1);
    assert_eq!(plain, one(json!({"status": null}), 2));
    assert_eq!(one(json!({"custom": {"a": 1, "b": 2}}), 1), one(json!({"custom": {"b": 2, "a": 1}}), 5));
    for other in [json!({"status": ""}), json!({"type": ""}), json!({"custom": {}}), json!({"status": "x"})] {
        assert_ne!(plain, one(other, 1));
    }
    assert_ne!(one(json!({"status": "x"}), 1), one(json!({"type": "x"}), 1));
    let text = plain.as_str();
    assert!(text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')));
}

#[test]
fn of_several_entries_with_one_id_the_last_counts() {
    let body = json!({
        "set": [entry("a", json!({"status": "1"})), entry("b", json!({})), entry("a", json!({"type": "2"}))],
        "delete": [entry("c", json!({})), entry("c", json!({}))],
    });
    let manage = manage(&body).unwrap();
    assert_eq!(manage.others().map(wire::RecordId::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    let managed = manage.apply(&[], at(1)).unwrap();
    assert_eq!(managed.put[0].content, wire::context::Content::default().with(wire::context::TextField::Type, "2"));
    assert_eq!(managed.put.len(), 2);
}

#[test]
fn the_first_fault_of_a_membership_body_is_told_with_its_place() {
    let check = |body: Value, location: &str| {
        let fault = manage(&body).unwrap_err();
        assert_eq!((fault.location.as_str(), fault.place), (location, Place::Body), "{body}");
    };
    check(json!([]), "");
    check(json!({"set": {}}), "set");
    check(json!({"delete": "x"}), "delete");
    check(json!({"set": ["x"]}), "set.0");
    check(json!({"set": [{}]}), "set.0.channel.id");
    check(json!({"set": [{"channel": "x"}]}), "set.0.channel.id");
    check(json!({"set": [{"uuid": {"id": "x"}}]}), "set.0.channel.id");
    check(json!({"set": [{"channel": {"id": 7}}]}), "set.0.channel.id");
    check(json!({"set": [{"channel": {"id": "a*"}}]}), "set.0.channel.id");
    check(json!({"set": [entry("a", json!({})), entry("b", json!({"status": 5}))]}), "set.1.status");
    check(json!({"set": [entry("a", json!({"custom": {"k": []}}))]}), "set.0.custom.k");
    check(json!({"set": [entry("a", json!({"custom": {"k": "x".repeat(40_000)}}))]}), "set.0");
    check(json!({"set": [entry("a*", json!({})), 5]}), "set.0.channel.id");
    check(json!({"delete": [entry("a*", json!({})), 5]}), "delete.0.channel.id");
    check(json!({"delete": [entry("a", json!({})), {"channel": {}}]}), "delete.1.channel.id");
    check(
        json!({"set": [entry("a", json!({}))], "delete": [entry("b", json!({})), entry("a", json!({}))]}),
        "delete.1.channel.id",
    );
    check(json!({"set": vec![entry("a", json!({})); 101]}), "set");
    check(json!({"delete": vec![entry("a", json!({})); 101]}), "delete");
    assert!(manage(&json!({"set": vec![entry("a", json!({})); 100]})).is_ok());
    for empty in [json!({}), json!({"set": null, "delete": null}), json!({"set": [], "delete": []})] {
        assert!(manage(&empty).unwrap().is_empty());
    }
}

#[test]
fn integrity_asks_for_metadata_at_both_ends() {
    let manage = manage(&json!({"set": [entry("a", json!({})), entry("b", json!({}))]})).unwrap();
    let check = |owner: bool, others: &[&str], expected: Result<(), (&str, Place)>| {
        let result = manage.missing(owner, |id| others.contains(&id.as_str()));
        let result = result.as_ref().map_err(|refused| match refused {
            Refused::Invalid(fault) => (fault.location.as_str(), fault.place),
            Refused::Stale(_) => ("", Place::Query),
        });
        assert_eq!(result.copied(), expected);
    };
    check(true, &["a", "b"], Ok(()));
    check(true, &["a"], Err(("set.1.channel.id", Place::Body)));
    check(false, &[], Err(("uuid", Place::Path)));
    assert_eq!(Manage { integrity: false, ..manage.clone() }.missing(false, |_| false), Ok(()));
    assert_eq!(Manage { set: vec![], ..manage }.missing(false, |_| false), Ok(()));
}

#[test]
fn a_bulk_write_answers_each_record_by_itself() {
    let body = json!([
        {"id": "a", "name": "A"},
        {"id": "b:", "name": "B"},
        {"id": "c", "name": 5},
        "x",
        {"name": "no id"},
        {"id": "a", "name": "A"},
    ]);
    let bulk = Bulk::parse(Kind::User, body.to_string().as_bytes(), CustomMode::Replace).unwrap();
    let first = bulk.sets[0].apply(None, at(1)).unwrap();
    let second = bulk.sets[1].apply(Some(&first.record), at(1)).unwrap();
    let answers = bulk.answers(&[Ok(first), Ok(second)]);
    let text = wire::context::bulk(&answers);
    let data = serde_json::from_str::<Value>(&text).unwrap()["data"].take();
    let shown: Vec<_> = data
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| json!([answer["id"], answer["result"], answer["error"]["location"]]))
        .collect();
    let expected = json!([
        ["a", "created", null],
        ["b:", "refused", "1.id"],
        ["c", "refused", "2.name"],
        [null, "refused", "3"],
        [null, "refused", "4.id"],
        ["a", "unchanged", null],
    ]);
    assert_eq!(Value::Array(shown), expected);
    for bad in [json!({}).to_string(), "[".into(), json!(vec![json!({"id": "a"}); 1001]).to_string()] {
        assert_eq!(Bulk::parse(Kind::User, bad.as_bytes(), CustomMode::Replace).unwrap_err().location, "");
    }
}

mod bodies {
    use proptest::prelude::*;

    use super::*;

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[a-z]{1,3}".prop_map(Value::from),
        ];
        let key = prop_oneof![
            prop::sample::select(vec!["set", "delete", "channel", "uuid", "id", "name", "status", "type", "custom"])
                .prop_map(str::to_owned),
            any::<String>(),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn survive(body: &[u8]) {
        for mode in [CustomMode::Replace, CustomMode::Merge] {
            for kind in [Kind::User, Kind::Channel] {
                if let Ok(set) = Set::parse(kind, id("ann"), body, mode, Condition::None) {
                    let first = set.apply(None, at(1)).unwrap();
                    let again = set.apply(Some(&first.record), at(2)).unwrap();
                    assert_eq!(again.effect, Effect::Unchanged, "the same once more changes nothing");
                }
                if let Ok(manage) = Manage::parse(kind, id("ann"), body, mode, false) {
                    let first = manage.apply(&[], at(1)).unwrap();
                    let again = manage.apply(&first.put, at(2)).unwrap();
                    assert!(again.put.is_empty() && again.events.is_empty(), "the same once more changes nothing");
                }
                if let Ok(bulk) = Bulk::parse(kind, body, mode) {
                    let results: Vec<_> = bulk.sets.iter().map(|set| set.apply(None, at(1))).collect();
                    let _ = wire::context::bulk(&bulk.answers(&results));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            survive(&body);
        }

        #[test]
        fn no_json_panics_and_twice_is_as_good_as_once(body in json()) {
            survive(body.to_string().as_bytes());
            survive(Value::Array(vec![body]).to_string().as_bytes());
        }
    }
}
