//! What no client sends.

use testkit::{Edge, TestServer};

use super::{PUBLISH, TIME};
use crate::both::{Both, get, get_with, request};

#[tokio::test]
async fn rubbish_is_refused_and_the_connection_closed() {
    let both = Both::with("edge.head_seconds = 1\nedge.idle_seconds = 1").await;
    let lengths = |first, second| {
        request("POST", PUBLISH, &format!("Content-Length: {first}\r\nContent-Length: {second}\r\n"), "\"hi\"")
    };
    let length = |length| request("POST", PUBLISH, &format!("Content-Length: {length}\r\n"), "\"hi\"");
    for (name, bytes) in [
        ("no HTTP", b"hello\r\n\r\n".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("a line of nothing", b"   \r\n\r\n".to_vec()),
        ("NUL instead of a request", vec![0; 100]),
        ("NUL in the target", get("/time/0\0").into()),
        ("NUL in a header", get_with("/time/0", "x: a\0b\r\n").into()),
        ("a header without a name", get_with("/time/0", ": x\r\n").into()),
        ("a header without a colon", get_with("/time/0", "nonsense\r\n").into()),
        ("a header that goes on in the next line", get_with("/time/0", "x: a\r\n b\r\n").into()),
        ("a space before the colon", get_with("/time/0", "x : a\r\n").into()),
        ("an unknown version", b"GET /time/0 HTTP/3.0\r\n\r\n".to_vec()),
        ("a target with a space", get("/time/0 0").into()),
        ("two lengths that differ", lengths("4", "5").into()),
        ("a length that is negative", length("-4").into()),
        ("a length with a sign", length("+4").into()),
        ("a length in another system", length("0x4").into()),
        ("a length of nothing", length("").into()),
        ("a length beyond all numbers", length("99999999999999999999999").into()),
        ("a list of lengths", length("4, 5").into()),
        ("an unknown transfer encoding", request("POST", PUBLISH, "Transfer-Encoding: rot13\r\n", "").into()),
        ("half the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".to_vec()),
    ] {
        for (server, path) in both.each().zip(["lean", "framework"]) {
            let mut connection = server.connect().await;
            connection.send(&bytes).await.unwrap();
            let answer = connection.rest().await;
            let answer = answer.map_or_else(|why| why.to_string(), |answer| String::from_utf8_lossy(&answer).into());
            if !(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("\0\0")) {
                both.complain(name, &format!("{path}: {answer}"));
            }
            // Whoever refuses it says why, in the shape of the protocol.
            if answer.starts_with("HTTP/1.1 4") {
                let tells = answer.contains("Content-Type: text/javascript") && answer.ends_with('}');
                assert!(tells, "{path}, {name}: {answer}");
            }
        }
    }
    // Nobody else noticed.
    both.check("a request", get("/time/0"), &[TIME]).await;
}

#[tokio::test]
async fn the_preface_of_http_2_is_answered_with_http_2() {
    for server in Both::start().await.each() {
        let mut connection = server.connect().await;
        let empty_settings = b"\0\0\0\x04\0\0\0\0\0";
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        connection.send(empty_settings).await.unwrap();
        connection.finish().await.unwrap();
        let answer = connection.rest().await.unwrap();
        assert_eq!(answer.get(3), Some(&4), "a SETTINGS frame comes first: {answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_harms_nobody() {
    let both = Both::start().await;
    for server in both.each() {
        let whole = request("POST", PUBLISH, "Content-Length: 4\r\n", "\"hi\"");
        for length in 1..whole.len() {
            let mut connection = server.connect().await;
            connection.send(&whole[..length]).await.unwrap();
        }
        let mut polls = Vec::new();
        for _ in 0..20 {
            polls.push(server.park("/v2/subscribe/sub/room/0?tt=99999999999999999").await);
        }
        drop(polls);
        testkit::eventually("polls of clients that went away end", async || {
            (server.metric("hereabouts_parked_polls").await == 0.0).then_some(())
        })
        .await;
    }
    both.check("a request", get("/time/0"), &[TIME]).await;
}

#[tokio::test]
async fn a_poll_ends_with_its_client_however_much_was_sent_ahead() {
    let servers = Edge::ALL.map(|edge| [TestServer::builder().edge(edge), TestServer::builder().edge(edge).tls()]);
    for server in servers.into_iter().flatten() {
        let server = server.start().await;
        let mut poll = server.park("/v2/subscribe/sub/room/0?tt=99999999999999999").await;
        // More than is read ahead of a turn, and less than the kernel takes.
        poll.send(get("/time/0").repeat(1_000)).await.unwrap();
        assert_eq!(server.metric("hereabouts_parked_polls").await, 1.0);
        drop(poll);
        testkit::eventually("the poll ends", async || {
            (server.metric("hereabouts_parked_polls").await == 0.0).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed_and_not_too_long() {
    let both = Both::start().await;
    let chunks = request("POST", PUBLISH, "Transfer-Encoding: chunked\r\n", "zz\r\n\"hi\"\r\n0\r\n\r\n");
    for server in both.each() {
        let mut connection = server.connect().await;
        connection.send(chunks.as_bytes()).await.unwrap();
        let answer = String::from_utf8(connection.rest().await.unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("Bad Request"), "{answer}");
    }
}
