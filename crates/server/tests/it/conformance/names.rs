//! Escapes and characters: what is data, what is refused, and what is a list.

use super::SENT;
use crate::both::{Both, get};

const BAD_CHANNEL: &str = "400 [0,\"Invalid Character in Channel Name";
const BAD_JSON: &str = "400 [0,\"Invalid JSON\"";
const PRESENCE: &str = "400 {\"error\":1,";
const SUBSCRIBE: &str = "400 {\"error\":true,\"message\":\"Invalid";
const REGISTRY: &str = r#"400 {"error":true,"message":"Reserved character in input parameters.","#;

#[tokio::test]
async fn broken_escapes_are_refused_in_the_words_of_each_subsystem() {
    let both = Both::start().await;
    for broken in ["%ff", "%C3", "%", "%2", "%zz", "a%", "%E2%82", "%ED%A0%80", "%C0%80", "%00", "%0A", "%7F"] {
        for (target, reply) in [
            (format!("/publish/pub/sub/0/{broken}/0/1"), BAD_CHANNEL),
            (format!("/signal/pub/sub/0/{broken}/0/1"), BAD_CHANNEL),
            (format!("/publish/pub/sub/0/room/0/{broken}"), BAD_JSON),
            (format!("/v2/subscribe/sub/{broken}/0"), SUBSCRIBE),
            (format!("/v2/subscribe/sub/,/0?channel-group={broken}"), SUBSCRIBE),
            (format!("/v2/presence/sub-key/sub/channel/{broken}"), PRESENCE),
            (format!("/v2/presence/sub-key/sub/channel/{broken}/heartbeat?uuid=a"), PRESENCE),
            (format!("/v1/channel-registration/sub-key/sub/channel-group/{broken}"), REGISTRY),
            (format!("/v1/channel-registration/sub-key/sub/channel-group/g?add={broken}"), REGISTRY),
        ] {
            both.check(&target, get(&target), &[reply]).await;
        }
    }
    for broken in ["%ff", "%", "%zz"] {
        for (target, reply) in [
            (format!("/v2/presence/sub-key/sub/uuid/{broken}"), PRESENCE),
            (format!("/v2/presence/sub-key/sub/channel/room/heartbeat?uuid={broken}"), PRESENCE),
            (format!("/v2/presence/sub-key/sub/channel/room/uuid/ann/data?state={broken}"), PRESENCE),
            (format!("/v2/subscribe/sub/room/0?tt=0&filter-expr={broken}"), "481 {"),
            (format!("/publish/pub/sub/0/room/0/1?meta={broken}"), BAD_JSON),
            (format!("/v2/subscribe/{broken}/room/0"), "400 {\"error\":true,\"message\":\"Invalid Subscribe Key\""),
        ] {
            both.check(&target, get(&target), &[reply]).await;
        }
    }
}

#[tokio::test]
async fn a_cursor_is_a_number_of_any_length() {
    let both = Both::start().await;
    for (tt, reply) in [
        ("0", "200 {"),
        ("", "200 {"),
        ("00000000000000000000", "200 {"),
        ("x", SUBSCRIBE),
        ("-1", SUBSCRIBE),
        ("1.5", SUBSCRIBE),
        ("1e3", SUBSCRIBE),
        ("+1", SUBSCRIBE),
        ("0x10", SUBSCRIBE),
    ] {
        both.check(tt, get(&format!("/v2/subscribe/sub/room/0?tt={tt}")), &[reply]).await;
    }
    for tt in ["99999999999999999999", "9223372036854775807", "18446744073709551616", &"9".repeat(1000)] {
        for server in both.each() {
            // Waits like a fresh cursor: what comes next is delivered.
            let mut poll = server.park(&format!("/v2/subscribe/sub/room/0?tt={tt}")).await;
            server.get("/publish/pub/sub/0/room/0/%22next%22").await;
            assert_eq!(poll.receive().await.unwrap().payloads(), ["next"], "{tt}");
        }
    }
}

#[tokio::test]
async fn what_stands_in_a_path_is_data_as_far_as_it_can_be() {
    let both = Both::start().await;
    let long = "c".repeat(2048);
    let longer = "c".repeat(2049);
    for (name, channel, reply) in [
        ("plus is plus", "a+b", SENT),
        ("an escaped space", "a%20b", SENT),
        ("a colon, raw and escaped", "a:b%3Ac", SENT),
        ("quotes and stars", "it's*(1)", SENT),
        ("a raw backslash", "a\\b", SENT),
        ("a raw bar", "a|b", SENT),
        ("two dots", "a.b.c", SENT),
        ("three dots", "a.b.c.d", "400 [0,\"Wildcard maximum depth exceeded\""),
        ("an empty name", "", BAD_CHANNEL),
        ("a comma", "a,b", BAD_CHANNEL),
        ("an escaped comma", "a%2Cb", BAD_CHANNEL),
        ("an escaped slash", "a%2Fb", BAD_CHANNEL),
        ("a presence stream", "a-pnpres", BAD_CHANNEL),
        ("2048 bytes", &long, SENT),
        ("2049 bytes", &longer, "400 [0,\"Invalid Character in Channel Name: too long\""),
        ("an emoji", "%F0%9F%91%8B", SENT),
        ("an emoji that nobody escaped", "👋", SENT),
    ] {
        both.check(name, get(&format!("/publish/pub/sub/0/{channel}/0/1")), &[reply]).await;
    }
}

#[tokio::test]
async fn a_user_id_has_92_characters() {
    let both = Both::start().await;
    let room = "/v2/presence/sub-key/sub/channel/room";
    let invalid = r#"400 {"error":1,"message":"Invalid uuid","service":"Presence","status":400}"#;
    for (name, id, reply) in [
        ("92 characters", "u".repeat(92), "200 {"),
        ("93 characters", "u".repeat(93), invalid),
        ("92 characters of two bytes", "%C3%A9".repeat(92), "200 {"),
        ("93 characters of two bytes", "%C3%A9".repeat(93), invalid),
    ] {
        both.check(name, get(&format!("{room}/heartbeat?uuid={id}")), &[reply]).await;
        both.check(name, get(&format!("/v2/presence/sub-key/sub/uuid/{id}")), &[reply]).await;
        // Publish and subscribe take any id; one that presence does not take is nowhere.
        both.check(name, get(&format!("/publish/pub/sub/0/room/0/1?uuid={id}")), &[SENT]).await;
        both.check(name, get(&format!("/v2/subscribe/sub/room/0?uuid={id}")), &["200 {"]).await;
    }
    let no_uuid = r#"400 {"error":1,"message":"No uuid specified","service":"Presence","status":400}"#;
    both.check("no user", get(&format!("{room}/heartbeat?uuid=")), &[no_uuid]).await;
}
