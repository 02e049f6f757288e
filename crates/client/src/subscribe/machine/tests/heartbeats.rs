//! Heartbeats by interval, states that are kept, and presence without a subscription.

use super::*;

fn with_heartbeats() -> Settings {
    Settings { heartbeat: Some(9 * SECOND), ..settings() }
}

fn state(text: &str) -> Json {
    Json::parse(text).unwrap()
}

#[test]
fn without_an_interval_polls_alone_keep_the_user_present() {
    let mut bench = Bench::receiving("room");
    assert_eq!(bench.machine.deadline(), None);
    bench.pass(3600 * SECOND);
    assert!(bench.beat.is_none());
}

#[test]
fn with_one_a_heartbeat_names_every_place_and_no_presence_stream() {
    let mut bench = Bench::new(with_heartbeats()).connected("room room-pnpres group:friends");
    assert!(bench.beat.is_none(), "the poll has joined");
    assert_eq!(bench.wait(), 9 * SECOND);
    assert_eq!(bench.beat.as_ref().unwrap().names, names("room group:friends"));
    bench.pass(4 * SECOND);
    bench.beaten(Ok(()));
    assert_eq!(bench.wait(), 5 * SECOND, "from one to the next, however long it takes");
}

#[test]
fn one_at_a_time_however_late_it_is_answered() {
    let mut bench = Bench::new(with_heartbeats()).connected("room");
    bench.wait();
    bench.pass(100 * SECOND);
    bench.beaten(Ok(()));
    assert!(bench.beat.is_some(), "the next was due long ago");
}

#[test]
fn a_heartbeat_that_fails_is_tried_again_before_the_next_is_due() {
    let mut bench = Bench::new(Settings { heartbeat: Some(60 * SECOND), ..settings() }).connected("room");
    bench.wait();
    bench.beaten(Err(lost()));
    let status = bench.statuses().remove(0);
    assert_eq!((status.operation, status.category), ("heartbeat", Category::NetworkIssues));
    assert!(bench.wait() <= 2 * SECOND);
    bench.beaten(Err(denied("room")));
    assert!(bench.statuses().remove(0).category.is_error());
    assert!(bench.wait() > 50 * SECOND, "what is denied is not hurried");
}

#[test]
fn presence_without_a_subscription_begins_at_once_and_goes_on_by_interval() {
    let mut bench = Bench::new(settings());
    bench.set_presence(true, "room group:friends");
    assert_eq!(bench.beat.as_ref().unwrap().names, names("room group:friends"));
    assert_eq!(bench.under_way(), None, "nothing is received");
    bench.beaten(Ok(()));
    assert_eq!(bench.wait(), 149 * SECOND);
    bench.set_presence(true, "hall");
    bench.beaten(Ok(()));
    assert_eq!(
        bench.beat.as_ref().unwrap().names,
        names("hall room group:friends"),
        "who comes anew is not kept waiting"
    );
    bench.beaten(Ok(()));
    bench.set_presence(false, "room hall group:friends");
    assert_eq!(bench.parting.as_ref().unwrap().names, names("hall room group:friends"));
    bench.left();
    bench.pass(3600 * SECOND);
    assert!(bench.beat.is_none());
}

#[test]
fn it_shares_its_heartbeats_with_subscriptions() {
    let mut bench = Bench::new(with_heartbeats()).connected("room");
    bench.set_presence(true, "hall");
    assert_eq!(bench.beat.as_ref().unwrap().names, names("hall room"));
    bench.beaten(Ok(()));
    bench.set_presence(true, "room");
    assert_eq!(bench.beat.as_ref().unwrap().names, names("hall room"), "who says it again wants a sign of life now");
    bench.beaten(Ok(()));
    bench.unsubscribe(1, "room");
    assert!(bench.parting.is_none(), "it is still connected to the room");
    assert_eq!(bench.wait(), 9 * SECOND);
    assert_eq!(bench.beat.as_ref().unwrap().names, names("hall room"));
}

#[test]
fn states_are_repeated_whenever_the_user_joins() {
    let mut bench = Bench::new(with_heartbeats());
    bench.subscribe(1, "room hall", None);
    bench.machine.set_state(&names("room elsewhere"), &state(r#"{"mood":"ok"}"#));
    bench.answer(polled(100, vec![]));
    let states = |names: &BTreeMap<Name, Json>| {
        names.iter().map(|(name, state)| format!("{name} {}", state.as_str())).collect::<Vec<_>>()
    };
    let kept = [r#"room {"mood":"ok"}"#];
    bench.wait();
    assert_eq!(states(&bench.beat.as_ref().unwrap().states), kept, "with a heartbeat");
    bench.answer(polled(101, vec![]));
    assert_eq!(states(&bench.poll.as_ref().unwrap().states), [""; 0], "a poll that joins nothing needs none");
    bench.subscribe(1, "cellar", None);
    assert_eq!(states(&bench.poll.as_ref().unwrap().states), kept, "with names that join");
    bench.fail(lost());
    bench.pass(2 * SECOND);
    assert_eq!(states(&bench.poll.as_ref().unwrap().states), kept, "with a reconnect");
    bench.answer(polled(102, vec![]));
    bench.machine.set_state(&names("room"), &state("{}"));
    bench.fail(lost());
    bench.pass(4 * SECOND);
    assert_eq!(states(&bench.poll.as_ref().unwrap().states), [""; 0], "an empty state is none");
}

#[test]
fn a_state_ends_with_the_subscription() {
    let mut bench = Bench::receiving("room hall");
    bench.machine.set_state(&names("room hall"), &state(r#"{"a":1}"#));
    bench.unsubscribe(1, "room");
    bench.left();
    bench.subscribe(1, "room", None);
    let states: Vec<&Name> = bench.poll.as_ref().unwrap().states.keys().collect();
    assert_eq!(states, names("hall").iter().collect::<Vec<_>>());
}

#[test]
fn without_a_network_there_are_no_heartbeats_and_afterwards_one_at_once() {
    let mut bench = Bench::new(settings());
    bench.set_presence(true, "room");
    bench.beaten(Ok(()));
    bench.machine.pause(Pause::Asked, bench.now);
    bench.settle();
    bench.pass(3600 * SECOND);
    assert!(bench.beat.is_none() && bench.parting.is_none());
    bench.machine.resume(bench.now);
    bench.settle();
    assert!(bench.beat.is_some());
}

#[test]
fn nobody_beats_for_nobody() {
    let mut bench = Bench::new(Settings { has_user: false, ..with_heartbeats() }).connected("room");
    bench.set_presence(true, "hall");
    bench.pass(3600 * SECOND);
    assert!(bench.beat.is_none());
}
