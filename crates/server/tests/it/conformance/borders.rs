//! Both sides of every size.

use super::{PUBLISH, SENT, TIME};
use crate::both::{Both, CLOSED, get, get_with, post, request};

const TOO_LONG: &str = r#"414 {"error":true,"message":"Request URI Too Long","service":"Balancer","status":414}"#;
const TOO_LARGE: &str = r#"413 {"error":true,"message":"Request Entity Too Large","service":"Balancer","status":413}"#;
const MESSAGE_TOO_LARGE: &str = "400 [0,\"Message Too Large\"";
const HEADERS_TOO_LARGE: &str =
    r#"431 {"error":true,"message":"Request Header Fields Too Large","service":"Balancer","status":431}"#;

/// A target of that many bytes.
fn target(start: &str, bytes: usize) -> String {
    format!("{start}{}", "x".repeat(bytes - start.len()))
}

/// A JSON string of that many bytes.
fn message(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[tokio::test]
async fn a_target_has_32768_bytes() {
    let both = Both::start().await;
    for (name, target, reply) in [
        ("a query at the limit", target("/time/0?", 32_768), &[TIME][..]),
        ("a query above it", target("/time/0?", 32_769), &[TOO_LONG, CLOSED]),
        ("a path at the limit", target("/nowhere/", 32_768), &["404 "]),
        ("a path above it", target("/nowhere/", 32_769), &[TOO_LONG, CLOSED]),
        ("a path of 40 KB", target("/v2/subscribe/sub/", 40_000), &[TOO_LONG, CLOSED]),
        ("a path of 60 KB", target("/v2/subscribe/sub/", 60_000), &[TOO_LONG, CLOSED]),
    ] {
        both.check(name, get(&target), reply).await;
    }
}

#[tokio::test]
async fn a_message_has_32768_bytes_and_a_large_one_2_mib() {
    let both = Both::start().await;
    let large = PUBLISH.replace("/publish", "/v2/publish");
    for (name, request, reply) in [
        ("a message at the limit", post(PUBLISH, &message(32_768)), &[SENT][..]),
        ("a message above it", post(PUBLISH, &message(32_769)), &[MESSAGE_TOO_LARGE]),
        ("a large message at the limit", post(&large, &message(2_097_152)), &[SENT]),
        ("a large message above it", post(&large, &message(2_097_153)), &[TOO_LARGE, CLOSED]),
        ("any body above the limit", post(PUBLISH, &message(2_097_153)), &[TOO_LARGE, CLOSED]),
        ("a signal of 64 bytes", post("/signal/pub/sub/0/room/0", &message(64)), &[SENT]),
        ("a signal of 65 bytes", post("/signal/pub/sub/0/room/0", &message(65)), &["400 [0,\"Signal size too large\""]),
        ("a signal of 100 KB", post("/signal/pub/sub/0/room/0", &message(100_000)), &["400 [0,\"Signal size too"]),
    ] {
        both.check(name, request, reply).await;
    }
}

#[tokio::test]
async fn a_body_in_chunks_has_the_same_limit() {
    let both = Both::start().await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let body = |chunks| format!("1\r\n\"\r\n{}1\r\n\"\r\n0\r\n\r\n", chunk.repeat(chunks));
    let send =
        |chunks| request("POST", "/v2/publish/pub/sub/0/room/0", "Transfer-Encoding: chunked\r\n", &body(chunks));
    both.check("31 chunks of 64 KiB", send(31), &[SENT]).await;
    let reply = both.reply(send(32)).await;
    assert_eq!((reply.status, reply.text().contains("Request Entity Too Large")), (413, true));
}

#[tokio::test]
async fn a_body_is_refused_by_its_promise_before_it_comes() {
    let both = Both::start().await;
    for length in ["2097153", "3000000000", "9223372036854775807"] {
        let promise = request("POST", PUBLISH, &format!("Content-Length: {length}\r\n"), "");
        both.check(length, promise, &[TOO_LARGE, CLOSED]).await;
    }
}

#[tokio::test]
async fn a_head_has_64_kib_and_as_many_headers_as_fit_a_hundred() {
    let both = Both::start().await;
    let headers = |count: usize, bytes: usize| {
        (0..count).map(|n| format!("x-{n}: {}\r\n", "y".repeat(bytes))).collect::<String>()
    };
    for (name, headers, reply) in [
        ("a long cookie", headers(1, 30_000), &[TIME][..]),
        ("60 headers", headers(60, 10), &[TIME]),
        ("90 headers", headers(90, 10), &[TIME]),
        ("200 headers", headers(200, 10), &[HEADERS_TOO_LARGE, CLOSED]),
        ("100,000 headers", headers(100_000, 1), &[HEADERS_TOO_LARGE, CLOSED]),
        ("one header of 80 KB", headers(1, 80_000), &[HEADERS_TOO_LARGE, CLOSED]),
    ] {
        both.check(name, get_with("/time/0", &headers), reply).await;
    }
}

#[tokio::test]
async fn a_state_has_32_kib() {
    let state = |bytes: usize| format!("%7B%22s%22:%22{}%22%7D", "x".repeat(bytes - r#"{"s":""}"#.len()));
    let set = |bytes| get(&format!("/v2/presence/sub-key/sub/channel/room/uuid/ann/data?state={}", state(bytes)));
    let usual = Both::start().await;
    usual.check("a state that no request can carry", set(33 * 1024), &[TOO_LONG, CLOSED]).await;
    let both = Both::with("edge.request_target_bytes = 65536\nedge.head_bytes = 131072").await;
    both.check("a state at the limit", set(32 * 1024), &["200 {"]).await;
    let too_large = r#"400 {"error":1,"message":"State Too Large","service":"Presence","status":400}"#;
    both.check("a state above it", set(32 * 1024 + 1), &[too_large]).await;
    both.check("a state of 33 KiB", set(33 * 1024), &[too_large]).await;
}

#[tokio::test]
async fn a_request_may_name_10_000_channels() {
    let names: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
    let same = Both::start().await;
    same.check("one name 10,000 times", get(&format!("/v2/subscribe/sub/{}/0", "a,".repeat(10_000))), &["200 {"]).await;
    let both = Both::with("edge.request_target_bytes = 131072\nedge.head_bytes = 262144").await;
    let all = names.join(",");
    let subscribe = format!("/v2/subscribe/sub/{all}/0?uuid=ann");
    let cursor = both.get(&subscribe).await.timetoken();
    let here = both.get("/v2/presence/sub-key/sub?disable_uuids=1").await.json();
    assert_eq!(here["payload"]["total_occupancy"], 10_000);
    for server in both.each() {
        let mut poll = server.park(&format!("{subscribe}&tt={cursor}")).await;
        server.get("/publish/pub/sub/0/c9999/0/1").await;
        assert_eq!(poll.receive().await.unwrap().payloads(), [1]);
    }
    both.check("they leave", get(&format!("/v2/presence/sub-key/sub/channel/{all}/leave?uuid=ann")), &["200 {"]).await;
    let here = both.get("/v2/presence/sub-key/sub").await.json();
    assert_eq!(here["payload"]["total_occupancy"], 0);
}

#[tokio::test]
async fn a_filter_may_be_deep_but_not_endless() {
    let both = Both::start().await;
    for (depth, reply) in [(10, "200 "), (10_000, "481 {"), (16_000, "481 {")] {
        let filter = format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
        let target = format!("/v2/subscribe/sub/room/0?tt=0&filter-expr={filter}");
        both.check(&format!("{depth} brackets"), get(&target), &[reply]).await;
        let nots = format!("/v2/subscribe/sub/room/0?tt=0&filter-expr={}a", "!".repeat(depth));
        both.check(&format!("{depth} times not"), get(&nots), &[reply]).await;
    }
}
