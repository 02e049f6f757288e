//! The cursor rule under every interleaving that a model checker finds:
//! `cargo test -p hereabouts-engine --features shuttle --release --test cursor_model`.
#![cfg(feature = "shuttle")]
#![allow(clippy::unwrap_used, reason = "a surprise is a failed test, in a helper as well")]

use std::sync::Arc;
use std::time::Duration;

use engine::pubsub::{Limits, Ticker, Timelines, Watched};
use shuttle::sync::mpsc;
use shuttle::thread;
use wire::{ChannelName, Timetoken};

const LIMITS: Limits = Limits { messages: 100, age: Duration::from_secs(60), bytes: 1 << 20 };
/// Different for each thread, and not in order: clocks of threads never agree.
const CLOCKS: [u64; 3] = [50, 10, 30];

type Rooms = Timelines<u64, mpsc::Sender<()>>;

fn rooms() -> Arc<Rooms> {
    Arc::new(Timelines::new(Arc::new(Ticker::default()), LIMITS, Timetoken::ZERO))
}

fn publish(rooms: &Rooms, name: &str, now: u64, body: u64) {
    let (_, woken) = rooms.publish(ChannelName::new(name).unwrap(), Timetoken::from_ticks(now), 1, body);
    for waiter in woken {
        // The subscriber may be gone already.
        let _ = waiter.send(());
    }
}

/// Reads until `wanted` messages came, waiting as a poll does. Returns them in the order of their arrival.
fn read(rooms: &Rooms, streams: &[&str], mut cursor: Timetoken, now: u64, wanted: usize) -> Vec<(Timetoken, u64)> {
    let (mut got, mut parked) = (Vec::new(), None);
    let (sender, receiver) = mpsc::channel();
    while got.len() < wanted {
        let waits = match &mut parked {
            Some(watch) => rooms.watch_on(watch, cursor, &sender),
            None => match rooms.watch(streams, cursor, &sender) {
                Watched::Waiting(watch) => {
                    parked = Some(watch);
                    true
                }
                Watched::Ready => false,
            },
        };
        if waits {
            receiver.recv().unwrap();
        }
        let now = Timetoken::from_ticks(now);
        let catch = match &parked {
            Some(watch) => rooms.catch_up_at(watch, cursor, now),
            None => rooms.catch_up(streams, cursor, now),
        };
        assert_eq!(catch.gap, None);
        got.extend(catch.posts.iter().map(|caught| (caught.post.timetoken, caught.post.body)));
        // Either of the two cursors that the protocol may hand out.
        cursor =
            if now.ticks().is_multiple_of(20) { catch.until } else { got.last().map_or(cursor, |(last, _)| *last) };
    }
    parked.into_iter().for_each(|watch| rooms.unwatch(watch));
    got
}

fn check(test: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(test, 20_000);
}

#[test]
fn a_reader_of_several_streams_gets_each_message_once_and_in_order() {
    check(|| {
        let rooms = rooms();
        let cursor = rooms.fence(Timetoken::ZERO);
        let publishers: Vec<_> = (0..3)
            .map(|index| {
                let rooms = Arc::clone(&rooms);
                thread::spawn(move || {
                    let names = ["a", "b", "a.x"];
                    publish(&rooms, names[index], CLOCKS[index], index as u64 * 2);
                    publish(&rooms, names[(index + 1) % 3], CLOCKS[index], index as u64 * 2 + 1);
                })
            })
            .collect();
        let reader = {
            let rooms = Arc::clone(&rooms);
            thread::spawn(move || read(&rooms, &["a", "b", "a.*"], cursor, 20, 6))
        };
        let got = reader.join().unwrap();
        for publisher in publishers {
            publisher.join().unwrap();
        }
        assert!(got.is_sorted_by(|(a, _), (b, _)| a < b), "{got:?}");
        let mut bodies: Vec<_> = got.iter().map(|(_, body)| *body).collect();
        bodies.sort_unstable();
        assert_eq!(bodies, [0, 1, 2, 3, 4, 5]);
    });
}

#[test]
fn a_first_call_divides_the_messages_into_before_and_after() {
    check(|| {
        let rooms = rooms();
        // The publisher's clock is behind the reader's at first, then ahead of it.
        let publisher = {
            let rooms = Arc::clone(&rooms);
            thread::spawn(move || (0..3).for_each(|body| publish(&rooms, "a", CLOCKS[(body as usize + 1) % 3], body)))
        };
        let cursor = rooms.fence(Timetoken::from_ticks(20));
        let before = rooms.catch_up(&["a"], Timetoken::ZERO, Timetoken::ZERO);
        let before = before.posts.iter().filter(|caught| caught.post.timetoken <= cursor).count();
        publisher.join().unwrap();
        let after = rooms.catch_up(&["a"], cursor, Timetoken::ZERO).posts.len();
        assert_eq!(before + after, 3, "a message is below the fence and seen, or above it");
    });
}

#[test]
fn a_waiter_is_never_forgotten() {
    check(|| {
        let rooms = rooms();
        let cursor = rooms.fence(Timetoken::ZERO);
        let readers: Vec<_> = [["a", "b"], ["b", "a"]]
            .map(|streams| {
                let rooms = Arc::clone(&rooms);
                thread::spawn(move || read(&rooms, &streams, cursor, 15, 2).len())
            })
            .into();
        publish(&rooms, "a", 50, 1);
        publish(&rooms, "b", 10, 2);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 2);
        }
    });
}

/// Readers of patterns come, and give up while a publish to a channel below wakes them; another one stays.
#[test]
fn no_waiter_on_a_pattern_is_lost_or_left_behind_when_others_give_up() {
    check(|| {
        let rooms = rooms();
        let cursor = rooms.fence(Timetoken::ZERO);
        let passers: Vec<_> = [["a.*", "b"], ["a.b.*", "a.*"]]
            .map(|streams| {
                let rooms = Arc::clone(&rooms);
                thread::spawn(move || {
                    let (sender, _receiver) = mpsc::channel();
                    if let Watched::Waiting(watch) = rooms.watch(&streams, cursor, &sender) {
                        rooms.unwatch(watch);
                    }
                })
            })
            .into();
        let reader = {
            let rooms = Arc::clone(&rooms);
            thread::spawn(move || read(&rooms, &["a.b.*", "a.*"], cursor, 20, 4).len())
        };
        publish(&rooms, "a.b.c", 50, 1);
        publish(&rooms, "a.b.d", 10, 2);
        assert_eq!(reader.join().unwrap(), 4, "two messages on two patterns");
        for passer in passers {
            passer.join().unwrap();
        }
        assert_eq!(rooms.places(), 0);
    });
}

/// A stream on which nothing is published is forgotten when the last waiter goes, and begun again with the next.
#[test]
fn who_comes_while_woken_waiters_go_is_woken_by_the_next_rouse() {
    check(|| {
        let rooms = rooms();
        let cursor = rooms.fence(Timetoken::ZERO);
        let wait = |rooms: &Rooms| {
            let (sender, receiver) = mpsc::channel();
            match rooms.watch(&["g"], cursor, &sender) {
                Watched::Waiting(watch) => (watch, receiver),
                Watched::Ready => panic!("nothing is published here"),
            }
        };
        let rouse = |rooms: &Rooms| rooms.rouse("g").iter().try_for_each(|waiter| waiter.send(()));
        let first = [wait(&rooms), wait(&rooms)];
        rouse(&rooms).unwrap();
        let woken = first.map(|(watch, receiver)| {
            let rooms = Arc::clone(&rooms);
            thread::spawn(move || {
                receiver.recv().unwrap();
                rooms.unwatch(watch);
            })
        });
        let (watch, receiver) = wait(&rooms);
        for woken in woken {
            woken.join().unwrap();
        }
        rouse(&rooms).unwrap();
        assert_eq!(receiver.try_recv(), Ok(()), "the second rouse reaches who came after the first");
        rooms.unwatch(watch);
        assert_eq!(rooms.places(), 0);
    });
}
