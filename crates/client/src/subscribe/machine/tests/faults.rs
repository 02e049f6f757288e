//! Lost connections, refusals, servers that send nonsense: what is tried again, and when.

use super::*;

#[test]
fn a_lost_connection_is_waited_for_looked_for_and_caught_up_with() {
    let mut bench = Bench::receiving("room");
    bench.fail(lost());
    let status = bench.statuses().remove(0);
    assert_eq!((status.category, status.timetoken), (Category::NetworkIssues, Some(at(100))));
    assert!(status.error.is_some() && status.retry_in.is_some());
    assert_eq!(bench.under_way(), None, "not at once");
    let waited = bench.wait();
    assert!(waited >= SECOND && waited <= 2 * SECOND, "{waited:?}");
    assert_eq!(Some(waited), status.retry_in);
    assert_eq!(bench.under_way(), Some((names("room"), None)), "whether it is there is answered at once");
    bench.answer(polled(180, vec![]));
    let status = bench.statuses().remove(0);
    assert_eq!((status.category, status.timetoken), (Category::Reconnected, Some(at(100))));
    assert_eq!(bench.under_way(), Some((names("room"), Some(100))), "on from the last cursor, not from now");
    bench.answer(polled(150, vec![message("room", 150)]));
    assert_eq!(bench.messages(1), [150]);
}

#[test]
fn the_first_call_is_tried_again_too() {
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", None);
    bench.fail(lost());
    bench.wait();
    bench.answer(polled(100, vec![]));
    assert_eq!(bench.categories(), [Category::NetworkIssues, Category::Connected]);
}

#[test]
fn delays_grow_until_something_is_received() {
    let mut bench = Bench::receiving("room");
    let mut last = Duration::ZERO;
    for whole in [1, 2, 4, 8] {
        bench.fail(lost());
        last = bench.wait();
        assert!(last >= whole * SECOND && last <= 2 * whole * SECOND, "{last:?} for {whole}");
    }
    bench.answer(polled(180, vec![]));
    bench.fail(lost());
    let waited = bench.wait();
    assert!(waited > last, "an answer to a first call is not a poll that works: {waited:?}");
    bench.answer(polled(190, vec![]));
    bench.answer(polled(191, vec![]));
    bench.fail(lost());
    assert!(bench.wait() <= 2 * SECOND);
}

#[test]
fn a_poll_that_was_open_for_long_shows_that_the_way_works() {
    let mut bench = Bench::receiving("room");
    for _ in 0..5 {
        bench.pass(60 * SECOND);
        bench.fail(lost());
        assert!(bench.wait() <= 2 * SECOND, "a proxy that ends idle connections is no outage");
        bench.answer(polled(100, vec![]));
    }
}

#[test]
fn a_server_that_asks_to_be_left_alone_is() {
    let mut bench = Bench::receiving("room");
    let failure = Failure { kind: FailureKind::Temporary(Some(30 * SECOND)), ..lost() };
    bench.fail(failure);
    let waited = bench.wait();
    assert!(waited >= 30 * SECOND && waited < 31 * SECOND, "{waited:?}");
}

#[test]
fn what_the_server_does_not_take_is_not_asked_again_until_something_changes() {
    let mut bench = Bench::receiving("room");
    bench.fail(refused());
    let status = bench.statuses().remove(0);
    assert_eq!((status.category.is_error(), status.retry_in), (true, None));
    bench.pass(3600 * SECOND);
    assert_eq!(bench.under_way(), None);
    bench.subscribe(1, "hall", None);
    assert_eq!(bench.under_way(), Some((names("hall room"), None)));
    bench.answer(polled(300, vec![]));
    assert_eq!(bench.under_way().unwrap().1, Some(100));
}

#[test]
fn who_tries_so_many_times_gives_up_and_tells_and_can_be_told_to_go_on() {
    let mut bench = Bench::new(Settings { retry: Retry::default().at_most(2), ..settings() }).connected("room");
    for _ in 0..2 {
        bench.fail(lost());
        bench.wait();
    }
    bench.fail(lost());
    let last = bench.statuses().pop().unwrap();
    assert!(last.error.is_some() && last.retry_in.is_none());
    assert_eq!(bench.machine.deadline(), None);
    bench.machine.resume(bench.now);
    bench.settle();
    assert_eq!(bench.under_way(), Some((names("room"), None)));
    bench.fail(lost());
    assert!(bench.machine.deadline().is_some(), "and it counts from the beginning");
}

#[test]
fn without_a_network_nothing_is_asked_and_afterwards_at_once() {
    let mut bench = Bench::receiving("room");
    bench.machine.pause(Pause::Offline, bench.now);
    bench.settle();
    assert_eq!((bench.under_way(), bench.categories()), (None, vec![Category::UnexpectedDisconnect]));
    bench.subscribe(1, "hall", None);
    bench.pass(3600 * SECOND);
    assert_eq!(bench.under_way(), None);
    bench.machine.resume(bench.now);
    bench.settle();
    bench.answer(polled(300, vec![]));
    assert_eq!(bench.categories().pop(), Some(Category::Reconnected));
    assert_eq!(bench.under_way(), Some((names("hall room"), Some(100))));
}

#[test]
fn who_is_told_to_reconnect_does_not_wait_for_the_delay() {
    let mut bench = Bench::receiving("room");
    bench.fail(lost());
    bench.machine.resume(bench.now);
    bench.settle();
    assert_eq!(bench.under_way(), Some((names("room"), None)));
}

#[test]
fn a_server_that_answers_nothing_at_once_is_asked_more_slowly() {
    let mut bench = Bench::receiving("room");
    let mut asked = 0;
    for _ in 0..100 {
        if bench.poll.is_some() {
            bench.answer(polled(100, vec![]));
            asked += 1;
        } else {
            bench.pass(SECOND / 10);
        }
    }
    assert!(asked < 20, "asked {asked} times in some 9 seconds");
    assert!(bench.told.is_empty(), "that is no failure");
    bench.pass(SECOND);
    bench.answer(polled(101, vec![message("room", 101)]));
    assert!(bench.poll.is_some(), "and it is asked at once when it says something");
}

#[test]
fn what_changes_while_it_waits_is_in_the_next_call() {
    let mut bench = Bench::receiving("room");
    bench.fail(lost());
    bench.subscribe(1, "hall", None);
    bench.unsubscribe(1, "room");
    assert_eq!(bench.under_way(), None);
    bench.wait();
    assert_eq!(bench.under_way(), Some((names("hall"), None)));
}
