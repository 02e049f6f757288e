//! The rules of timelines and cursors, one thread. Several threads: `tests/cursor_model.rs`.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use wire::{ChannelName, Timetoken};

use super::{Gap, Limits, Ticker, Timelines, Watched};

const LIMITS: Limits = Limits { messages: 5, age: Duration::from_secs(60), bytes: 1 << 20 };

type Rooms = Timelines<&'static str, u32>;

fn at(seconds: u64) -> Timetoken {
    Timetoken::from_ticks(seconds * 10_000_000)
}

fn rooms(limits: Limits) -> Rooms {
    Timelines::new(Arc::new(Ticker::above(at(0))), limits, at(0))
}

fn channel(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

fn publish(rooms: &Rooms, name: &str, now: Timetoken, body: &'static str) -> Timetoken {
    rooms.publish(channel(name), now, body.len(), body).0.timetoken
}

fn caught(rooms: &Rooms, streams: &[&str], after: Timetoken, now: Timetoken) -> Vec<(&'static str, usize)> {
    rooms.catch_up(streams, after, now).posts.iter().map(|caught| (caught.post.body, caught.stream)).collect()
}

#[test]
fn timetokens_increase_when_the_clock_stands_still_or_steps_back() {
    let ticker = Ticker::above(at(5));
    let given: Vec<_> = [at(9), at(9), at(3), at(10), at(1)].map(|now| ticker.next(now)).into();
    assert!(given.is_sorted_by(|a, b| a < b), "{given:?}");
    assert!(ticker.fence(at(0)) >= given[4]);
    assert!(Ticker::above(at(5)).next(at(1)) > at(5), "also across a restart");
}

#[test]
fn time_stands_still_at_the_ceiling_and_timetokens_count_on() {
    let ticker = Ticker::above(at(5));
    ticker.set_ceiling(at(10));
    assert_eq!(ticker.next(at(9)), at(9));
    assert_eq!(ticker.next(at(1000)), at(10), "the clock has jumped");
    assert_eq!(ticker.next(at(1001)).ticks(), at(10).ticks() + 1);
    assert_eq!(ticker.fence(at(1002)).ticks(), at(10).ticks() + 1);
    ticker.set_ceiling(at(2000));
    assert_eq!(ticker.next(at(1003)), at(1003));
}

#[test]
fn a_cursor_has_every_message_up_to_it_and_none_twice() {
    let rooms = rooms(LIMITS);
    let cursor = rooms.fence(at(1));
    publish(&rooms, "a", at(1), "one");
    publish(&rooms, "b", at(1), "two");
    let catch = rooms.catch_up(&["a", "b"], cursor, at(1));
    assert_eq!(catch.posts.iter().map(|caught| caught.post.body).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(caught(&rooms, &["a", "b"], catch.until, at(1)), [("", 0); 0]);
    assert_eq!(catch.gap, None);
}

#[test]
fn a_pattern_carries_every_channel_below_it_and_their_presence() {
    let rooms = rooms(LIMITS);
    for (name, body) in [("a.b", "1"), ("a.b.c", "2"), ("a", "3"), ("ab.c", "4"), ("a.b-pnpres", "5"), ("a.*", "6")] {
        publish(&rooms, name, at(1), body);
    }
    let of = |stream| caught(&rooms, &[stream], at(0), at(2)).into_iter().map(|(body, _)| body).collect::<Vec<_>>();
    assert_eq!(of("a.*"), ["1", "2", "5", "6"]);
    assert_eq!(of("a.b.*"), ["2"]);
    assert_eq!(of("a.*-pnpres"), ["5"]);
    assert_eq!(of("a.b"), ["1"]);
}

#[test]
fn a_message_on_two_streams_of_a_request_is_caught_once_for_each() {
    let rooms = rooms(LIMITS);
    publish(&rooms, "a.b", at(1), "x");
    assert_eq!(caught(&rooms, &["a.b", "a.*"], at(0), at(2)), [("x", 0), ("x", 1)]);
}

#[test]
fn an_overflow_keeps_the_newest_and_is_told() {
    let rooms = rooms(LIMITS);
    let sent = ["1", "2", "3", "4", "5", "6", "7"].map(|body| publish(&rooms, "a", at(1), body));
    let catch = rooms.catch_up(&["a"], at(0), at(2));
    assert_eq!(catch.posts.iter().map(|caught| caught.post.body).collect::<String>(), "34567");
    assert_eq!(catch.gap, Some(Gap { after: at(0), until: sent[1] }));
    assert_eq!(rooms.catch_up(&["a"], sent[1], at(2)).gap, None, "nothing is missing after the lost ones");
}

#[test]
fn an_overflow_of_the_streams_together_is_told_as_well() {
    let rooms = rooms(LIMITS);
    let sent = ["a", "b", "a", "b", "a", "b"].map(|name| publish(&rooms, name, at(1), "x"));
    let catch = rooms.catch_up(&["a", "b"], at(0), at(2));
    assert_eq!(catch.posts.len(), 5);
    assert_eq!(catch.gap, Some(Gap { after: at(0), until: sent[0] }));
}

#[test]
fn copies_of_one_message_count_once() {
    let rooms = rooms(LIMITS);
    for _ in 0..LIMITS.messages {
        publish(&rooms, "a.b", at(1), "x");
    }
    let catch = rooms.catch_up(&["a.b", "a.*"], at(0), at(2));
    assert_eq!((catch.posts.len(), catch.gap), (2 * LIMITS.messages, None));
}

#[test]
fn age_is_forgotten_and_told_before_and_after_the_sweep() {
    let rooms = rooms(LIMITS);
    let old = publish(&rooms, "a", at(1), "old");
    let sweep = |now| (0..rooms.shards()).map(|turn| rooms.sweep(turn, now).timelines).sum::<usize>();
    assert_eq!(sweep(at(60)), 1);
    assert_eq!(sweep(at(62)), 0, "nothing is left of it");
    assert_eq!(rooms.bytes(), 0);
    assert_eq!(rooms.catch_up(&["a"], at(0), at(62)).gap, Some(Gap { after: at(0), until: old }));
    assert_eq!(rooms.catch_up(&["a"], old, at(62)).gap, None);
}

#[test]
fn a_cursor_from_before_the_start_has_a_gap() {
    let rooms: Rooms = Timelines::new(Arc::default(), LIMITS, at(100));
    assert_eq!(rooms.catch_up(&["a"], at(99), at(101)).gap, Some(Gap { after: at(99), until: at(100) }));
    assert_eq!(rooms.catch_up(&["a"], at(100), at(101)).gap, None);
}

#[test]
fn memory_is_bounded_and_what_it_costs_is_told() {
    let rooms: Rooms = rooms(Limits { messages: 1000, bytes: 20_000, ..LIMITS });
    for _ in 0..1000 {
        rooms.publish(channel("a"), at(1), 1000, "x");
    }
    assert!(rooms.bytes() <= 20_000, "{}", rooms.bytes());
    assert!(rooms.catch_up(&["a"], at(0), at(2)).gap.is_some());
}

#[test]
fn a_waiter_is_returned_once_by_the_first_publish_to_any_of_its_streams() {
    let rooms = rooms(LIMITS);
    let streams = ["a.*", "b"];
    let Watched::Waiting(watch) = rooms.watch(&streams, rooms.fence(at(1)), &7) else { panic!("nothing is there") };
    assert_eq!(rooms.publish(channel("c"), at(1), 1, "x").1, [0_u32; 0]);
    assert_eq!(rooms.publish(channel("a.x"), at(1), 1, "x").1, [7]);
    assert_eq!(rooms.publish(channel("a.y"), at(1), 1, "x").1, [0_u32; 0]);
    rooms.unwatch(watch);
    assert_eq!(rooms.publish(channel("b"), at(1), 1, "x").1, [0_u32; 0], "given back, it waits nowhere");
}

#[test]
fn nobody_waits_for_what_is_there() {
    let rooms = rooms(LIMITS);
    let cursor = rooms.fence(at(1));
    publish(&rooms, "b", at(1), "x");
    assert!(matches!(rooms.watch(&["a", "b"], cursor, &7), Watched::Ready));
    assert_eq!(rooms.publish(channel("a"), at(1), 1, "x").1, [0_u32; 0], "and no waiter is left behind");
}

#[test]
fn a_stream_is_roused_without_a_message() {
    let rooms = rooms(LIMITS);
    let Watched::Waiting(watch) = rooms.watch(&["g"], rooms.fence(at(1)), &7) else { panic!("nothing is there") };
    assert_eq!(rooms.rouse("g"), [7]);
    assert_eq!(rooms.rouse("g"), [0_u32; 0]);
    rooms.unwatch(watch);
}

#[test]
fn a_place_of_an_earlier_wake_does_not_take_the_place_of_who_came_after() {
    let rooms = rooms(LIMITS);
    let wait = |waiter| match rooms.watch(&["g"], rooms.fence(at(1)), &waiter) {
        Watched::Waiting(watch) => watch,
        Watched::Ready => panic!("nothing is there"),
    };
    let (ann, bob) = (wait(1), wait(2));
    assert_eq!(rooms.rouse("g"), [1, 2]);
    // Bob goes, Cho comes, and only then does Ann go. The stream held nothing in between.
    rooms.unwatch(bob);
    let cho = wait(3);
    rooms.unwatch(ann);
    assert_eq!(rooms.rouse("g"), [3]);
    rooms.unwatch(cho);
    assert_eq!(rooms.places(), 0);
}

#[test]
fn who_waits_on_is_returned_again_and_once() {
    let rooms = rooms(LIMITS);
    let streams = ["a", "b"];
    let Watched::Waiting(mut watch) = rooms.watch(&streams, rooms.fence(at(1)), &7) else { panic!("nothing is there") };
    for name in ["a", "b", "b", "a"] {
        let (post, woken) = rooms.publish(channel(name), at(1), 1, "x");
        assert_eq!(woken, [7], "{name}");
        assert!(!rooms.watch_on(&mut watch, at(0), &7), "the message is there");
        assert!(rooms.watch_on(&mut watch, post.timetoken, &7));
    }
    assert_eq!(rooms.places(), 2, "a place on each stream, however often it was woken");
    rooms.unwatch(watch);
    assert_eq!(rooms.places(), 0);
}

#[test]
fn another_waiter_takes_over_the_places_of_a_watch() {
    let rooms = rooms(LIMITS);
    let cursor = rooms.fence(at(1));
    let Watched::Waiting(mut watch) = rooms.watch(&["a", "b"], cursor, &7) else { panic!("nothing is there") };
    assert_eq!(rooms.rouse("a"), [7]);
    assert!(rooms.watch_on(&mut watch, cursor, &8));
    assert_eq!((rooms.rouse("a"), rooms.rouse("b")), (vec![8], vec![8]));
    rooms.unwatch(watch);
}

#[test]
fn a_stream_stays_the_same_for_who_waits_while_others_are_forgotten() {
    let rooms = rooms(LIMITS);
    let wait = |name: &str| match rooms.watch(&[name], rooms.fence(at(1)), &7) {
        Watched::Waiting(watch) => watch,
        Watched::Ready => panic!("nothing is there"),
    };
    let sweep = |now| (0..rooms.shards()).map(|turn| rooms.sweep(turn, now).timelines).sum::<usize>();
    let names: Vec<String> = (0..1000).map(|number| format!("room-{number}")).collect();
    let mut watches: Vec<_> = names.iter().map(|name| wait(name)).collect();
    let kept = watches.swap_remove(500);
    watches.into_iter().for_each(|watch| rooms.unwatch(watch));
    assert_eq!(sweep(at(100)), 1, "those on which nobody waits are forgotten");
    // The places of those that went are taken by others.
    let others: Vec<_> = (0..1000).map(|number| wait(&format!("other-{number}"))).collect();
    publish(&rooms, "room-500", at(101), "mine");
    for name in names[..500].iter().chain(&names[501..]) {
        publish(&rooms, name, at(101), "not mine");
    }
    let catch = rooms.catch_up_at(&kept, at(1), at(102));
    assert_eq!(catch.posts.iter().map(|caught| caught.post.body).collect::<Vec<_>>(), ["mine"]);
    rooms.unwatch(kept);
    others.into_iter().for_each(|watch| rooms.unwatch(watch));
    assert_eq!((sweep(at(1000)), rooms.places(), rooms.bytes()), (0, 0, 0));
}

proptest! {
    /// Whoever holds a watch reads what it would read by the names, whatever else comes, goes and is forgotten.
    #[test]
    fn a_watch_reads_what_its_names_read(
        steps in proptest::collection::vec((0usize..6, 0u64..40, 0usize..64), 1..80),
    ) {
        const NAMES: [&str; 6] = ["a", "a.b", "a.b.c", "b", "a.x", "c"];
        let rooms: Rooms = rooms(Limits { messages: 3, ..LIMITS });
        let streams = ["a.b", "a.*", "b", "nobody.else"];
        let mut now = at(1);
        let Watched::Waiting(watch) = rooms.watch(&streams, rooms.fence(now), &7) else { panic!("nothing is there") };
        let mut cursor = rooms.fence(now);
        for (name, later, turn) in steps {
            now = now + Duration::from_secs(later);
            publish(&rooms, NAMES[name], now, NAMES[name]);
            rooms.sweep(turn, now);
            let (named, held) = (rooms.catch_up(&streams, cursor, now), rooms.catch_up_at(&watch, cursor, now));
            let posts = |catch: &super::Catch<&'static str>| {
                catch.posts.iter().map(|caught| (caught.post.timetoken, caught.stream)).collect::<Vec<_>>()
            };
            prop_assert_eq!(posts(&named), posts(&held));
            prop_assert_eq!((named.until, named.gap), (held.until, held.gap));
            if later % 2 == 0 {
                cursor = held.until;
            }
        }
        rooms.unwatch(watch);
        prop_assert_eq!(rooms.places(), 0);
    }

    /// Readers with any streams and any habits of coming back get exactly the messages of their streams, in order.
    #[test]
    fn readers_that_come_back_get_everything_once(
        steps in proptest::collection::vec((0usize..6, 0u64..3, prop::bool::ANY), 1..80),
    ) {
        const NAMES: [&str; 6] = ["a", "a.b", "a.b.c", "b", "a.x", "a.*"];
        let rooms: Rooms = rooms(Limits { messages: 1000, ..LIMITS });
        let streams = ["a.b", "a.*", "b"];
        let (mut now, mut cursor) = (at(1), at(0));
        let (mut wanted, mut got) = (Vec::new(), Vec::new());
        for (name, later, reads) in steps {
            now = now + Duration::from_micros(later);
            let name = NAMES[name];
            let timetoken = publish(&rooms, name, now, name);
            for (index, stream) in streams.iter().enumerate() {
                if *stream == name || (*stream == "a.*" && name.starts_with("a.")) {
                    wanted.push((timetoken, index));
                }
            }
            if reads {
                let catch = rooms.catch_up(&streams, cursor, now);
                prop_assert_eq!(catch.gap, None);
                got.extend(catch.posts.iter().map(|caught| (caught.post.timetoken, caught.stream)));
                cursor = catch.until;
            }
        }
        got.extend(rooms.catch_up(&streams, cursor, now).posts.iter().map(|caught| (caught.post.timetoken, caught.stream)));
        prop_assert_eq!(got, wanted);
    }
}
