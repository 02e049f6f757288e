//! What may be missing is told, whether the server says so or not.

use super::*;
use crate::subscribe::event::GapCause;

fn silent(cursor: u64, envelopes: Vec<Envelope>) -> Polled {
    Polled { tells_gaps: false, ..polled(cursor, envelopes) }
}

fn gap(after: u64, until: u64) -> Option<delivery::Gap> {
    Some(delivery::Gap { after: at(after), until: at(until) })
}

#[test]
fn what_the_server_says_is_told_before_the_messages_that_follow() {
    let mut bench = Bench::receiving("room");
    bench.answer(Polled { gap: gap(100, 150), ..polled(160, vec![message("room", 160)]) });
    assert_eq!(bench.gaps(), [(100, 150, GapCause::Told)]);
    assert!(matches!(bench.told[0].1, Event::Gap(_)));
    assert_eq!(bench.messages(1), [160]);
}

#[test]
fn a_gap_is_told_to_whom_it_concerns() {
    let mut bench = Bench::receiving("room");
    bench.subscribe(2, "hall", Some(20));
    bench.told.clear();
    bench.answer(Polled { gap: gap(20, 60), ..polled(100, vec![]) });
    assert_eq!(bench.told[0].0, holders(&[2]), "the room was at 100 and misses nothing");
}

#[test]
fn a_full_queue_of_a_server_that_says_nothing_may_have_dropped_some() {
    let hundred = || (201..=300).map(|ticks| message("room", ticks)).collect::<Vec<_>>();
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", None);
    bench.answer(silent(100, vec![]));
    bench.answer(silent(300, hundred()));
    assert_eq!(bench.gaps(), [(100, 200, GapCause::QueueFull)]);

    let mut bench = Bench::receiving("room");
    bench.answer(polled(300, hundred()));
    assert_eq!(bench.gaps(), [], "a server that tells of gaps has none to tell of");
}

#[test]
fn twenty_minutes_away_from_a_server_that_says_nothing_may_have_been_too_long() {
    let minute = 60 * SECOND;
    for (away, expected) in [(10 * minute, 0), (25 * minute, 1)] {
        let mut bench = Bench::new(settings());
        bench.subscribe(1, "room", None);
        bench.answer(silent(17_000_000_000_000_000, vec![]));
        bench.machine.pause(Pause::Offline, bench.now);
        bench.settle();
        bench.pass(away);
        bench.machine.resume(bench.now);
        bench.settle();
        let server = at(17_000_000_000_000_000) + away;
        bench.answer(silent(server.ticks(), vec![]));
        let gaps = bench.gaps();
        assert_eq!(gaps.len(), expected, "{away:?}");
        for (after, until, cause) in gaps {
            assert_eq!(cause, GapCause::Away);
            assert_eq!((after, until), (17_000_000_000_000_000, server.minus(20 * minute).ticks()));
        }
    }
}

#[test]
fn a_timeline_that_lies_behind_is_taken_up_where_it_is() {
    let (before, hour) = (17_000_000_000_000_000, 3600 * SECOND);
    let mut bench = Bench::new(settings());
    bench.subscribe(1, "room", None);
    bench.answer(polled(before, vec![]));
    bench.fail(lost());
    bench.wait();
    let behind = at(before).minus(hour);
    bench.answer(polled(behind.ticks(), vec![]));
    assert_eq!(bench.gaps(), [(behind.ticks(), before, GapCause::TimelineReset)]);
    assert_eq!(bench.under_way().unwrap().1, Some(behind.ticks()), "or it would wait for an hour");
}
