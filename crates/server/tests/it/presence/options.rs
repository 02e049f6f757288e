//! What a key set may choose.

use testkit::eventually;

use super::Place;
use crate::listener::Listener;

#[tokio::test]
async fn a_closed_connection_is_a_leave_only_where_it_is_wanted() {
    for (option, left) in [(true, true), (false, false)] {
        let place = Place::with(&format!("presence.leave_on_disconnect = {option}")).await;
        let mut listener = Listener::on(&place.server, "room-pnpres").await;
        let cursor = place.cursor().await;
        let poll = place.server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann")).await;
        drop(poll);
        eventually("the poll ends", async || {
            (place.server.metric("hereabouts_parked_polls").await == 0.0).then_some(())
        })
        .await;
        let expected: &[&str] = if left { &["join ann 1", "leave ann 0"] } else { &["join ann 1"] };
        assert_eq!(listener.events().await, expected);
    }
}

#[tokio::test]
async fn an_open_poll_is_presence_only_where_it_is_wanted() {
    let place = Place::with("presence.open_poll_is_presence = true").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    let cursor = place.cursor().await;
    let poll = place.server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann&heartbeat=20")).await;
    place.pass(1000);
    assert_eq!(place.here("room").await, ["ann"]);
    drop(poll);
    eventually("the poll ends", async || (place.server.metric("hereabouts_parked_polls").await == 0.0).then_some(()))
        .await;
    assert_eq!(place.here("room").await, ["ann"], "a lost connection is not a leave");
    place.pass(20);
    assert!(place.here("room").await.is_empty());
    assert_eq!(listener.events().await, ["join ann 1", "timeout ann 0 {}"]);
}

#[tokio::test]
async fn a_user_on_two_devices_leaves_with_the_first_or_with_the_last() {
    for (devices, events) in
        [("single", ["join ann 1", "leave ann 0", "-"]), ("counted", ["join ann 1", "-", "leave ann 0"])]
    {
        let place = Place::with(&format!("presence.devices = \"{devices}\"")).await;
        let mut listener = Listener::on(&place.server, "room-pnpres").await;
        let mut told = Vec::new();
        place.arrive("room", "ann&instanceid=telephone").await;
        place.arrive("room", "ann&instanceid=laptop").await;
        told.push(listener.events().await.join(" "));
        assert_eq!(place.here("room").await, ["ann"], "one occupant in either case");
        for device in ["telephone", "laptop"] {
            place.leave("room", &format!("ann&instanceid={device}")).await;
            told.push(listener.events().await.join(" "));
        }
        assert_eq!(told, events.map(|event| event.trim_matches('-')), "{devices}");
    }
}

#[tokio::test]
async fn counted_devices_time_out_one_by_one() {
    let place = Place::with("presence.devices = \"counted\"").await;
    let mut listener = Listener::on(&place.server, "room-pnpres").await;
    place.arrive("room", "ann&instanceid=telephone&heartbeat=20").await;
    place.arrive("room", "ann&instanceid=laptop&heartbeat=100").await;
    place.pass(99);
    assert_eq!(listener.events().await, ["join ann 1"]);
    place.pass(1);
    assert_eq!(listener.events().await, ["timeout ann 0 {}"]);
}

#[tokio::test]
async fn subscribes_renew_unless_that_is_switched_off() {
    let place = Place::with("presence.renew_by_subscribe = false").await;
    place.server.ask("/v2/subscribe/sub/room/0?tt=0&uuid=ann&heartbeat=20").await;
    assert_eq!(place.here("room").await, ["ann"], "a first subscribe joins in any case");
    place.pass(19);
    place.server.ask("/v2/subscribe/sub/room/0?tt=0&uuid=ann&heartbeat=20").await;
    place.pass(1);
    assert!(place.here("room").await.is_empty());
}

#[tokio::test]
async fn rules_choose_channels_and_events() {
    let rules = r#"presence.rules = [
        { channels = ["room.*"], actions = ["leave"] },
        { channels = ["lobby"] },
    ]"#;
    let place = Place::with(rules).await;
    let mut listener = Listener::on(&place.server, "room.a-pnpres,lobby-pnpres,porch-pnpres").await;
    for channel in ["room.a", "lobby", "porch"] {
        place.arrive(channel, "ann").await;
    }
    assert_eq!(place.here("room.a").await, ["ann"]);
    assert_eq!(place.here("lobby").await, ["ann"]);
    assert!(place.here("porch").await.is_empty(), "no rule names it");
    for channel in ["room.a", "lobby", "porch"] {
        place.leave(channel, "ann").await;
    }
    assert_eq!(listener.events().await, ["join ann 1", "leave ann 0", "leave ann 0"]);
}

#[tokio::test]
async fn one_channel_is_told_when_others_wake_and_fall_asleep() {
    let place = Place::with("presence.active_notice_channel = \"notices\"").await;
    let mut listener = Listener::on(&place.server, "notices").await;
    place.arrive("room", "ann").await;
    place.arrive("room", "bob&heartbeat=20").await;
    place.leave("room", "ann").await;
    place.pass(20);
    let told = listener.heard().await;
    let told: Vec<String> = told.iter().map(|notice| format!("{} {}", notice["channel"], notice["action"])).collect();
    assert_eq!(told, [r#""room" "active""#, r#""room" "inactive""#]);
}

#[tokio::test]
async fn filters_reach_presence_events_only_where_it_is_wanted() {
    // The marker of the listener has to pass as well.
    let filter = "&filter-expr=pn_action%20==%20'leave'%20%7C%7C%20marker%20==%201";
    for (option, events) in [(true, &["leave ann 0"][..]), (false, &["join ann 1", "leave ann 0"])] {
        let place = Place::with(&format!("presence.stream_filtering = {option}")).await;
        let mut listener = Listener::with(&place.server, "room-pnpres", filter).await;
        place.arrive("room", "ann").await;
        place.leave("room", "ann").await;
        assert_eq!(listener.events().await, events);
    }
}
