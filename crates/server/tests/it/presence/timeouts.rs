//! For how long a user is present.

use super::{CALLS, Place};
use crate::listener::Listener;

#[tokio::test]
async fn who_is_not_heard_of_for_as_long_as_it_said_is_gone() {
    for (heartbeat, seconds) in [
        ("", 300),
        ("&heartbeat=", 300),
        ("&heartbeat=20", 20),
        ("&heartbeat=1", 1),
        ("&heartbeat=0", 300),
        ("&heartbeat=-5", 300),
        ("&heartbeat=soon", 300),
        ("&heartbeat=3600", 3600),
        ("&heartbeat=3601", 3600),
        ("&heartbeat=99999999999999999999", 3600),
        ("&heartbeat=%32%30", 20),
        ("&heartbeat=+20", 300),
    ] {
        // The listener comes back after an hour; the join should still wait for it.
        let place = Place::with("pubsub.queue_minutes = 1440").await;
        let mut listener = Listener::on(&place.server, "room-pnpres").await;
        place.arrive("room", &format!("ann{heartbeat}")).await;
        place.pass(seconds - 1);
        assert_eq!(place.here("room").await, ["ann"], "{heartbeat}");
        assert_eq!(listener.events().await, ["join ann 1"], "{heartbeat}");
        place.pass(1);
        assert!(place.here("room").await.is_empty(), "{heartbeat}");
        assert_eq!(listener.events().await, ["timeout ann 0 {}"], "{heartbeat}");
    }
}

#[tokio::test]
async fn a_timeout_is_told_without_anybody_asking() {
    let place = Place::usual().await;
    let cursor = place.cursor().await;
    place.arrive("room", "ann").await;
    let poll = format!("/v2/subscribe/sub/room-pnpres/0?tt={cursor}");
    let cursor = place.server.get(&poll).await.timetoken();
    let mut poll = place.server.park(&format!("/v2/subscribe/sub/room-pnpres/0?tt={cursor}")).await;
    place.pass(300);
    assert_eq!(poll.receive().await.unwrap().payloads()[0]["action"], "timeout");
}

#[tokio::test]
async fn every_renewal_counts_anew_and_the_newest_wish_holds() {
    let place = Place::usual().await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    for _ in 0..5 {
        place.arrive("room", "ann&heartbeat=20").await;
        place.pass(19);
    }
    place.arrive("room", "ann&heartbeat=100").await;
    place.pass(99);
    assert_eq!(listener.events().await, ["join ann 1"]);
    place.arrive("room", "ann&heartbeat=5").await;
    place.pass(5);
    assert_eq!(listener.events().await, ["timeout ann 0 {}"]);
}

#[tokio::test]
async fn a_late_heartbeat_is_a_timeout_and_a_join() {
    let place = Place::usual().await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    place.arrive("room", "ann&heartbeat=20").await;
    place.pass(20);
    place.arrive("room", "ann&heartbeat=20").await;
    assert_eq!(listener.events().await, ["join ann 1", "timeout ann 0 {}", "join ann 1"]);
}

#[tokio::test]
async fn a_timeout_and_a_leave_tell_the_last_state() {
    let place = Place::usual().await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    let state = "%7B%22room%22:%7B%22mood%22:%22ok%22%7D%7D";
    place.arrive("room", &format!("ann&state={state}")).await;
    place.arrive("room", &format!("bob&state={state}")).await;
    place.leave("room", "bob").await;
    place.pass(300);
    let mood = r#"{"mood":"ok"}"#;
    let expected = ["join ann 1", "join bob 2", "leave bob 1", "timeout ann 0"];
    assert_eq!(listener.events().await, expected.map(|event| format!("{event} {mood}")));
    let state = place.server.ask(&format!("{CALLS}/channel/room/uuid/ann")).await;
    assert_eq!(state["payload"], serde_json::json!({}), "state ends with the entry");
}

#[tokio::test]
async fn a_poll_renews_when_it_comes_and_when_it_is_answered() {
    let place = Place::usual().await;
    place.server.ask("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await;
    place.pass(200);
    let cursor = place.cursor().await;
    let mut poll = place.server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann")).await;
    place.pass(200);
    assert_eq!(place.here("room").await, ["ann"], "it came 200 s ago");
    place.server.ask("/publish/pub/sub/0/room/0/1").await;
    assert_eq!(poll.receive().await.unwrap().payloads(), [1]);
    place.pass(299);
    assert_eq!(place.here("room").await, ["ann"], "it was answered 299 s ago");
    place.pass(1);
    assert!(place.here("room").await.is_empty());
}

#[tokio::test]
async fn an_open_poll_alone_keeps_nobody() {
    let place = Place::usual().await;
    let cursor = place.cursor().await;
    let _poll = place.server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann&heartbeat=20")).await;
    place.pass(19);
    assert_eq!(place.here("room").await, ["ann"]);
    place.pass(1);
    assert!(place.here("room").await.is_empty());
}

#[tokio::test]
async fn a_clock_that_steps_back_throws_nobody_out() {
    let place = Place::usual().await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    place.arrive("room", "ann&heartbeat=20").await;
    place.clock.step_back(std::time::Duration::from_secs(3600));
    place.arrive("room", "bob&heartbeat=20").await;
    assert_eq!(place.here("room").await, ["ann", "bob"]);
    assert_eq!(listener.events().await, ["join ann 1", "join bob 2"]);
}
