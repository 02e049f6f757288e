//! How a request is judged, step by step.

use wire::access::{Permissions, Resource};
use wire::context::Kind;
use wire::{ChannelName, GroupName, RecordId};

use super::acts::{self, Act, Places, Sent};
use super::*;
use crate::groups::GroupStream;

fn channels(names: &str) -> Vec<ChannelName> {
    names.split_whitespace().map(|name| ChannelName::new(name).unwrap()).collect()
}

fn publish(name: &str) -> acts::Publish {
    acts::Publish { kind: Sent::Message, channel: ChannelName::new(name).unwrap() }
}

fn forbidden(channels: &[&str], groups: &[&str]) -> Refusal {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Refusal::Forbidden { channels: names(channels), groups: names(groups) }
}

#[test]
fn what_is_shown_is_looked_at_in_one_order() {
    let (guard, mut ledger, now) = (guard(), Ledger::default(), at(0));
    let room = |bits: u8| json!({"resources": {"channels": {"room": bits}}});
    let writer = token(&guard, room(2), now, 1);
    let reader = token(&guard, room(1), now, 1);
    let foreign = token(&guard_of("sub", "pub", &["other"]), room(2), now, 1);
    let check = |ledger: &Ledger, query: &str, seconds: u64, expected: Result<(), Refusal>| {
        assert_eq!(judge(&guard, ledger, &format!("/x?{query}"), publish("room"), at(seconds)), expected, "{query}");
    };
    check(&ledger, "", 0, Err(forbidden(&["room"], &[])));
    check(&ledger, "auth=", 0, Err(forbidden(&["room"], &[])));
    check(&ledger, "auth=key", 0, Err(forbidden(&["room"], &[])));
    check(&ledger, &format!("auth={writer}"), 0, Ok(()));
    check(&ledger, &format!("auth={}", wire::encode(&writer)), 59, Ok(()));
    check(&ledger, &format!("auth={}", writer.trim_end_matches('=')), 0, Ok(()));
    check(&ledger, &format!("auth={writer}"), 60, Err(Refusal::TokenExpired));
    check(&ledger, &format!("auth={reader}"), 0, Err(forbidden(&["room"], &[])));
    check(&ledger, &format!("auth={foreign}"), 0, Err(Refusal::TokenInvalid));
    let by = signed(&guard, "/x?auth=nonsense", now.seconds());
    assert_eq!(judge(&guard, &ledger, &by, publish("room"), now), Ok(()), "a good signature is enough");
    let wrong = format!("auth={writer}&timestamp={}&signature=v2.AAAA", now.seconds());
    check(&ledger, &wrong, 0, Err(Refusal::WrongSignature));
    check(&ledger, &wrong, 100, Err(Refusal::InvalidTimestamp));

    let id = guard.verify(&writer).unwrap().unwrap().id();
    ledger.revoke(Revocation { token: id, until: at(60) });
    check(&ledger, &format!("auth={writer}"), 0, Err(Refusal::TokenRevoked));
    check(&ledger, &format!("auth={}", writer.trim_end_matches('=')), 0, Err(Refusal::TokenRevoked));
    check(&ledger, &format!("auth={writer}"), 60, Err(Refusal::TokenExpired));
    check(&ledger, &format!("auth={}", token(&guard, room(2), at(1), 1)), 1, Ok(()));
    ledger.prune(at(60));
    assert!(!ledger.is_revoked(id));
}

#[test]
fn every_name_needs_its_permission_and_those_refused_are_told_in_order() {
    let (guard, ledger, now) = (guard(), Ledger::default(), at(0));
    let text = token(&guard, json!({"resources": {"channels": {"a": 1, "c": 2}, "groups": {"g": 1}}}), now, 1);
    let stream = |name: &str, presence| GroupStream { group: GroupName::new(name).unwrap(), presence };
    let listen = |names: &str, groups: Vec<GroupStream>| acts::Listen { channels: channels(names), groups };
    let check = |act: acts::Listen, expected| {
        assert_eq!(judge(&guard, &ledger, &format!("/x?auth={text}"), act, now), expected);
    };
    check(listen("a", vec![stream("g", false)]), Ok(()));
    check(listen("z a c b", vec![stream("h", false), stream("g", false)]), Err(forbidden(&["z", "c", "b"], &["h"])));
    check(listen("a-pnpres a", vec![stream("g", true)]), Err(forbidden(&["a-pnpres"], &["g-pnpres"])));
    check(listen("a.*", vec![]), Err(forbidden(&["a.*"], &[])));
}

#[test]
fn an_exact_entry_decides_alone_and_groups_are_matched_with_their_namespace_too() {
    let (guard, ledger, now) = (guard(), Ledger::default(), at(0));
    let permissions = json!({
        "resources": {"channels": {"room": 1}},
        "patterns": {"channels": {".*": 2}, "groups": {"^:g": 4}},
    });
    let query = format!("/x?auth={}", token(&guard, permissions, now, 1));
    assert_eq!(judge(&guard, &ledger, &query, publish("other"), now), Ok(()));
    assert_eq!(judge(&guard, &ledger, &query, publish("room"), now), Err(forbidden(&["room"], &[])));
    let change = |name: &str| acts::ChangeGroup(GroupName::new(name).unwrap());
    assert_eq!(judge(&guard, &ledger, &query, change("g1"), now), Ok(()));
    assert_eq!(judge(&guard, &ledger, &query, change("a-g"), now), Err(forbidden(&[], &["a-g"])));
    let list = |name: &str| acts::ListGroup(GroupName::new(name).unwrap());
    assert_eq!(judge(&guard, &ledger, &query, list("g1"), now), Ok(()), "read or manage");
}

#[test]
fn a_token_of_one_user_is_good_for_nobody_else() {
    let (guard, ledger, now) = (guard(), Ledger::default(), at(0));
    let text = token(&guard, json!({"resources": {"channels": {"room": 3}}, "uuid": "ann"}), now, 1);
    let leave = || acts::Leave(Places { channels: channels("room"), groups: Vec::new() });
    let check = |user: &str, expected: Result<(), Refusal>| {
        let target = format!("/x?auth={text}{user}");
        assert_eq!(judge(&guard, &ledger, &target, publish("room"), now), expected);
        assert_eq!(judge(&guard, &ledger, &target, leave(), now), expected);
    };
    check("&uuid=ann", Ok(()));
    for user in ["&uuid=bob", "", "&uuid=", "&uuid=%ff"] {
        check(user, Err(forbidden(&["room"], &[])));
    }
    let get = acts::GetRecord { kind: Kind::User, id: RecordId::new("ann").unwrap() };
    let own = judge(&guard, &ledger, &format!("/x?auth={text}&uuid=ann"), get, now);
    assert_eq!(own, Err(Refusal::ContextForbidden), "being ann is no permission on ann");
}

#[test]
fn what_needs_no_permission_still_needs_a_good_token() {
    let (guard, mut ledger, now) = (guard(), Ledger::default(), at(0));
    let leave = || acts::Leave(Places { channels: channels("room"), groups: Vec::new() });
    let text = token(&guard, json!({"resources": {"channels": {"other": 1}}}), now, 1);
    let foreign = token(&guard_of("sub", "pub", &["other"]), json!({"resources": {"channels": {"other": 1}}}), now, 1);
    let check = |ledger: &Ledger, query: &str, seconds, expected: Result<(), Refusal>| {
        assert_eq!(judge(&guard, ledger, &format!("/x?{query}"), leave(), at(seconds)), expected);
        assert_eq!(judge(&guard, ledger, &format!("/x?{query}"), acts::WhereNow, at(seconds)), expected);
    };
    for nobody in ["/x", "/x?auth=any-key"] {
        assert_eq!(judge(&guard, &ledger, nobody, acts::WhereNow, now), Ok(()));
        assert_eq!(
            judge(&guard, &ledger, nobody, leave(), now),
            Err(forbidden(&["room"], &[])),
            "nobody knows who leaves"
        );
    }
    let place = KeyPlace { resource: Some(Resource::Channel), name: "room".to_owned(), auth: Some("key".to_owned()) };
    ledger.keys.set(&StoredGrant { place, permissions: Permissions::WRITE, until: None });
    check(&ledger, "auth=key", 0, Ok(()));
    check(&ledger, &format!("auth={text}"), 0, Ok(()));
    check(&ledger, &format!("auth={text}"), 60, Err(Refusal::TokenExpired));
    check(&ledger, &format!("auth={foreign}"), 0, Err(Refusal::TokenInvalid));
    ledger.revoke(Revocation { token: guard.verify(&text).unwrap().unwrap().id(), until: at(60) });
    check(&ledger, &format!("auth={text}"), 0, Err(Refusal::TokenRevoked));
}

#[test]
fn some_acts_need_the_secret_key_and_no_token_replaces_it() {
    let (ledger, now) = (Ledger::default(), at(0));
    let all = json!({"patterns": {"channels": {".*": 255}, "groups": {".*": 255}, "uuids": {".*": 255}}});
    let check = |policy: Policy, users: bool| {
        let guard = guard_with(Mode::Guarded, policy, "sub", "pub", &[SECRET]);
        let query = format!("/x?auth={}", token(&guard, all.clone(), now, 1));
        assert_eq!(judge(&guard, &ledger, &query, acts::ListGroups, now), Err(forbidden(&[], &[])));
        assert_eq!(judge(&guard, &ledger, &query, acts::HereNowEverywhere, now), Err(forbidden(&[], &[])));
        let listed = judge(&guard, &ledger, &query, acts::ListRecords(Kind::User), now);
        assert_eq!(listed, if users { Ok(()) } else { Err(Refusal::ContextForbidden) });
        let listed = judge(&guard, &ledger, &query, acts::ListRecords(Kind::Channel), now);
        assert_eq!(listed, Err(Refusal::ContextForbidden));
        assert_eq!(judge(&guard, &ledger, &signed(&guard, "/x", now.seconds()), acts::ListGroups, now), Ok(()));
    };
    check(Policy::default(), false);
    check(Policy { all_users: true, all_channels: false }, true);
}

#[test]
fn an_open_key_set_looks_at_nothing_but_grants_need_a_signature() {
    let open = guard_with(Mode::Open, Policy::default(), "sub", "pub", &[SECRET]);
    let (ledger, now) = (Ledger::default(), at(0));
    assert_eq!(judge(&open, &ledger, "/x?signature=v2.AAAA&auth=%ff", publish("room"), now), Ok(()));
    assert_eq!(judge(&open, &ledger, "/x", acts::ListGroups, now), Ok(()));
    assert_eq!(open.decide_signed(&shown("/x"), GrantToken, now).unwrap_err(), SignatureFault::Timestamp);
    assert!(open.decide_signed(&shown(&signed(&open, "/x", now.seconds())), GrantToken, now).is_ok());
}

#[test]
fn a_request_whose_names_cannot_be_read_is_for_those_with_a_token() {
    let (guard, mut ledger, now) = (guard(), Ledger::default(), at(0));
    let check = |ledger: &Ledger, target: &str, operation: Operation| {
        let grounds = guard.grounds(&shown(target), now, |text| Ok(guard.verify(text)?.map(Arc::new)))?;
        guard.check_unreadable(&grounds, operation, ledger, now)
    };
    let text = token(&guard, json!({"resources": {"channels": {"other": 1}}}), now, 1);
    assert_eq!(check(&ledger, "/x", Operation::Publish), Err(forbidden(&[], &[])));
    assert_eq!(check(&ledger, "/x?auth=key", Operation::SetRecord(Kind::User)), Err(Refusal::ContextForbidden));
    assert_eq!(check(&ledger, &format!("/x?auth={text}"), Operation::Publish), Ok(()));
    let place = KeyPlace { resource: None, name: String::new(), auth: Some("key".to_owned()) };
    ledger.keys.set(&StoredGrant { place, permissions: Permissions::READ, until: None });
    assert_eq!(check(&ledger, "/x?auth=key", Operation::Publish), Ok(()));
}

#[test]
fn an_act_names_what_it_touches() {
    let places = Places { channels: channels("b a"), groups: vec![GroupName::new("g").unwrap()] };
    let names =
        |act: &dyn Act| -> Vec<String> { act.names().iter().map(|(kind, name)| format!("{kind:?} {name}")).collect() };
    assert_eq!(names(&acts::Heartbeat(places.clone())), ["Channel b", "Channel a", "Group g"]);
    let manage = |owner, body: &str| {
        let id = RecordId::new("x").unwrap();
        acts::ManageMemberships(
            crate::context::Manage::parse(owner, id, body.as_bytes(), crate::context::CustomMode::of(None), false)
                .unwrap(),
        )
    };
    let of_user = manage(Kind::User, r#"{"set": [{"channel": {"id": "c"}}], "delete": [{"channel": {"id": "d"}}]}"#);
    assert_eq!(names(&of_user), ["User x", "Channel c", "Channel d"]);
    let of_channel = manage(Kind::Channel, r#"{"set": [{"uuid": {"id": "u"}}]}"#);
    assert_eq!(names(&of_channel), ["Channel x"]);
    assert_eq!(of_channel.names()[0].0, Resource::Channel);
}
