//! Who a poll makes present, for how long, and what is told of it.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use engine::presence::Devices;
use node::acts;

use crate::support::{
    Parked, Site, caller, eventually, here, json, listen, permit, places, seconds, shown, site, site_with, stamp,
};

/// What happened on the presence stream of a channel, as far as it is told.
fn told(site: &Site, channel: &str, since: wire::Timetoken) -> Vec<String> {
    let mut poll = listen(&format!("{channel}-pnpres")).after(since).park(&site.keyset);
    if !poll.is_answered() {
        return Vec::new();
    }
    let prefix = format!("{channel}-pnpres:");
    shown(&poll.answer(), &site.keyset).iter().map(|line| line.strip_prefix(&prefix).unwrap().to_owned()).collect()
}

/// The second call of a client: the one that waits.
fn poll(site: &Site, who: &str, channel: &str, timeout: u64) -> Parked {
    let first = listen(channel).by(who).timeout(seconds(timeout)).now(&site.keyset);
    listen(channel).by(who).timeout(seconds(timeout)).after(first.cursor).park(&site.keyset)
}

#[tokio::test]
async fn the_own_join_is_above_the_cursor_of_the_joining_first_call() {
    let site = site().await;
    let first = listen("room room-pnpres").by("ann").now(&site.keyset);
    let next = listen("room room-pnpres").by("ann").after(first.cursor).now(&site.keyset);
    assert_eq!(shown(&next, &site.keyset), ["room-pnpres<room-pnpres:join ann 1"]);
    assert!(next.cursor > first.cursor);
}

#[tokio::test]
async fn a_group_with_a_new_channel_is_joined_there_with_the_next_subscribe() {
    let site = site().await;
    crate::support::add(&site.keyset, "family", "a").await;
    let cursor = listen("@family").by("ann").now(&site.keyset).cursor;
    let parked = listen("@family").by("ann").after(cursor).park(&site.keyset);
    crate::support::add(&site.keyset, "family", "b").await;
    assert_eq!((here(&site.keyset, "a").as_str(), here(&site.keyset, "b").as_str()), ("ann", ""));
    let cursor = parked.answer().cursor;
    let _parked = listen("@family").by("ann").after(cursor).park(&site.keyset);
    assert_eq!((here(&site.keyset, "a").as_str(), here(&site.keyset, "b").as_str()), ("ann", "ann"));
}

#[tokio::test]
async fn listeners_of_presence_streams_are_nowhere() {
    let site = site().await;
    crate::support::add(&site.keyset, "family", "a").await;
    listen("room-pnpres @family-pnpres").by("ann").now(&site.keyset);
    assert_eq!(site.keyset.occupancy(), 0);
}

#[tokio::test]
async fn a_lapse_is_told_when_the_clock_has_moved_though_nobody_calls() {
    let site = site().await;
    let before = stamp(&site.keyset);
    listen("room").by("ann").timeout(seconds(20)).now(&site.keyset);
    let listener = listen("room-pnpres").after(before).now(&site.keyset).cursor;
    let waiting = listen("room-pnpres").after(listener).park(&site.keyset);
    site.place.clock.forward(seconds(20));
    assert_eq!(shown(&waiting.answered().await, &site.keyset), ["room-pnpres:timeout ann 0"]);
    assert_eq!(site.keyset.counters().lapsed.get(), 1);
}

#[tokio::test]
async fn an_interval_is_told_when_the_clock_has_moved_though_nobody_calls() {
    let site = site_with(|options| {
        options.presence.rules.announce_max = 1;
        options.presence.rules.deltas = true;
    })
    .await;
    let before = stamp(&site.keyset);
    for name in ["ann", "bob", "cho"] {
        listen("room").by(name).now(&site.keyset);
    }
    let first = listen("room-pnpres").after(before).now(&site.keyset);
    assert_eq!(shown(&first, &site.keyset), ["room-pnpres:join ann 1"]);
    let waiting = listen("room-pnpres").after(first.cursor).park(&site.keyset);
    site.place.clock.forward(seconds(10));
    let interval = waiting.answered().await;
    assert_eq!(shown(&interval, &site.keyset), ["room-pnpres:interval  3"]);
    assert_eq!(
        crate::support::envelope(&interval.items[0], &site.keyset)["d"]["join"],
        serde_json::json!(["bob", "cho"])
    );
}

#[tokio::test]
async fn a_poll_renews_when_it_comes_and_when_it_is_answered_but_not_in_between() {
    let site = site().await;
    let parked = poll(&site, "ann", "room", 20);
    site.place.clock.forward(seconds(15));
    crate::support::publish(&site.keyset, "room", "1");
    let cursor = parked.answer().cursor;
    site.place.clock.forward(seconds(15));
    assert_eq!(here(&site.keyset, "room"), "ann", "15 s after the answer");
    let _parked = listen("room").by("ann").timeout(seconds(20)).after(cursor).park(&site.keyset);
    site.place.clock.forward(seconds(21));
    assert_eq!(here(&site.keyset, "room"), "", "an open poll alone does not renew");
}

#[tokio::test]
async fn an_open_poll_is_presence_where_that_is_chosen() {
    let site = site_with(|options| options.presence.rules.open_poll_is_presence = true).await;
    let before = stamp(&site.keyset);
    let parked = poll(&site, "ann", "room", 5);
    site.place.clock.forward(seconds(1000));
    assert_eq!(here(&site.keyset, "room"), "ann");
    drop(parked);
    site.place.clock.forward(seconds(4));
    assert_eq!(here(&site.keyset, "room"), "ann", "its timeout starts when the connection closes");
    site.place.clock.forward(seconds(2));
    assert_eq!(here(&site.keyset, "room"), "");
    assert_eq!(told(&site, "room", before), ["join ann 1", "timeout ann 0"]);
}

#[tokio::test]
async fn a_dropped_poll_is_a_leave_where_that_is_chosen() {
    let site = site_with(|options| options.presence.rules.leave_on_disconnect = true).await;
    let before = stamp(&site.keyset);
    let (first, second) = (poll(&site, "ann", "room", 300), poll(&site, "ann", "room", 300));
    drop(first);
    assert_eq!(here(&site.keyset, "room"), "ann", "another poll is open");
    drop(second);
    assert_eq!(here(&site.keyset, "room"), "");
    assert_eq!(told(&site, "room", before), ["join ann 1", "leave ann 0"]);
    assert_eq!((site.keyset.counters().parked.get(), site.keyset.places_held()), (0, 0));
}

#[tokio::test]
async fn an_answered_poll_is_no_leave() {
    let site = site_with(|options| options.presence.rules.leave_on_disconnect = true).await;
    let parked = poll(&site, "ann", "room", 300);
    crate::support::publish(&site.keyset, "room", "1");
    parked.answer();
    assert_eq!(here(&site.keyset, "room"), "ann");
}

#[tokio::test]
async fn a_user_with_counted_devices_leaves_with_the_last_poll() {
    let site = site_with(|options| {
        options.presence.rules.devices = Devices::Counted;
        options.presence.rules.leave_on_disconnect = true;
    })
    .await;
    let before = stamp(&site.keyset);
    let (phone, laptop) = (poll(&site, "ann/phone", "room", 300), poll(&site, "ann/laptop", "room", 300));
    drop(phone);
    assert_eq!(here(&site.keyset, "room"), "ann");
    drop(laptop);
    assert_eq!(told(&site, "room", before), ["join ann 1", "leave ann 0"]);
}

#[tokio::test]
async fn polls_count_also_where_a_subscribe_does_not_renew() {
    let site = site_with(|options| {
        options.presence.renew_by_subscribe = false;
        options.presence.rules.leave_on_disconnect = true;
    })
    .await;
    let parked = poll(&site, "ann", "room", 300);
    drop(parked);
    assert_eq!(here(&site.keyset, "room"), "", "a connection that closes while a poll is parked on it is a leave");

    let site = site_with(|options| {
        options.presence.renew_by_subscribe = false;
        options.presence.rules.open_poll_is_presence = true;
    })
    .await;
    let _parked = poll(&site, "ann", "room", 5);
    site.place.clock.forward(seconds(60));
    assert_eq!(here(&site.keyset, "room"), "ann", "no timeout while a poll's connection lives");
}

#[tokio::test]
async fn a_subscribe_renews_nobody_where_that_is_chosen() {
    let site = site_with(|options| options.presence.renew_by_subscribe = false).await;
    let parked = poll(&site, "ann", "room", 20);
    site.place.clock.forward(seconds(15));
    crate::support::publish(&site.keyset, "room", "1");
    let cursor = parked.answer().cursor;
    let _parked = listen("room").by("ann").timeout(seconds(20)).after(cursor).park(&site.keyset);
    site.place.clock.forward(seconds(6));
    assert_eq!(here(&site.keyset, "room"), "", "21 s after the first call");
    site.keyset
        .heartbeat(permit(&site.keyset, acts::Heartbeat(places("room"))), &caller("ann"), &[], seconds(20))
        .unwrap();
    assert_eq!(here(&site.keyset, "room"), "ann", "a heartbeat always does");
}

/// A client changes its list: a new poll comes as the old one's connection closes. Whichever is first, it ends present.
#[tokio::test]
async fn a_poll_that_comes_as_another_one_drops_keeps_its_caller_here() {
    const ROUNDS: usize = 2000;
    let site = site_with(|options| options.presence.rules.leave_on_disconnect = true).await;
    let keyset = &site.keyset;
    let mut parked = poll(&site, "ann", "room", 300);
    for round in 0..ROUNDS {
        let both = Barrier::new(2);
        let runtime = tokio::runtime::Handle::current();
        let next = std::thread::scope(|scope| {
            let coming = scope.spawn(|| {
                let _runtime = runtime.enter();
                let call = listen("room").by("ann").after(stamp(keyset));
                both.wait();
                call.park(keyset)
            });
            both.wait();
            drop(parked);
            coming.join().unwrap()
        });
        assert_eq!(here(keyset, "room"), "ann", "round {round}: a poll is open, so its caller is here");
        parked = next;
    }
}

#[tokio::test]
async fn the_state_of_a_subscribe_travels_with_the_join() {
    let site = site().await;
    let before = stamp(&site.keyset);
    let mut call = listen("room").by("ann");
    call.0.states = vec![("room".to_owned(), json(r#"{"mood":"ok"}"#)), ("hall".to_owned(), json("{}"))];
    call.now(&site.keyset);
    let event = listen("room-pnpres").after(before).now(&site.keyset);
    let event = crate::support::envelope(&event.items[0], &site.keyset);
    assert_eq!(event["d"]["data"], serde_json::json!({"mood": "ok"}));
}

#[tokio::test]
async fn the_upkeep_tells_many_lapses_without_being_asked() {
    let site = site_with(|options| {
        options.presence.rules.announce_max = 5000;
        options.pubsub.queue.messages = 5000;
        options.pubsub.reply_bytes = 16 << 20;
    })
    .await;
    let before = stamp(&site.keyset);
    for n in 0..2000 {
        site.keyset
            .heartbeat(
                permit(&site.keyset, acts::Heartbeat(places("room"))),
                &caller(&format!("u{n}")),
                &[],
                seconds(20),
            )
            .unwrap();
    }
    site.place.clock.forward(seconds(20) + Duration::from_millis(50));
    let keyset = Arc::clone(&site.keyset);
    eventually(move || keyset.counters().lapsed.get() == 2000).await;
    let told = told(&site, "room", before);
    assert_eq!((told.len(), told[3999].rsplit(' ').next()), (4000, Some("0")));
}
