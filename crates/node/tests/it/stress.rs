//! Real threads: 8 publishers, 200 subscribers that come, go and change, and groups that change under them.
//!
//! Every reply says which stretch of time it covers: after the cursor that was sent, up to the cursor that it hands out.
//! What must be in it is worked out afterwards, from what the publishers wrote down and from what the streams of presence
//! hold once all is quiet, by rules that are written a second time here, without streams, shards or wake-ups.
//!
//! A group whose channels change has no single right answer while a change is under way. Each change is put between two
//! timetokens, one drawn before it was asked for and one after it was answered, and so is each poll. A message on a channel
//! of the group *must* be in the reply that covers it when the channel was surely a member from the message (or the poll,
//! whichever came later) to the answer; it *may* be there when the channel can have been a member at some moment of that.
//! The second half says that nothing is delivered after a removal, the first that no change loses a message.

mod check;
mod crowd;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use engine::pubsub::Limits;
use node::Keyset;
use tokio::runtime::Builder;

use crate::support::{Dice, add, seconds, site_with, soon};
use check::{Streams, Truth};
use crowd::{GROUPS, Habits, Progress};

const PUBLISHERS: usize = 8;
const SUBSCRIBERS: usize = 200;

/// How often the group that changes does so. Each change is a durable write.
const CHANGES: usize = 60;

#[test]
fn each_subscriber_gets_exactly_its_messages_once_and_in_order() {
    let queue = Limits { messages: 1_000_000, age: seconds(1200), bytes: 1 << 30 };
    let habits = Habits { messages: 300, present: true, moving: true, away: 0 };
    let gaps = run(queue, habits);
    assert_eq!(gaps, 0, "the queue holds everything, so nothing is missing");
}

#[test]
fn each_loss_of_a_small_queue_is_told_and_nothing_else_is_missing() {
    let queue = Limits { messages: 10, age: seconds(1200), bytes: 1 << 30 };
    let habits = Habits { messages: 300, present: false, moving: false, away: 100 };
    let gaps = run(queue, habits);
    assert!(gaps > 0, "this run shows nothing: nobody was ever too slow");
}

/// Answers how many gaps were told.
fn run(queue: Limits, habits: Habits) -> u64 {
    let seed = Dice::seed();
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let site = runtime.block_on(site_with(|options| {
        options.pubsub.queue = queue;
        // A handful of messages, so that many replies are cut.
        options.pubsub.reply_bytes = 2000;
        options.presence.rules.announce_max = 10_000;
    }));
    let keyset = &site.keyset;
    for (name, members) in GROUPS {
        runtime.block_on(add(keyset, name, members));
    }

    let progress = Arc::new(Progress::default());
    let subscribers: Vec<_> = (0..SUBSCRIBERS)
        .map(|who| {
            let (keyset, progress) = (Arc::clone(keyset), Arc::clone(&progress));
            runtime.spawn(crowd::subscribe(keyset, Dice::new(seed, who), who, habits, progress))
        })
        .collect();
    let changes =
        runtime.spawn(crowd::change(Arc::clone(keyset), Dice::new(seed, 1000), habits, Arc::clone(&progress)));
    let posts = std::thread::scope(|scope| {
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|who| {
                let (handle, progress) = (runtime.handle(), &progress);
                scope.spawn(move || {
                    // Half of them publish from outside of the runtime, where they do all the waking themselves.
                    let _runtime = who.is_multiple_of(2).then(|| handle.enter());
                    crowd::publish(keyset, Dice::new(seed, 2000 + who), who, habits, progress)
                })
            })
            .collect();
        // Clocks stand, jump and step back.
        let mut dice = Dice::new(seed, 3000);
        while publishers.iter().any(|publisher| !publisher.is_finished()) {
            site.place.clock.forward(Duration::from_micros(dice.below(2000) as u64));
            site.place.clock.back(Duration::from_micros(dice.below(1000) as u64));
            std::thread::yield_now();
        }
        publishers.into_iter().map(|publisher| publisher.join().unwrap()).collect::<Vec<_>>()
    });
    let changes = runtime.block_on(soon(changes)).unwrap();
    for own in &posts {
        assert!(own.is_sorted_by(|a, b| a.timetoken < b.timetoken), "each publisher's timetokens increase");
    }

    // Everyone is told that this was all, and reads to the end.
    progress.silence.store(true, Ordering::SeqCst);
    site.node.close();
    let logs =
        subscribers.into_iter().map(|subscriber| runtime.block_on(soon(subscriber)).unwrap()).collect::<Vec<_>>();
    assert_eq!((keyset.counters().parked.get(), keyset.places_held()), (0, 0), "nobody waits any more");

    let told_of_presence = if habits.present { check::read_quietly(keyset) } else { Vec::new() };
    let truth = Truth::new(posts.into_iter().flatten().collect(), told_of_presence, changes);
    truth.check_presence();
    if habits.moving {
        assert!(truth.changes_in_time() > CHANGES / 4, "this run shows nothing: the group changed too late");
    }
    let mut told = 0;
    for (who, log) in logs.iter().enumerate() {
        truth.check_log(who, log, &Streams::of_groups(&GROUPS));
        told += log.iter().filter(|reply| reply.gap.is_some()).count() as u64;
    }
    check_figures(keyset, &logs, told);
    told
}

fn check_figures(keyset: &Keyset, logs: &[Vec<check::Reply>], told: u64) {
    let delivered: usize = logs.iter().flatten().map(|reply| reply.items.len()).sum();
    let replies: usize = logs.iter().map(Vec::len).sum();
    println!("{replies} replies with {delivered} messages, {told} gaps");
    assert!(delivered > 10 * SUBSCRIBERS, "{delivered}: this run shows nothing");
    assert_eq!(keyset.counters().gaps.get(), told);
}
