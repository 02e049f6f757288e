//! What a stop and a start keep: who is here, groups, and the order of timetokens.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use engine::presence::{Devices, SavedSeat};
use node::{Keyset, KeysetOptions, Restored, acts};
use store::snapshot::Found;
use tokio::runtime::Runtime;
use wire::Timetoken;

use crate::support::{
    Place, add, caller, channels, demo, eventually, group, here, json, listen, options, payloads, permit, places,
    publish, seconds, shown, stamp, user,
};

fn counted() -> KeysetOptions {
    let mut options = options();
    options.presence.rules.devices = Devices::Counted;
    options.presence.snapshot_every = Duration::from_millis(5);
    options
}

fn arrive(keyset: &Keyset, who: &str, channel: &str, timeout: u64) {
    keyset.heartbeat(permit(keyset, acts::Heartbeat(places(channel))), &caller(who), &[], seconds(timeout)).unwrap();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// What the snapshot holds now: how many seats, and whether it is the last word of an orderly stop.
fn saved(place: &Place) -> Option<(usize, bool)> {
    let Found::Snapshot(mut snapshot) = store::snapshot::read(place.directory(), u16::MAX).unwrap() else {
        return None;
    };
    let mut seats = 0;
    while let Some(chunk) = snapshot.next_chunk::<SavedSeat>() {
        seats += chunk.records.len();
    }
    assert_eq!(snapshot.damage(), None);
    Some((seats, snapshot.header().clean))
}

/// Runs something on a node that then ends without a word, once it has saved `seats` seats.
fn crash(place: &Place, options: KeysetOptions, seats: usize, run: impl AsyncFnOnce(&Arc<Keyset>)) {
    let runtime = runtime();
    let node = runtime.block_on(place.start(options));
    let keyset = demo(&node);
    runtime.block_on(run(&keyset));
    runtime.block_on(eventually(|| saved(place) == Some((seats, false))));
    // Its tasks end where they are; nothing is told to stop.
    drop(runtime);
}

#[tokio::test]
async fn after_a_stop_everyone_is_here_again_with_the_time_they_had_left() {
    let place = Place::new();
    let node = place.start(counted()).await;
    let keyset = demo(&node);
    arrive(&keyset, "ann/phone", "room", 60);
    arrive(&keyset, "bob", "room", 300);
    arrive(&keyset, "ann/laptop", "room", 100);
    arrive(&keyset, "cho", "hall", 300);
    keyset.set_state(permit(&keyset, acts::SetState(places("room"))), &user("ann"), &json(r#"{"mood":"ok"}"#)).unwrap();
    place.clock.forward(seconds(50));
    node.stop().await;
    drop(keyset);
    assert_eq!(saved(&place), Some((3, true)));

    place.clock.forward(seconds(10_000));
    let node = place.start(counted()).await;
    let keyset = demo(&node);
    assert_eq!(*node.restored(), Restored { seats: 3, clean: true });
    let before = stamp(&keyset);
    assert_eq!((here(&keyset, "room").as_str(), here(&keyset, "hall").as_str()), ("ann bob", "cho"));
    let states = keyset.states(permit(&keyset, acts::GetState(places("room"))), &user("ann"));
    assert_eq!(states[0].1.as_ref().unwrap().as_str(), r#"{"mood":"ok"}"#);
    // The phone had ten seconds left, and the laptop fifty.
    place.clock.forward(seconds(11));
    keyset.leave(permit(&keyset, acts::Leave(places("room"))), &caller("ann/phone"));
    assert_eq!(here(&keyset, "room"), "ann bob");
    place.clock.forward(seconds(38));
    assert_eq!(here(&keyset, "room"), "ann bob");
    place.clock.forward(seconds(2));
    assert_eq!(here(&keyset, "room"), "bob");
    let events = listen("room-pnpres").after(before).now(&keyset);
    assert_eq!(shown(&events, &keyset), ["room-pnpres:timeout ann 1"], "nobody joined again");
}

#[test]
fn after_a_crash_everyone_of_the_last_snapshot_has_the_full_timeout_to_come_back() {
    let place = Place::new();
    crash(&place, counted(), 2, async |keyset| {
        arrive(keyset, "ann/phone", "room", 60);
        arrive(keyset, "ann/laptop", "room", 60);
        arrive(keyset, "bob", "room", 60);
        place.clock.forward(seconds(50));
        keyset.leave(permit(keyset, acts::Leave(places("room"))), &caller("nobody"));
    });
    runtime().block_on(async {
        place.clock.forward(seconds(10_000));
        let node = place.start(counted()).await;
        let keyset = demo(&node);
        assert_eq!(*node.restored(), Restored { seats: 2, clean: false });
        let before = stamp(&keyset);
        place.clock.forward(seconds(59));
        assert_eq!(here(&keyset, "room"), "ann bob");
        arrive(&keyset, "bob", "room", 60);
        keyset.leave(permit(&keyset, acts::Leave(places("room"))), &caller("ann/phone"));
        assert_eq!(here(&keyset, "room"), "ann bob", "the laptop is still here");
        place.clock.forward(seconds(2));
        assert_eq!(here(&keyset, "room"), "bob");
        let events = listen("room-pnpres").after(before).now(&keyset);
        assert_eq!(shown(&events, &keyset), ["room-pnpres:timeout ann 1"]);
    });
}

/// In the time of the runtime, which passes only while nobody works.
#[tokio::test(start_paused = true)]
async fn a_small_roster_is_saved_each_second_though_the_operator_would_wait_for_ten() {
    let place = Place::new();
    let node = place.start(options()).await;
    assert_eq!(node.keyset("demo").unwrap().options().presence.snapshot_every, seconds(10));
    for round in 1..=3 {
        arrive(&demo(&node), &format!("guest-{round}"), "room", 300);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert_eq!(saved(&place), Some((round, false)));
    }
    node.stop().await;
}

#[tokio::test]
async fn an_open_poll_has_its_full_timeout_after_the_stop_that_answered_it() {
    let mut options = counted();
    options.presence.rules.open_poll_is_presence = true;
    let place = Place::new();
    let node = place.start(options.clone()).await;
    let keyset = demo(&node);
    let cursor = listen("room").by("ann").timeout(seconds(20)).now(&keyset).cursor;
    let poll = listen("room").by("ann").timeout(seconds(20)).after(cursor).park(&keyset);
    place.clock.forward(seconds(1000));
    node.close();
    assert_eq!(payloads(&poll.answer()), "");
    node.stop().await;
    drop(keyset);
    let node = place.start(options).await;
    let keyset = demo(&node);
    place.clock.forward(seconds(19));
    assert_eq!(here(&keyset, "room"), "ann");
    place.clock.forward(seconds(2));
    assert_eq!(here(&keyset, "room"), "");
}

#[tokio::test]
async fn groups_outlive_a_restart_and_may_change_after_it() {
    let place = Place::new();
    let node = place.start(options()).await;
    add(&demo(&node), "family", "a b").await;
    node.stop().await;
    let node = place.start(options()).await;
    let keyset = demo(&node);
    assert_eq!(keyset.group_channels(permit(&keyset, acts::ListGroup(group("family")))), channels("a b"));
    let poll = listen("@family").after(stamp(&keyset)).park(&keyset);
    add(&keyset, "family", "c").await;
    assert_eq!(payloads(&poll.answer()), "");
}

/// What one run publishes and the next run answers, when the clock was set back in between.
async fn goes_on_above(place: &Place, cursor: Timetoken, last: Timetoken) {
    let node = place.start(options()).await;
    let keyset = demo(&node);
    let first = listen("room").now(&keyset).cursor;
    let new = publish(&keyset, "room", "2");
    assert!(new > last && first >= last, "{new} {first} after {last}");
    assert!(publish(&keyset, "room", "3") > new);
    let batch = listen("room").after(cursor).now(&keyset);
    assert_eq!(payloads(&batch), "2 3", "a cursor of the run before goes on");
    assert!(batch.gap.is_some_and(|gap| gap.until >= last), "what was lost with the run before is told");
    assert_eq!(payloads(&listen("room").after(first).now(&keyset)), "2 3");
}

#[tokio::test]
async fn timetokens_go_on_above_those_of_a_run_that_stopped_though_the_clock_was_set_back() {
    let place = Place::new();
    let node = place.start(options()).await;
    let keyset = demo(&node);
    let cursor = listen("room").now(&keyset).cursor;
    place.clock.forward(seconds(3600));
    let last = publish(&keyset, "room", "1");
    drop(keyset);
    node.stop().await;
    place.clock.back(seconds(7200));
    goes_on_above(&place, cursor, last).await;
}

#[test]
fn timetokens_go_on_above_those_of_a_run_that_crashed_though_the_clock_was_set_back() {
    let place = Place::new();
    let (mut cursor, mut last) = (Timetoken::ZERO, Timetoken::ZERO);
    crash(&place, options(), 0, async |keyset| {
        cursor = listen("room").now(keyset).cursor;
        // As much as may pass between two savings of the ceiling, and more.
        place.clock.forward(seconds(10));
        last = publish(keyset, "room", "1");
    });
    place.clock.back(seconds(7200));
    runtime().block_on(goes_on_above(&place, cursor, last));
}

/// A save that is under way when the server stops must neither outlast the last one nor be in its way.
#[test]
fn the_last_word_of_a_stop_is_not_overwritten_by_a_save_that_began_before() {
    let place = Place::new();
    let runtime = runtime();
    let node = runtime.block_on(place.start(counted()));
    let keyset = demo(&node);
    // Let the first save pass, then hold up whoever asks for the time on a thread for blocking work.
    runtime.block_on(eventually(|| saved(&place) == Some((0, false))));
    let (caught, is_caught) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let worker = runtime.block_on(async { tokio::spawn(async { std::thread::current().id() }).await.unwrap() });
    let here = std::thread::current().id();
    place.clock.when_asked(
        move |thread| thread != worker && thread != here,
        move || {
            caught.send(()).unwrap();
            is_released.recv().unwrap();
        },
    );
    arrive(&keyset, "ann", "room", 60);
    is_caught.recv().unwrap();
    drop(keyset);
    let stop = runtime.spawn(node.stop());
    // Time for a stop that does not wait for the save to write what will be overwritten.
    let stopped_early = runtime.block_on(async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.is_finished()
    });
    release.send(()).unwrap();
    runtime.block_on(crate::support::soon(stop)).unwrap();
    // Waits for the threads for blocking work.
    drop(runtime);
    assert_eq!(saved(&place), Some((1, true)), "stopped before the save was done: {stopped_early}");
}

#[tokio::test]
async fn a_node_that_is_dropped_lets_go_of_its_directory() {
    let temporary = tempfile::tempdir().unwrap();
    let open = || store::DataDirectory::open(temporary.path());
    let clock = Arc::new(node::SystemClock::default());
    let directory = open().unwrap();
    let store = Arc::new(store::Sqlite::open(&directory, &store::Settings::default()).unwrap());
    let node = node::Node::start(vec![options()], directory, store, clock).await.unwrap();
    assert!(open().is_err(), "one process at a time");
    drop(node);
    eventually(|| open().is_ok()).await;
}

#[tokio::test]
async fn a_damaged_snapshot_does_not_keep_the_server_from_starting() {
    let place = Place::new();
    let node = place.start(options()).await;
    arrive(&demo(&node), "ann", "room", 60);
    node.stop().await;
    std::fs::write(place.path().join("presence.snapshot"), b"not a snapshot").unwrap();
    let node = place.start(options()).await;
    assert_eq!(*node.restored(), Restored::default());
}
