//! Signatures of requests that are unlike what the vectors send.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use testkit::{Edge, GUARDED, OPEN};

use super::{Site, refusal, refused};
use crate::both::post_bytes;

#[tokio::test]
async fn a_compressed_body_is_signed_before_or_after_it_is_compressed() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        let text = r#"{"name": "Ann"}"#;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let zipped = encoder.finish().unwrap();
        let path = "/v2/publish/guarded-pub/guarded-sub/0/room/0";
        for (signed, status) in [(text, 200), ("another", 403)] {
            let target = site.sign(GUARDED, "POST", path, signed);
            let mut connection = site.server.connect().await;
            connection.send(post_bytes(&target, "Content-Encoding: gzip\r\n", &zipped)).await.unwrap();
            let reply = connection.receive().await.unwrap();
            assert_eq!(reply.status, status, "{}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_client_that_signs_what_it_sends_without_encoding_it_anew_is_understood() {
    let site = Site::start(Edge::Lean).await;
    // `~ , [ ]` raw in the query, and signed so: the two forms of the query differ, the canonical one does not match.
    let now = node::Clock::now(&site.clock).timestamp().seconds();
    let target = format!("/v2/presence/sub-key/guarded-sub/channel/a?channel-group=g~,h&timestamp={now}");
    let canonical = site.sign(GUARDED, "GET", "/v2/presence/sub-key/guarded-sub/channel/a?channel-group=g~,h", "");
    assert_eq!(site.server.get(&canonical).await.status, 200);
    let secret = node::Secret::new(GUARDED.secret);
    let (path, query) = target.split_once('?').unwrap();
    let text = format!("GET\nguarded-pub\n{path}\n{query}\n");
    use base64::Engine;
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret.sign(&[text.as_bytes()]));
    let reply = site.server.get(&format!("{target}&signature=v2.{signature}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn a_signature_is_for_one_key_set_and_one_minute() {
    let site = Site::start(Edge::Lean).await;
    let target = "/publish/guarded-pub/guarded-sub/0/room/0/1";
    let foreign = site.sign(OPEN, "GET", target, "");
    assert_eq!(refusal(&site.server.get(&foreign).await), refused("Signature Does Not Match"));
    let own = site.sign(GUARDED, "GET", target, "");
    assert_eq!(site.server.get(&own).await.status, 200);
    assert_eq!(site.server.get(&own).await.status, 200, "again, within its time");
    site.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(refusal(&site.server.get(&own).await), (400, "Invalid Timestamp".to_owned()));
}

#[tokio::test]
async fn an_open_key_set_grants_with_a_signature_and_asks_for_nothing_else() {
    let site = Site::start(Edge::Lean).await;
    let body = json!({"ttl": 1, "permissions": {"resources": {"channels": {"room": 1}}}}).to_string();
    let path = "/v3/pam/sub/grant";
    assert_eq!(site.call("POST", path, &body).await.status, 400);
    let reply = site.call("POST", &site.sign(GUARDED, "POST", path, &body), &body).await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    let reply = site.call("POST", &site.sign(OPEN, "POST", path, &body), &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let token = reply.json()["data"]["token"].as_str().unwrap().to_owned();
    let reply = site.server.get(&format!("/publish/pub/sub/0/elsewhere/0/1?auth={token}&signature=nonsense")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    // A token of one key set is none of the other's.
    assert_eq!(refusal(&site.publish("room", &token).await), refused("Token is invalid"));
}
