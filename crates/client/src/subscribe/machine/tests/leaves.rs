//! Unsubscribing leaves, and neither a late join nor a late leave undoes the other.

use super::*;

fn parting(bench: &Bench) -> Option<NameSet> {
    bench.parting.as_ref().map(|parting| parting.names.clone())
}

#[test]
fn what_is_unsubscribed_from_is_left_and_nothing_else() {
    let mut bench = Bench::receiving("room hall room-pnpres group:friends");
    bench.unsubscribe(1, "room room-pnpres group:friends elsewhere");
    assert_eq!(parting(&bench), Some(names("room group:friends")), "nobody is on a presence stream");
    assert_eq!(bench.under_way().unwrap().0, names("hall"));
}

#[test]
fn a_presence_stream_alone_is_no_place_to_leave() {
    let mut bench = Bench::receiving("room room-pnpres");
    bench.unsubscribe(1, "room-pnpres");
    assert_eq!(parting(&bench), None);
}

#[test]
fn what_someone_else_still_holds_is_not_left() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "room", None);
    bench.unsubscribe(1, "room");
    assert_eq!(parting(&bench), None);
    bench.machine.unsubscribe(Holder(2), None, bench.now);
    bench.settle();
    assert_eq!(parting(&bench), Some(names("room")));
}

#[test]
fn everything_is_left_at_once() {
    let mut bench = Bench::receiving("room hall");
    bench.subscribe(2, "cellar", None);
    bench.machine.unsubscribe_all(bench.now);
    bench.settle();
    assert_eq!(parting(&bench), Some(names("cellar hall room")));
    assert_eq!(bench.under_way(), None);
}

#[test]
fn who_wants_no_leaves_and_who_is_nobody_leaves_nothing() {
    for settings in [Settings { leaves: false, ..settings() }, Settings { has_user: false, ..settings() }] {
        let mut bench = Bench::new(settings).connected("room");
        bench.machine.stop(bench.now);
        bench.settle();
        assert_eq!((parting(&bench), bench.ended), (None, true));
    }
}

#[test]
fn a_leave_waits_for_the_first_call_that_joins() {
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", None);
    bench.unsubscribe(1, "room");
    assert_eq!(parting(&bench), None, "the call might arrive after the leave");
    bench.answer(polled(100, vec![]));
    assert_eq!(parting(&bench), Some(names("room")));
    assert_eq!((bench.under_way(), bench.categories()), (None, vec![]));
}

#[test]
fn a_leave_waits_for_the_heartbeat_that_renews() {
    let mut bench = Bench::receiving("room");
    bench.set_presence(true, "hall");
    bench.set_presence(false, "hall");
    assert_eq!(parting(&bench), None);
    bench.beaten(Ok(()));
    assert_eq!(parting(&bench), Some(names("hall")));
}

#[test]
fn who_comes_back_before_the_leave_was_sent_never_left() {
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", None);
    bench.unsubscribe(1, "room");
    bench.subscribe(1, "room", None);
    bench.answer(polled(100, vec![]));
    assert_eq!(parting(&bench), None);
    assert_eq!(bench.under_way(), Some((names("room"), Some(100))));
}

#[test]
fn who_comes_back_while_the_leave_is_under_way_joins_after_it() {
    let mut bench = Bench::receiving("room hall");
    bench.unsubscribe(1, "room");
    let before = bench.under_way();
    bench.subscribe(1, "room", None);
    assert_eq!(bench.under_way(), before, "not yet");
    bench.left();
    assert_eq!(bench.under_way(), Some((names("hall room"), Some(100))));
}

#[test]
fn a_leave_that_fails_is_told_and_not_repeated() {
    let mut bench = Bench::receiving("room");
    bench.machine.unsubscribe_all(bench.now);
    bench.settle();
    bench.statuses();
    let id = bench.parting.take().unwrap().id;
    bench.machine.handle_leave(id, Err(lost()), bench.now);
    bench.settle();
    let status = bench.statuses().remove(0);
    assert_eq!((status.operation, status.category), ("leave", Category::NetworkIssues));
    bench.pass(3600 * SECOND);
    assert_eq!(parting(&bench), None);
}

#[test]
fn the_end_leaves_where_the_user_is_and_says_when_that_is_done() {
    let mut bench = Bench::receiving("room room-pnpres");
    bench.set_presence(true, "hall");
    bench.beaten(Ok(()));
    bench.machine.stop(bench.now);
    bench.settle();
    assert_eq!((parting(&bench), bench.under_way(), bench.ended), (Some(names("hall room")), None, false));
    bench.left();
    assert!(bench.ended);
    bench.subscribe(1, "room", None);
    bench.pass(3600 * SECOND);
    assert_eq!(bench.under_way(), None);
}
