//! Channels with too many users to announce each.

use super::Place;
use crate::listener::Listener;

#[tokio::test]
async fn above_the_limit_one_event_an_interval_tells_the_number() {
    let place = Place::with("presence.announce_max = 2\npresence.interval_seconds = 10").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    for user in ["ann", "bob", "cho", "dan"] {
        place.arrive("room", user).await;
    }
    assert_eq!(listener.events().await, ["join ann 1", "join bob 2"]);
    place.pass(10);
    assert_eq!(listener.events().await, ["interval 4"]);
    place.pass(30);
    assert!(listener.events().await.is_empty(), "nothing changed");
    place.leave("room", "dan").await;
    place.pass(10);
    assert_eq!(listener.events().await, ["interval 3"]);
}

#[tokio::test]
async fn single_events_come_back_with_few_users() {
    let place = Place::with("presence.announce_max = 1").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    place.arrive("room", "ann").await;
    place.arrive("room", "bob").await;
    place.pass(10);
    assert_eq!(listener.events().await, ["join ann 1", "interval 2"]);
    place.leave("room", "bob").await;
    place.leave("room", "ann").await;
    place.arrive("room", "cho").await;
    assert_eq!(listener.events().await, ["leave bob 1", "leave ann 0", "join cho 1"]);
}

#[tokio::test]
async fn deltas_name_who_came_and_went() {
    let place = Place::with("presence.announce_max = 0\npresence.deltas = true").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    place.arrive("room", "ann&heartbeat=5").await;
    place.arrive("room", "bob").await;
    place.pass(10);
    assert_eq!(listener.events().await, ["interval 1 join ann,bob timeout ann"]);
    place.arrive("room", "cho").await;
    place.leave("room", "bob").await;
    place.pass(10);
    assert_eq!(listener.events().await, ["interval 1 join cho leave bob"]);
}

#[tokio::test]
async fn deltas_that_do_not_fit_ask_for_a_refresh() {
    let place = Place::with("presence.announce_max = 0\npresence.deltas = true").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    let mut connection = place.server.connect().await;
    for user in 0..500 {
        let target = format!("{}/channel/room/heartbeat?uuid={user:0>92}", super::CALLS);
        assert_eq!(connection.get(&target).await.unwrap().status, 200);
    }
    place.pass(10);
    assert_eq!(listener.events().await, ["interval 500 refresh"]);
}

#[tokio::test]
async fn a_new_state_is_told_whatever_the_number() {
    let place = Place::with("presence.announce_max = 0").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    place.arrive("room", "ann").await;
    let target = format!("{}/channel/room/uuid/ann/data?state=%7B%22mood%22:1%7D", super::CALLS);
    place.server.ask(&target).await;
    assert_eq!(listener.events().await, [r#"state-change ann 1 {"mood":1}"#]);
}
