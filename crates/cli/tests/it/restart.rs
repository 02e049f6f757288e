//! `kill -9` with a full house: who is back, and what is told.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use testkit::{Connection, eventually};

use crate::program::Running;

const MEMBERS: usize = 300;
/// Seconds after which a member is gone: real ones, so enough of them for a round of renewals on a machine that has much
/// else to do.
const TIMEOUT: u64 = 10;
const HEARTBEAT: &str = "/v2/presence/sub-key/demo/channel/room,hall/heartbeat";
const STREAMS: &str = "room-pnpres,hall-pnpres";

async fn renew(calls: &mut Connection, members: impl Iterator<Item = usize>) {
    for member in members {
        let target = format!("{HEARTBEAT}?uuid=member-{member}&heartbeat={TIMEOUT}");
        assert_eq!(calls.get(&target).await.unwrap().status, 200);
    }
}

async fn occupancy(server: &Running, channel: &str) -> u64 {
    let here = server.ask(&format!("/v2/presence/sub-key/demo/channel/{channel}?disable_uuids=1")).await;
    here["occupancy"].as_u64().unwrap()
}

/// Even members renew in time after the start, odd ones never do: each odd one ends once, and no even one does.
#[tokio::test]
async fn after_kill_9_who_renews_in_time_never_ends_and_who_does_not_ends_once() {
    let place = tempfile::tempdir().unwrap();
    let configured = || {
        let mut command = crate::program::command(&[]);
        command.env("HEREABOUTS_PRESENCE__ANNOUNCE_MAX", "1000");
        command.env("HEREABOUTS_PUBSUB__QUEUE_MESSAGES", "10000");
        command
    };
    let server = Running::from(configured(), place.path()).await;
    renew(&mut server.connect().await, 0..MEMBERS).await;
    let last = format!("member-{}", MEMBERS - 1);
    eventually("all are saved", async || {
        let saved = std::fs::read(place.path().join("presence.snapshot")).unwrap_or_default();
        let is_there = |name: &str| saved.windows(name.len()).any(|window| window == name.as_bytes());
        is_there(&last).then_some(())
    })
    .await;
    server.kill().await.unwrap();

    let server = Running::from(configured(), place.path()).await;
    let mut cursor = server.get(&format!("/v2/subscribe/demo/{STREAMS}/0?tt=0")).await.timetoken();
    assert_eq!((occupancy(&server, "room").await, occupancy(&server, "hall").await), (300, 300), "all are restored");
    let mut calls = server.connect().await;
    let mut polls = server.connect().await;
    let mut told: Vec<(String, String, String)> = Vec::new();
    // The odd ones go; the even ones renew all the while, and a full timeout longer.
    let mut rounds_after = 0;
    while rounds_after < TIMEOUT + 2 {
        renew(&mut calls, (0..MEMBERS).step_by(2)).await;
        let target = format!("/v2/subscribe/demo/{STREAMS}/0?tt={cursor}");
        let poll = polls.get(&target);
        if let Ok(reply) = tokio::time::timeout(Duration::from_secs(1), poll).await {
            let reply = reply.unwrap();
            cursor = reply.timetoken();
            let envelopes = reply.json()["m"].as_array().cloned().unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            told.extend(
                envelopes.iter().map(|envelope| {
                    (text(&envelope["d"]["action"]), text(&envelope["c"]), text(&envelope["d"]["uuid"]))
                }),
            );
        } else {
            polls = server.connect().await;
            rounds_after += 1;
        }
    }
    let expected: BTreeSet<_> = (1..MEMBERS)
        .step_by(2)
        .flat_map(|member| {
            let end = |channel: &str| ("timeout".to_owned(), format!("{channel}-pnpres"), format!("member-{member}"));
            [end("room"), end("hall")]
        })
        .collect();
    assert_eq!(told.len(), expected.len(), "each ends once");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!((occupancy(&server, "room").await, occupancy(&server, "hall").await), (150, 150));
}
