//! Stops, starts and crashes.

use std::time::Duration;

use testkit::{Edge, ManualClock, TestServer, eventually};

use crate::listener::Listener;

const CALLS: &str = "/v2/presence/sub-key/sub";

async fn start_with(clock: &ManualClock) -> TestServer {
    let settings = "presence.snapshot_seconds = 1";
    let server = TestServer::builder().settings(settings).clock(clock.clone()).start().await;
    clock.advance(Duration::from_secs(1));
    server
}

async fn arrive(server: &TestServer, user: &str) {
    server.ask(&format!("{CALLS}/channel/room/heartbeat?uuid={user}")).await;
}

/// Who is in the room, with states, as text: `ann {"mood":1} bob`.
async fn here(server: &TestServer) -> String {
    let here = server.ask(&format!("{CALLS}/channel/room?state=1")).await;
    let mut words = Vec::new();
    for user in here["uuids"].as_array().unwrap() {
        words.push(user["uuid"].as_str().unwrap().to_owned());
        words.extend(user.get("state").map(ToString::to_string));
    }
    words.join(" ")
}

#[tokio::test]
async fn a_stop_answers_every_poll_with_its_cursor() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let mut polls = Vec::new();
        for _ in 0..10 {
            polls.push(server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await);
        }
        let mut idle = server.connect().await;
        idle.get("/time/0").await.unwrap();
        server.stop().await;
        for mut poll in polls {
            let reply = poll.receive().await.unwrap();
            assert_eq!((reply.status, reply.payloads().len()), (200, 0), "{edge:?}");
            assert!(reply.timetoken() >= cursor, "{edge:?}");
            assert!(poll.rest().await.unwrap().is_empty(), "{edge:?}: the connection is closed");
        }
        assert!(idle.rest().await.unwrap().is_empty(), "{edge:?}: idle connections are closed");
    }
}

#[tokio::test]
async fn a_restart_keeps_who_was_here_with_states_and_the_time_they_had_left() {
    let clock = ManualClock::default();
    let server = start_with(&clock).await;
    arrive(&server, "ann&heartbeat=100&state=%7B%22room%22:%7B%22mood%22:1%7D%7D").await;
    arrive(&server, "bob&heartbeat=20").await;
    server.ask("/v1/channel-registration/sub-key/sub/channel-group/family?add=room,porch").await;
    clock.advance(Duration::from_secs(15));
    let stopped = server.stop().await;

    clock.advance(Duration::from_secs(3600));
    let server = stopped.start().await;
    let mut listener = Listener::on(&server, "room-pnpres").await;
    assert_eq!(here(&server).await, r#"ann {"mood":1} bob"#);
    let group = server.ask("/v1/channel-registration/sub-key/sub/channel-group/family").await;
    assert_eq!(group["payload"]["channels"], serde_json::json!(["porch", "room"]));
    arrive(&server, "ann&heartbeat=100").await;
    clock.advance(Duration::from_secs(4));
    assert_eq!(here(&server).await, r#"ann {"mood":1} bob"#);
    assert!(listener.events().await.is_empty(), "nobody joined, nobody left");
    clock.advance(Duration::from_secs(1));
    assert_eq!(listener.events().await, ["timeout bob 1 {}"]);
    clock.advance(Duration::from_secs(95));
    assert_eq!(listener.events().await, [r#"timeout ann 0 {"mood":1}"#]);
}

#[tokio::test]
async fn after_a_crash_whoever_was_saved_has_the_full_time_to_come_back() {
    let clock = ManualClock::default();
    let server = start_with(&clock).await;
    arrive(&server, "ann&heartbeat=20&state=%7B%22room%22:%7B%22mood%22:1%7D%7D").await;
    arrive(&server, "bob&heartbeat=20").await;
    clock.advance(Duration::from_secs(15));
    // A snapshot is due every second, and tells nobody; a wreck that has the last one who came was made after one.
    let after = eventually("a snapshot has both", async || {
        let after = server.wreck().start().await;
        here(&after).await.ends_with("bob").then_some(after)
    })
    .await;

    let mut listener = Listener::on(&after, "room-pnpres").await;
    assert_eq!(here(&after).await, r#"ann {"mood":1} bob"#);
    clock.advance(Duration::from_secs(19));
    arrive(&after, "ann&heartbeat=20").await;
    assert!(listener.events().await.is_empty(), "who renews did not join");
    clock.advance(Duration::from_secs(1));
    assert_eq!(listener.events().await, ["timeout bob 1 {}"]);
}

#[tokio::test]
async fn timetokens_grow_across_stops_and_crashes_whatever_the_clock_does() {
    let clock = ManualClock::default();
    let mut server = start_with(&clock).await;
    let mut last = 0;
    for round in 0..6 {
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let sent = server.get("/publish/pub/sub/0/room/0/1").await.timetoken();
        assert!(last <= cursor && cursor < sent, "round {round}: {last} {cursor} {sent}");
        last = sent;
        let stopped = if round % 2 == 0 { server.stop().await } else { server.wreck() };
        clock.step_back(Duration::from_secs(if round < 3 { 1 } else { 3600 }));
        server = stopped.start().await;
    }
}

#[tokio::test]
async fn a_restart_on_other_settings_keeps_what_still_has_a_place() {
    let clock = ManualClock::default();
    let server = start_with(&clock).await;
    arrive(&server, "ann").await;
    let stopped = server.stop().await;
    let without = TestServer::builder().settings("presence.enabled = false").clock(clock.clone());
    let server = stopped.with(without).start().await;
    assert_eq!(server.get(CALLS).await.status, 402);
    assert_eq!(server.get("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await.status, 200);
}

#[tokio::test]
async fn a_stop_with_nobody_there_takes_no_time() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let begun = std::time::Instant::now();
        server.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{edge:?}: {:?}", begun.elapsed());
    }
}
