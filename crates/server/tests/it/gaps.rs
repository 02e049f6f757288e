//! What a subscriber missed is said, never silent (`Hereabouts-Gap`, `hereabouts_gaps_total`).

use std::time::Duration;

use node::Clock;
use testkit::{ManualClock, Reply, TestServer};

/// After which timetoken, and until which, messages may be missing.
fn gap(reply: &Reply) -> Option<(u64, u64)> {
    let (after, until) = reply.header("hereabouts-gap")?.split_once(' ')?;
    Some((after.parse().unwrap(), until.parse().unwrap()))
}

async fn poll(server: &TestServer, channels: &str, cursor: u64) -> Reply {
    server.get(&format!("/v2/subscribe/sub/{channels}/0?tt={cursor}")).await
}

async fn publish(server: &TestServer, channel: &str, count: usize) -> Vec<u64> {
    let mut connection = server.connect().await;
    let mut timetokens = Vec::new();
    for n in 0..count {
        let reply = connection.get(&format!("/publish/pub/sub/0/{channel}/0/{n}")).await.unwrap();
        timetokens.push(reply.timetoken());
    }
    timetokens
}

async fn gaps(server: &TestServer) -> f64 {
    server.metric("hereabouts_gaps_total").await
}

#[tokio::test]
async fn a_hundred_messages_wait_without_a_gap_and_the_hundred_and_first_makes_one() {
    let server = TestServer::start().await;
    let cursor = poll(&server, "room", 0).await.timetoken();
    let sent = publish(&server, "room", 100).await;
    let reply = poll(&server, "room", cursor).await;
    assert_eq!((reply.payloads().len(), gap(&reply)), (100, None));
    assert_eq!(gaps(&server).await, 0.0);

    publish(&server, "room", 5).await;
    let reply = poll(&server, "room", cursor).await;
    assert_eq!(reply.payloads().len(), 100, "the newest hundred");
    assert_eq!(reply.payloads()[0], 5);
    assert_eq!(gap(&reply), Some((cursor, sent[4])));
    assert_eq!(gaps(&server).await, 1.0);
    let next = poll(&server, "room", sent[4]).await;
    assert_eq!((next.payloads().len(), gap(&next)), (100, None), "from the end of the gap on nothing is missing");
}

#[tokio::test]
async fn many_channels_share_the_hundred_of_a_reply() {
    let server = TestServer::start().await;
    let cursor = poll(&server, "a,b", 0).await.timetoken();
    let sent = [publish(&server, "a", 60).await, publish(&server, "b", 60).await].concat();
    let reply = poll(&server, "a,b", cursor).await;
    assert_eq!((reply.payloads().len(), gap(&reply)), (100, Some((cursor, sent[19]))));
    let reply = poll(&server, "a", cursor).await;
    assert_eq!((reply.payloads().len(), gap(&reply)), (60, None));
}

#[tokio::test]
async fn a_cursor_from_before_the_start_has_a_gap() {
    let clock = ManualClock::default();
    let server = TestServer::builder().clock(clock.clone()).start().await;
    let cursor = poll(&server, "room", 0).await.timetoken();
    publish(&server, "room", 1).await;
    let stopped = server.stop().await;
    clock.advance(Duration::from_secs(1));
    let server = stopped.start().await;
    let sent = publish(&server, "room", 1).await;
    let reply = poll(&server, "room", cursor).await;
    let (after, until) = gap(&reply).expect("what was published before the restart is gone");
    assert_eq!(reply.payloads(), [0]);
    assert!(after == cursor && cursor < until && until < sent[0], "{after} {until}");
    assert_eq!(gaps(&server).await, 1.0);
    assert_eq!(gap(&poll(&server, "room", until).await), None);
}

#[tokio::test]
async fn messages_that_are_too_old_leave_a_gap_and_a_quiet_channel_none() {
    let clock = ManualClock::default();
    let server = TestServer::builder().settings("pubsub.queue_minutes = 20").clock(clock.clone()).start().await;
    clock.advance(Duration::from_secs(1));
    let cursor = poll(&server, "room", 0).await.timetoken();
    let old = publish(&server, "room", 1).await;
    clock.advance(Duration::from_secs(21 * 60));
    testkit::eventually("timetokens follow the clock", async || {
        (poll(&server, "room", 0).await.timetoken() >= clock.now().ticks()).then_some(())
    })
    .await;
    let new = publish(&server, "room", 1).await;
    let reply = poll(&server, "room", cursor).await;
    assert_eq!((reply.payloads().len(), gap(&reply)), (1, Some((cursor, old[0]))));

    publish(&server, "other", 1).await;
    let reply = poll(&server, "other", new[0]).await;
    assert_eq!((reply.payloads().len(), gap(&reply)), (1, None));
}

#[tokio::test]
async fn a_first_call_has_no_gap() {
    let server = TestServer::start().await;
    publish(&server, "room", 200).await;
    let reply = poll(&server, "room", 0).await;
    assert_eq!(gap(&reply), None);
    assert_eq!(reply.header("hereabouts-gap"), Some("none"), "a client learns that it would be told");
    assert_eq!(gaps(&server).await, 0.0);
}
