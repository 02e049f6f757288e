//! What an HTTP/2 connection may hold, and for how long. Frames are written by hand, as no client would.

use testkit::frames::{END_HEADERS, END_STREAM, Kind, PREFACE, frame, get, header, request};
use testkit::{Connection, Edge, Http2, TestServer, eventually};

use super::start;

const HASTY: &str = "edge.head_seconds = 1\nedge.idle_seconds = 1\nedge.write_seconds = 1";

/// Makes the frames of one step of a flood.
type Step<'a> = &'a dyn Fn(u32) -> Vec<u8>;

async fn open(server: &TestServer, settings: &[u8]) -> Connection {
    let mut connection = server.connect().await;
    connection.send([PREFACE, &frame(Kind::Settings, 0, 0, settings)].concat()).await.unwrap();
    connection
}

async fn connections_fall_to(server: &TestServer, count: f64, what: &str) {
    // The one that asks is connected as well.
    eventually(what, async || (server.metric("hereabouts_connections").await <= count + 1.0).then_some(())).await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let server = start(Edge::Lean, HASTY).await;
    let used = Http2::open(server.address()).await.unwrap();
    assert_eq!(used.exchange("GET", "/time/0", &[], None).await.unwrap().status, 200);
    let mut silent = open(&server, &[]).await;
    silent.rest().await.expect("it is closed");
    connections_fall_to(&server, 0.0, "both are closed").await;
}

#[tokio::test]
async fn a_connection_with_a_parked_poll_is_not_idle() {
    let server = start(Edge::Lean, &format!("{HASTY}\nedge.poll_hold_seconds = 3")).await;
    let connection = Http2::open(server.address()).await.unwrap();
    let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
    let reply = connection.exchange("GET", &format!("/v2/subscribe/sub/room/0?tt={cursor}"), &[], None).await.unwrap();
    assert_eq!((reply.status, reply.payloads().len()), (200, 0));
}

/// Asks for ten replies of 600 kB, and opens no window for them.
async fn greedy(server: &TestServer) -> Connection {
    let mut publisher = server.connect().await;
    let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
    for _ in 0..20 {
        let message = format!("\"{}\"", "x".repeat(30_000));
        let head = format!("Content-Length: {}\r\n", message.len());
        publisher.send(crate::both::request("POST", "/publish/pub/sub/0/room/0", &head, &message)).await.unwrap();
        assert_eq!(publisher.receive().await.unwrap().status, 200);
    }
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: no byte of a reply may be sent.
    let mut greedy = open(server, &[0, 4, 0, 0, 0, 0]).await;
    let poll = format!("/v2/subscribe/sub/room/0?tt={cursor}");
    for stream in 0..10 {
        greedy.send(request(2 * stream + 1, &poll)).await.unwrap();
    }
    greedy
}

async fn replies_are_gone(server: &TestServer) {
    eventually("the replies are gone", async || {
        (server.metric("hereabouts_memory_used_bytes").await < 3_000_000.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn windows_that_never_open_hold_what_is_counted() {
    // It waits longer than this test for who takes nothing.
    let server = start(Edge::Lean, "edge.write_seconds = 600").await;
    let greedy = greedy(&server).await;
    eventually("the replies are counted", async || {
        (server.metric("hereabouts_memory_used_bytes").await > 6_000_000.0).then_some(())
    })
    .await;
    drop(greedy);
    replies_are_gone(&server).await;
}

#[tokio::test]
async fn windows_that_never_open_hold_nothing_for_long() {
    let server = start(Edge::Lean, HASTY).await;
    let greedy = greedy(&server).await;
    eventually("the replies are on their way", async || {
        (server.metric("hereabouts_deliveries_total").await >= 200.0).then_some(())
    })
    .await;
    connections_fall_to(&server, 0.0, "the connection is cut").await;
    replies_are_gone(&server).await;
    drop(greedy);
}

#[tokio::test]
async fn one_connection_has_as_many_requests_under_way_as_it_may() {
    let server = start(Edge::Lean, "edge.http2_streams_max = 2").await;
    let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
    let mut connection = open(&server, &[]).await;
    let poll = format!("/v2/subscribe/sub/room/0?tt={cursor}");
    for stream in 0..5 {
        connection.send(request(2 * stream + 1, &poll)).await.unwrap();
    }
    eventually("two wait", async || (server.metric("hereabouts_parked_polls").await == 2.0).then_some(())).await;
    for _ in 0..10 {
        assert!(server.metric("hereabouts_parked_polls").await <= 2.0);
    }
}

#[tokio::test]
async fn floods_of_frames_end_with_the_connection_and_nobody_else_notices() {
    let server = start(Edge::Lean, "edge.write_seconds = 1").await;
    let time = get("/time/0");
    let resets = |stream: u32| {
        let stream = 2 * stream + 1;
        [request(stream, "/time/0"), frame(Kind::Reset, 0, stream, &8_u32.to_be_bytes())].concat()
    };
    let continuations = |number: u32| match number {
        0 => frame(Kind::Headers, END_STREAM, 1, &time),
        number => frame(Kind::Continuation, 0, 1, &header(&format!("x-{number}"), "y")),
    };
    let lists = |stream: u32| {
        let many: Vec<u8> = (0..1_000).flat_map(|number| header(&format!("x-{number}"), &"y".repeat(100))).collect();
        let parts: Vec<&[u8]> = many.chunks(16_000).collect();
        let mut frames = frame(Kind::Headers, END_STREAM, 2 * stream + 1, &time);
        for (number, part) in parts.iter().enumerate() {
            let flags = if number + 1 == parts.len() { END_HEADERS } else { 0 };
            frames.extend(frame(Kind::Continuation, flags, 2 * stream + 1, part));
        }
        frames
    };
    let settings = |_: u32| frame(Kind::Settings, 0, 0, &[]);
    let floods: [(&str, Step<'_>); 5] = [
        ("requests taken back at once", &resets),
        ("a head that never ends", &continuations),
        ("heads of 100 kB", &lists),
        ("settings that must be acknowledged", &settings),
        ("bodies of nobody", &|_| frame(Kind::Data, 0, 1, &[0; 1_000])),
    ];
    for (what, flood) in floods {
        let mut connection = open(&server, &[]).await;
        // Until the connection breaks, or everything is taken and nothing came of it.
        for number in 0..200 {
            if connection.send(flood(number)).await.is_err() {
                break;
            }
        }
        assert_eq!(server.get("/time/0").await.status, 200, "{what}");
        drop(connection);
    }
    connections_fall_to(&server, 0.0, "all of them are gone").await;
    let used = server.metric("hereabouts_memory_used_bytes").await;
    assert!(used < 1_000_000.0, "{used} bytes are left behind");
}
