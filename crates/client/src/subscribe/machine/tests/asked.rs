//! Who waits for what comes of being connected or of leaving is answered once, by what was heard after the question.

use super::*;

#[test]
fn being_connected_is_answered_by_the_first_heartbeat() {
    for outcome in [Ok(()), Err(lost())] {
        let good = outcome.is_ok();
        let mut bench = Bench::new(settings());
        bench.ask_presence(1, true, "room group:friends");
        assert_eq!(bench.answers, []);
        bench.beaten(outcome);
        assert_eq!(bench.answers, [(1, good)]);
        bench.pass(1000 * SECOND);
        bench.beaten(Ok(()));
        assert_eq!(bench.answers, [(1, good)], "once");
    }
}

#[test]
fn leaving_is_answered_by_the_leave() {
    let mut bench = Bench::new(settings());
    bench.ask_presence(1, true, "room");
    bench.ask_presence(2, false, "room");
    assert_eq!(bench.answers, [(1, true)], "the user is to be there no more");
    bench.beaten(Ok(()));
    assert_eq!(bench.answers, [(1, true)]);
    bench.left();
    assert_eq!(bench.answers, [(1, true), (2, true)]);
    bench.ask_presence(3, false, "room");
    let id = bench.parting.take().unwrap().id;
    bench.machine.handle_leave(id, Err(lost()), bench.now);
    bench.settle();
    assert_eq!(bench.answers[2..], [(3, false)]);
}

#[test]
fn who_asks_again_is_answered_by_a_heartbeat_that_names_everything() {
    let mut bench = Bench::new(settings());
    bench.ask_presence(1, true, "room");
    bench.ask_presence(2, true, "room hall");
    bench.beaten(Ok(()));
    assert_eq!(bench.answers, [(1, true)], "the first heartbeat knew no hall");
    bench.beaten(Ok(()));
    assert_eq!(bench.answers, [(1, true), (2, true)]);
    bench.ask_presence(3, true, "room");
    bench.beaten(Ok(()));
    assert_eq!(bench.answers[2..], [(3, true)]);
}

#[test]
fn where_nobody_leaves_nobody_waits_for_a_leave() {
    let mut bench = Bench::new(Settings { leaves: false, ..settings() });
    bench.ask_presence(1, true, "room");
    bench.beaten(Ok(()));
    bench.ask_presence(2, false, "room");
    assert_eq!((bench.answers, bench.parting.is_none()), (vec![(1, true), (2, true)], true));
}

#[test]
fn what_another_still_holds_does_not_keep_a_leave_from_its_answer() {
    let mut bench = Bench::receiving("room");
    bench.ask_presence(1, true, "room");
    bench.beaten(Ok(()));
    bench.ask_presence(2, false, "room");
    bench.left();
    assert_eq!(bench.answers, [(1, true), (2, true)]);
}
