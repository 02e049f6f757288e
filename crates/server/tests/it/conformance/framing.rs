//! Where a request ends and the next one begins.

use std::time::Duration;

use testkit::TestServer;

use super::{PUBLISH, SENT, TIME};
use crate::both::{Both, CLOSED, get, get_with, post, request};

#[tokio::test]
async fn a_request_is_framed_in_every_way_that_clients_know() {
    let both = Both::start().await;
    let time = get("/time/0");
    let both_ways = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (name, request, replies) in [
        ("a request", time.clone(), &[TIME][..]),
        ("two requests, one after the other", time.repeat(2), &[TIME, TIME]),
        ("fifty requests at once", time.repeat(50), &[TIME; 50]),
        ("empty lines before a request", format!("\r\n\r\n{time}"), &[TIME]),
        ("lines without carriage return", "GET /time/0 HTTP/1.1\nHost: here\n\n".to_owned(), &[TIME]),
        ("a client that wants to go on", get_with("/time/0", "Connection: keep-alive\r\n"), &[TIME]),
        ("a client that wants no more", get_with("/time/0", "Connection: close\r\n"), &[TIME, CLOSED]),
        ("headers in any case", get_with("/time/0", "cOnNeCtIoN: CLOSE\r\n"), &[TIME, CLOSED]),
        ("requests after the last one", get_with("/time/0", "Connection: close\r\n") + &time, &[TIME, CLOSED]),
        ("HTTP/1.0", "GET /time/0 HTTP/1.0\r\n\r\n".to_owned(), &[TIME, CLOSED]),
        ("HTTP/1.0 that goes on", "GET /time/0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(), &[TIME]),
        ("no host", "GET /time/0 HTTP/1.1\r\n\r\n".to_owned(), &[TIME]),
        ("a target with a host", get("http://here:1/time/0"), &[TIME]),
        ("a body with a length", post(PUBLISH, "\"hi\""), &[SENT]),
        ("a body and the next request", post(PUBLISH, "\"hi\"") + &time, &[SENT, TIME]),
        ("a body in chunks", request("POST", PUBLISH, chunked, "2\r\n\"h\r\n2\r\ni\"\r\n0\r\n\r\n"), &[SENT]),
        (
            "chunks, and the next request",
            request("POST", PUBLISH, chunked, "4\r\n\"hi\"\r\n0\r\n\r\n") + &time,
            &[SENT, TIME],
        ),
        // Chunks count, and nothing after them does: some proxy may have counted otherwise.
        (
            "a length and chunks",
            request("POST", PUBLISH, both_ways, "4\r\n\"hi\"\r\n0\r\n\r\n") + &time,
            &[SENT, CLOSED],
        ),
        ("no body where one should be", request("POST", PUBLISH, "", ""), &["400 [0,\"Invalid JSON\""]),
        ("a length of nothing", post(PUBLISH, ""), &["400 [0,\"Invalid JSON\""]),
        ("a message in the path, by POST", post(&format!("{PUBLISH}/1"), ""), &[SENT]),
        ("a message in the path and in the body", post(&format!("{PUBLISH}/1"), "rubbish"), &[SENT]),
        ("GET with a body", request("GET", "/time/0", "Content-Length: 2\r\n", "{}") + &time, &[TIME, TIME]),
        ("a body that is promised nothing", request("GET", "/time/0", "Content-Length: 0\r\n", ""), &[TIME]),
        ("HEAD", request("HEAD", "/time/0", "", ""), &["200 "]),
        ("HEAD of nothing", request("HEAD", "/nowhere", "", ""), &["404 "]),
        ("a change to another protocol", get_with("/time/0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"), &[TIME]),
    ] {
        both.check(name, request, replies).await;
    }
}

/// One SDK writes its requests so. The framework takes the host, but no raw quote in a query.
#[tokio::test]
async fn a_target_with_a_host_may_have_raw_json_in_its_query() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    for host in ["http://here:1", "HTTP://here", "https://[::1]:7700", ""] {
        let path = "/v2/presence/sub-key/sub/channel/room/heartbeat";
        let target = format!(r#"{host}{path}?uuid=ann&heartbeat=60&state={{"room":{{"from":"{host}"}}}}"#);
        assert_eq!(connection.get(&target).await.unwrap().status, 200, "{target}");
        let state = connection.get("/v2/presence/sub-key/sub/channel/room/uuid/ann").await.unwrap();
        assert_eq!(state.json()["payload"]["from"], host);
    }
}

#[tokio::test]
async fn a_body_may_wait_until_it_is_asked_for() {
    for server in Both::start().await.each() {
        let mut connection = server.connect().await;
        let head = request("POST", PUBLISH, "Expect: 100-continue\r\nContent-Length: 4\r\n", "");
        connection.send(head).await.unwrap();
        assert_eq!(connection.receive().await.unwrap().status, 100);
        connection.send("\"hi\"").await.unwrap();
        assert_eq!(connection.receive().await.unwrap().status, 200);
        assert_eq!(connection.get("/time/0").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let both = Both::start().await;
    for server in both.each() {
        let mut connection = server.connect().await;
        let publish = post(PUBLISH, "{\"text\":\"hi\"}");
        for byte in (get("/time/0") + &publish + &get("/time/0")).bytes() {
            connection.send([byte]).await.unwrap();
            // Lets the server read what there is; two bytes at once would do no harm.
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        for _ in 0..3 {
            assert_eq!(connection.receive().await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn requests_behind_a_poll_wait_for_it() {
    for server in Both::start().await.each() {
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
        let mut poll = server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await;
        poll.send(get("/time/0") + &post(PUBLISH, "2") + &get("/time/0")).await.unwrap();
        server.get("/publish/pub/sub/0/room/0/1").await;
        assert_eq!(poll.receive().await.unwrap().payloads(), [1]);
        for _ in 0..3 {
            assert_eq!(poll.receive().await.unwrap().status, 200);
        }
        let waiting = poll.get(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await.unwrap();
        assert_eq!(waiting.payloads(), [1, 2]);
    }
}

#[tokio::test]
async fn a_poll_and_other_requests_of_one_user_do_not_wait_for_each_other() {
    for server in Both::start().await.each() {
        let cursor = server.get("/v2/subscribe/sub/room/0?tt=0&uuid=ann").await.timetoken();
        let mut poll = server.park(&format!("/v2/subscribe/sub/room/0?tt={cursor}&uuid=ann")).await;
        assert_eq!(server.get("/v2/presence/sub-key/sub/uuid/ann?uuid=ann").await.status, 200);
        server.get("/publish/pub/sub/0/room/0/1?uuid=ann").await;
        assert_eq!(poll.receive().await.unwrap().payloads(), [1]);
    }
}
