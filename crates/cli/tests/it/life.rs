//! From the start to the stop, and past a crash.

use std::path::Path;

use testkit::{Reply, eventually};

use crate::program::{Running, command, run};

const ROOM: &str = "/v2/presence/sub-key/demo/channel/room";

async fn here(server: &Running) -> Vec<String> {
    let here = server.ask(ROOM).await;
    here["uuids"].as_array().unwrap().iter().map(|user| user.as_str().unwrap().to_owned()).collect()
}

async fn subscribe(server: &Running, streams: &str, cursor: u64) -> Reply {
    server.get(&format!("/v2/subscribe/demo/{streams}/0?tt={cursor}")).await
}

/// Waits until the snapshot holds a text: presence is saved by itself, and tells nobody. Only the file in its place
/// counts: the one that is being written is not there yet for a start after a crash.
async fn saved(data: &Path, text: &str) {
    eventually(&format!("{text} is saved"), async || {
        let bytes = std::fs::read(data.join("presence.snapshot")).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_signal_answers_who_waits_saves_who_is_here_and_ends_well() {
    for signal in ["TERM", "INT"] {
        let place = tempfile::tempdir().unwrap();
        let server = Running::on(place.path()).await;
        let cursor = subscribe(&server, "room", 0).await.timetoken();
        server.ask(&format!("{ROOM}/heartbeat?uuid=ann")).await;
        let mut poll = server.connect().await;
        let target = format!("/v2/subscribe/demo/room/0?tt={cursor}");
        poll.send(format!("GET {target} HTTP/1.1\r\nHost: here\r\n\r\n")).await.unwrap();
        eventually("the poll is parked", async || {
            let metrics = server.get("/metrics").await.text();
            metrics.contains("hereabouts_parked_polls{keyset=\"demo\"} 1").then_some(())
        })
        .await;

        assert!(server.terminate(signal).await.success());
        let reply = poll.receive().await.unwrap();
        assert_eq!((reply.status, reply.payloads().len()), (200, 0));
        assert!(reply.timetoken() >= cursor);

        let server = Running::on(place.path()).await;
        assert_eq!(here(&server).await, ["ann"]);
        assert!(subscribe(&server, "room", 0).await.timetoken() > cursor);
    }
}

#[tokio::test]
async fn after_kill_9_whoever_was_saved_is_back_and_who_renews_does_not_join() {
    let place = tempfile::tempdir().unwrap();
    let mut last = 0;
    let mut expected = Vec::new();
    for round in 0..3 {
        let server = Running::on(place.path()).await;
        assert_eq!(here(&server).await, expected, "round {round}");
        let cursor = subscribe(&server, "room-pnpres", 0).await.timetoken();
        assert!(cursor > last, "round {round}: {cursor} after {last}");
        for user in &expected {
            server.ask(&format!("{ROOM}/heartbeat?uuid={user}")).await;
        }
        let guest = format!("guest-{round}");
        server.ask(&format!("{ROOM}/heartbeat?uuid={guest}")).await;
        let events = subscribe(&server, "room-pnpres", cursor).await.payloads();
        let joined: Vec<&str> = events.iter().map(|event| event["uuid"].as_str().unwrap()).collect();
        assert_eq!(joined, [guest.as_str()], "round {round}");
        saved(place.path(), &guest).await;
        expected.push(guest);
        last = server.get("/publish/demo/demo/0/room/0/1").await.timetoken();
        server.kill().await.unwrap();
    }
}

#[tokio::test]
async fn groups_that_were_acknowledged_survive_kill_9() {
    let place = tempfile::tempdir().unwrap();
    let group = "/v1/channel-registration/sub-key/demo/channel-group/family";
    let server = Running::on(place.path()).await;
    server.ask(&format!("{group}?add=kitchen,porch")).await;
    server.kill().await.unwrap();
    let server = Running::on(place.path()).await;
    assert_eq!(server.ask(group).await["payload"]["channels"], serde_json::json!(["kitchen", "porch"]));
}

#[tokio::test]
async fn the_printed_settings_are_a_file_to_start_from() {
    let place = tempfile::tempdir().unwrap();
    let printed = run(["config"]).await;
    assert!(printed.status.success());
    let file = place.path().join("hereabouts.toml");
    std::fs::write(&file, &printed.stdout).unwrap();
    let mut configured = command(&[]);
    configured.env("HEREABOUTS_CONFIG", &file);
    let server = Running::from(configured, &place.path().join("data")).await;
    server.ask("/v2/presence/sub-key/demo").await;
}

#[tokio::test]
async fn the_program_says_what_it_is() {
    let version = run(["--version"]).await;
    assert_eq!(String::from_utf8_lossy(&version.stdout), concat!("hereabouts ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = run(["--help"]).await;
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(help.status.success() && text.starts_with("Who is here") && text.contains("serve"), "{text}");
}
