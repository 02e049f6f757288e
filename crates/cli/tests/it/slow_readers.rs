//! Readers that never read: what they take of the server's memory (R18).

use testkit::eventually;

use crate::program::{Running, command};

const READERS: usize = 20;
/// What the server puts into one reply at most (`edge.reply_bytes`).
const REPLY_BYTES: usize = 1024 * 1024;
/// What it reads ahead of a client, and what a connection is.
const CONNECTION_BYTES: usize = 64 * 1024;
/// What the allocator keeps of what was given back, and the messages themselves.
const REST_BYTES: usize = 16 * 1024 * 1024;

/// Memory of the server's own, in bytes, where the system tells it.
fn memory(server: &Running) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? * 1024)
}

/// Each asks for 100 replies of 600 KB, which would be 1.2 GB in all.
#[tokio::test]
async fn readers_that_never_read_take_one_reply_each_and_others_are_answered() {
    let place = tempfile::tempdir().unwrap();
    let server = Running::from(command(&[]), place.path()).await;
    let cursor = server.get("/v2/subscribe/demo/room/0?tt=0").await.timetoken();
    let mut publisher = server.connect().await;
    for _ in 0..20 {
        let message = format!("\"{}\"", "x".repeat(30_000));
        let head =
            format!("POST /publish/demo/demo/0/room/0 HTTP/1.1\r\nHost: here\r\nContent-Length: {}", message.len());
        publisher.send(format!("{head}\r\n\r\n{message}")).await.unwrap();
        assert_eq!(publisher.receive().await.unwrap().status, 200);
    }
    let before = memory(&server);
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut reader = server.connect().await;
        let poll = format!("GET /v2/subscribe/demo/room/0?tt={cursor} HTTP/1.1\r\nHost: here\r\n\r\n");
        reader.send(poll.repeat(100)).await.unwrap();
        readers.push(reader);
    }
    // Each got a first reply, as much of it as the kernel takes.
    eventually("all have their first reply on its way", async || {
        let metrics = server.get("/metrics").await.text();
        let name = "hereabouts_deliveries_total{keyset=\"demo\"} ";
        let delivered = metrics.lines().find_map(|line| line.strip_prefix(name)).and_then(|text| text.parse().ok());
        delivered.is_some_and(|delivered: usize| delivered >= 20 * READERS).then_some(())
    })
    .await;
    for _ in 0..20 {
        assert_eq!(server.get("/time/0").await.status, 200);
    }
    if let (Some(before), Some(after)) = (before, memory(&server)) {
        let grown = after.saturating_sub(before);
        let most = READERS * (REPLY_BYTES + CONNECTION_BYTES) + REST_BYTES;
        assert!(grown <= most, "{READERS} readers that never read take {grown} bytes, more than {most}");
    }
}
