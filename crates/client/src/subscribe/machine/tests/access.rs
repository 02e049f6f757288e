//! What is denied is told, and does not take the rest with it.

use super::*;

#[test]
fn what_is_denied_is_told_and_the_rest_goes_on() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(1, "vault group:spies", None);
    bench.statuses();
    bench.fail(denied("vault group:spies"));
    let status = bench.statuses().remove(0);
    assert_eq!(status.category, Category::AccessDenied);
    assert_eq!(
        (status.affected.channels, status.affected.groups),
        (vec!["vault".to_owned()], vec!["spies".to_owned()])
    );
    assert_eq!(bench.under_way(), Some((names("room"), Some(100))), "at once, and from the same cursor");
}

#[test]
fn a_denial_that_names_nothing_is_of_everything_and_is_not_tried_again() {
    let mut bench = Bench::receiving("room hall");
    bench.fail(denied(""));
    let status = bench.statuses().remove(0);
    assert_eq!((status.category, status.affected.channels.len()), (Category::AccessDenied, 2));
    bench.pass(3600 * SECOND);
    assert_eq!(bench.under_way(), None);
}

#[test]
fn another_token_goes_on_from_where_each_name_stood() {
    let mut bench = Bench::receiving("room vault");
    bench.fail(denied("vault"));
    bench.answer(polled(110, vec![message("room", 110)]));
    assert_eq!(bench.messages(1), [110]);
    bench.machine.set_credentials(bench.now);
    bench.settle();
    assert_eq!(bench.under_way(), Some((names("room vault"), Some(100))));
    bench.answer(polled(112, vec![message("vault", 105), message("room", 110), message("room", 112)]));
    assert_eq!(bench.messages(1), [105, 112], "the vault misses nothing, the room hears nothing twice");
}

#[test]
fn another_token_ends_the_poll_that_has_the_old_one() {
    let mut bench = Bench::receiving("room");
    let old = bench.poll.as_ref().unwrap().id;
    bench.machine.set_credentials(bench.now);
    bench.settle();
    assert_ne!(bench.poll.as_ref().unwrap().id, old);
    assert_eq!(bench.under_way(), Some((names("room"), Some(100))));
}

#[test]
fn everything_denied_and_another_token_reconnects() {
    let mut bench = Bench::receiving("room");
    bench.fail(denied("room"));
    bench.statuses();
    bench.machine.set_credentials(bench.now);
    bench.settle();
    bench.answer(polled(200, vec![]));
    assert_eq!(bench.categories(), [Category::Reconnected]);
    assert_eq!(bench.under_way(), Some((names("room"), Some(100))));
}

#[test]
fn who_asks_for_a_denied_name_again_has_it_tried_again() {
    let mut bench = Bench::receiving("room vault");
    bench.fail(denied("vault"));
    bench.subscribe(2, "vault", None);
    assert_eq!(bench.under_way(), Some((names("room vault"), Some(100))));
    bench.fail(denied("vault"));
    assert_eq!(bench.under_way(), Some((names("room"), Some(100))));
}

#[test]
fn a_denied_name_that_nobody_wants_any_more_is_forgotten() {
    let mut bench = Bench::receiving("room vault");
    bench.fail(denied("room vault"));
    bench.unsubscribe(1, "vault");
    bench.left();
    bench.machine.set_credentials(bench.now);
    bench.settle();
    assert_eq!(bench.under_way().unwrap().0, names("room"));
}
