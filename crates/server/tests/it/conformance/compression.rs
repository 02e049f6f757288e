//! Compressed bodies, compressed replies.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateEncoder, GzDecoder, GzEncoder, ZlibEncoder};

use super::PUBLISH;
use crate::both::{Both, get_with, post_bytes};

const MESSAGE: &str = r#"{"text":"hello hello hello hello"}"#;

fn all(mut reader: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn a_compressed_message_arrives_whatever_its_label_says() {
    let both = Both::start().await;
    let level = Compression::default();
    let gzip = all(GzEncoder::new(MESSAGE.as_bytes(), level));
    let zlib = all(ZlibEncoder::new(MESSAGE.as_bytes(), level));
    let deflate = all(DeflateEncoder::new(MESSAGE.as_bytes(), level));
    let sent = [(&gzip, "gzip"), (&zlib, "gzip"), (&zlib, "deflate"), (&deflate, "deflate"), (&gzip, "GZIP")];
    let cursor = both.get("/v2/subscribe/sub/room/0?tt=0").await.timetoken();
    for (body, label) in sent {
        let request = post_bytes(PUBLISH, &format!("Content-Encoding: {label}\r\n"), body);
        both.check(label, request, &["200 [1"]).await;
    }
    let messages = both.get(&format!("/v2/subscribe/sub/room/0?tt={cursor}")).await.payloads();
    assert_eq!(messages.len(), sent.len());
    for message in messages {
        assert_eq!(message.to_string(), MESSAGE);
    }
}

#[tokio::test]
async fn what_cannot_be_decompressed_or_grows_too_large_is_refused() {
    let both = Both::start().await;
    let zeros = |count| all(GzEncoder::new(std::io::repeat(b'0').take(count), Compression::best()));
    let gzip = "Content-Encoding: gzip\r\n";
    for (name, target, body, reply) in [
        ("no gzip at all", PUBLISH, MESSAGE.as_bytes().to_vec(), "400 [0,\"Invalid JSON\""),
        ("half a gzip", PUBLISH, zeros(10_000)[..12].to_vec(), "400 [0,\"Invalid JSON\""),
        ("a bomb", PUBLISH, zeros(1_000_000_000), "400 [0,\"Message Too Large\""),
        (
            "a bomb for the large limit",
            "/v2/publish/pub/sub/0/room/0",
            zeros(1_000_000_000),
            "413 {\"error\":true,\"message\":\"Request Entity Too Large\"",
        ),
    ] {
        both.check(name, post_bytes(target, gzip, &body), &[reply]).await;
    }
}

#[tokio::test]
async fn a_reply_is_compressed_when_it_is_asked_for_and_worth_it() {
    let both = Both::start().await;
    let room = "/v2/presence/sub-key/sub/channel/room";
    for user in 0..150 {
        both.get(&format!("{room}/heartbeat?uuid=someone-{user}")).await;
    }
    let plain = both.get(room).await;
    assert!(plain.body.len() > 1400 && plain.header("content-encoding").is_none());
    for (accept, compressed) in [
        ("gzip", true),
        ("gzip, deflate", true),
        ("deflate, gzip;q=0.5", true),
        ("br, GZIP", true),
        ("gzip;q=0", false),
        ("deflate", false),
        ("identity", false),
        ("", false),
    ] {
        let reply = both.reply(get_with(room, &format!("Accept-Encoding: {accept}\r\n"))).await;
        assert_eq!(reply.header("content-encoding"), compressed.then_some("gzip"), "{accept:?}");
        let body = if compressed { all(GzDecoder::new(&reply.body[..])) } else { reply.body.clone() };
        assert_eq!(body, plain.body, "{accept:?}");
        let small = both.reply(get_with("/time/0", &format!("Accept-Encoding: {accept}\r\n"))).await;
        assert_eq!(small.header("content-encoding"), None, "{accept:?}");
    }
}
