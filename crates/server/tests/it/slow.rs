//! Clients that are too slow, too silent or too many, and everybody else beside them.

use std::time::Duration;

use testkit::{Connection, Edge, TestServer, eventually, soon};

use crate::both::{get, request};

/// One second is the shortest time of each kind. Without them a server is more patient than a test, so that what ends
/// in a test ends because of them.
const HASTY: &str = "edge.head_seconds = 1\nedge.idle_seconds = 1\nedge.write_seconds = 1";

async fn start(edge: Edge, settings: &str) -> TestServer {
    TestServer::builder().edge(edge).settings(settings).start().await
}

/// Waits for the end of a connection, and returns what came before it.
async fn end(connection: &mut Connection) -> String {
    let rest = connection.rest().await.expect("the server closes the connection");
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test]
async fn half_a_request_and_then_silence_is_answered_408_and_closed() {
    let server = start(Edge::Lean, HASTY).await;
    let body = request("POST", "/publish/pub/sub/0/room/0", "Content-Length: 100\r\n", "\"half");
    let chunks = request("POST", "/publish/pub/sub/0/room/0", "Transfer-Encoding: chunked\r\n", "5\r\n\"half\r\n");
    for half in ["G", "GET /time/0 HTTP/1.1\r\n", "GET /time/0 HTTP/1.1\r\nHost: here\r\n", &body, &chunks] {
        let mut connection = server.connect().await;
        connection.send(half).await.unwrap();
        let answer = end(&mut connection).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.ends_with('}'), "{half:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_framework_does_not_wait_for_ever_either() {
    let server = start(Edge::Framework, HASTY).await;
    for half in ["", "P", "PRI * HTTP/2.0\r\n\r\n", "GET /time/0 HTTP/1.1\r\nHost: here\r\n"] {
        let mut connection = server.connect().await;
        connection.send(half).await.unwrap();
        let answer = end(&mut connection).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{half:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_head_that_trickles_in_does_not_buy_time() {
    let server = start(Edge::Lean, HASTY).await;
    let mut connection = server.connect().await;
    // A line each 100 ms: never silent, never done.
    soon("it is closed", async {
        while connection.send("x: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    for edge in Edge::ALL {
        let server = start(edge, HASTY).await;
        let mut fresh = server.connect().await;
        let mut used = server.connect().await;
        assert_eq!(used.get("/time/0").await.unwrap().status, 200);
        assert_eq!(end(&mut fresh).await, "", "{edge:?}");
        assert_eq!(end(&mut used).await, "", "{edge:?}");
    }
}

#[tokio::test]
async fn between_two_requests_a_connection_may_rest_for_longer_than_a_head_may_take() {
    for edge in Edge::ALL {
        let server = start(edge, "edge.head_seconds = 1\nedge.poll_hold_seconds = 3").await;
        let pages = ["/health", "/ready", "/metrics", "/time/0", "/nowhere"];
        let mut connections = Vec::new();
        for page in pages {
            let mut connection = server.connect().await;
            let status = connection.get(page).await.unwrap().status;
            connections.push((page, connection, status));
        }
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        assert_eq!(
            server.get(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await.status,
            200,
            "three seconds later"
        );
        for (page, mut connection, status) in connections {
            let again = connection.get(page).await.map(|reply| reply.status).ok();
            assert_eq!(again, Some(status), "{edge:?}: {page}");
        }
    }
}

#[tokio::test]
async fn a_parked_poll_is_not_idle() {
    for edge in Edge::ALL {
        let server = start(edge, &format!("{HASTY}\nedge.poll_hold_seconds = 3")).await;
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let mut poll = server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await;
        let reply = poll.receive().await.unwrap();
        assert_eq!((reply.status, reply.payloads().len()), (200, 0), "{edge:?}");
        assert!(reply.timetoken() >= cursor, "{edge:?}");
    }
}

/// Asks for more than any kernel keeps, 600 kB a hundred times, and takes nothing of it.
async fn greedy(server: &TestServer) -> Connection {
    let message = format!("\"{}\"", "x".repeat(30_000));
    let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
    for _ in 0..20 {
        let target = "/publish/pub/sub/0/room/0";
        let post = request("POST", target, &format!("Content-Length: {}\r\n", message.len()), &message);
        let mut connection = server.connect().await;
        connection.send(post).await.unwrap();
        assert_eq!(connection.receive().await.unwrap().status, 200);
    }
    let mut greedy = server.connect().await;
    greedy.send(get(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).repeat(100)).await.unwrap();
    greedy
}

#[tokio::test]
async fn who_never_reads_is_cut_off() {
    for edge in Edge::ALL {
        let server = start(edge, HASTY).await;
        let greedy = greedy(&server).await;
        // The one that asks is connected as well.
        eventually(&format!("{edge:?}: the connection is cut"), async || {
            (server.metric("hereabouts_connections").await < 2.0).then_some(())
        })
        .await;
        drop(greedy);
    }
}

#[tokio::test]
async fn nobody_waits_for_who_never_reads() {
    for edge in Edge::ALL {
        // It waits longer than this test for who takes nothing.
        let server = start(edge, "edge.write_seconds = 600").await;
        let greedy = greedy(&server).await;
        eventually(&format!("{edge:?}: the first reply is on its way"), async || {
            (server.metric("hereabouts_deliveries_total").await >= 20.0).then_some(())
        })
        .await;
        for _ in 0..20 {
            assert_eq!(server.get("/time/0").await.status, 200);
        }
        assert_eq!(server.metric("hereabouts_connections").await, 2.0, "{edge:?}: it is still there");
        drop(greedy);
    }
}

#[tokio::test]
async fn one_connection_too_many_is_turned_away_and_told_when_to_come_back() {
    for edge in Edge::ALL {
        let server = start(edge, "edge.connections_max = 3").await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut connection = server.connect().await;
            assert_eq!(connection.get("/time/0").await.unwrap().status, 200);
            open.push(connection);
        }
        let reply = server.connect().await.receive().await.unwrap();
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")), "{edge:?}");
        assert_eq!(reply.json()["message"], "Service Unavailable");
        for connection in &mut open {
            assert_eq!(connection.get("/time/0").await.unwrap().status, 200, "{edge:?}");
        }
        drop(open.pop());
        eventually("there is room again", async || {
            let mut connection = server.connect().await;
            connection.get("/time/0").await.ok().filter(|reply| reply.status == 200)
        })
        .await;
    }
}

#[tokio::test]
async fn hundreds_of_polls_wait_beside_each_other() {
    for edge in Edge::ALL {
        let server = start(edge, "").await;
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let poll = get(&format!("/v2/subscribe/sub/room/0?tt={cursor}"));
        let mut polls = Vec::new();
        for _ in 0..POLLS {
            let mut connection = server.connect().await;
            connection.send(&poll).await.unwrap();
            polls.push(connection);
        }
        eventually("all are parked", async || {
            (server.metric("hereabouts_parked_polls").await == POLLS as f64).then_some(())
        })
        .await;
        server.get("/publish/pub/sub/0/room/0/1").await;
        soon("every poll is answered", async {
            for poll in &mut polls {
                assert_eq!(poll.receive().await.unwrap().payloads(), [1]);
            }
        })
        .await;
        assert_eq!(server.metric("hereabouts_deliveries_total").await, POLLS as f64);
    }
}

/// As many as fit beside the rest of the suite under the usual limit of open files, 1024, both ends being ours.
const POLLS: usize = 200;
