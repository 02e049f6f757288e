//! A subscriber of a channel and its presence hears of its own join.

use super::{CALLS, Place};

const BOTH: &str = "/v2/subscribe/sub/room,room-pnpres/0";

async fn first_events(place: &Place, parameters: &str) -> Vec<String> {
    let cursor = place.server.get(&format!("{BOTH}?uuid=ann{parameters}")).await.timetoken();
    place.server.ask("/publish/pub/sub/0/room/0/%22end%22").await;
    let reply = place.server.ask(&format!("{BOTH}?uuid=ann{parameters}&tt={cursor}")).await;
    let messages = reply["m"].as_array().unwrap().iter();
    messages.map(|message| message["d"]["action"].as_str().unwrap_or("message").to_owned()).collect()
}

#[tokio::test]
async fn the_join_of_a_first_call_is_above_its_cursor() {
    let place = Place::usual().await;
    assert_eq!(first_events(&place, "").await, ["join", "message"]);
}

#[tokio::test]
async fn a_heartbeat_sent_beside_the_first_call_may_overtake_it() {
    let place = Place::usual().await;
    place.server.ask(&format!("{CALLS}/channel/room/heartbeat?uuid=ann&ee=")).await;
    assert_eq!(first_events(&place, "&ee=").await, ["join", "message"]);
}

#[tokio::test]
async fn only_the_own_and_only_a_recent_join_is_told_again() {
    let place = Place::usual().await;
    place.arrive("room", "ann").await;
    place.pass(2);
    place.arrive("room", "bob").await;
    assert_eq!(first_events(&place, "&ee=").await, ["message"]);
}

#[tokio::test]
async fn a_client_without_an_event_loop_begins_at_its_call() {
    let place = Place::usual().await;
    place.arrive("room", "ann").await;
    assert_eq!(first_events(&place, "").await, ["message"]);
}
