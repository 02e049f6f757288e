//! A poll that waits ends with what permitted it, and hears nothing any more.

use std::time::Duration;

use serde_json::json;
use testkit::Edge;

use super::{Site, refusal, refused};

#[tokio::test]
async fn a_revocation_ends_the_polls_of_that_token_at_once_and_of_no_other() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        let (first, second) = (site.token(json!({"channels": {"room": 3}}), 60).await, {
            site.clock.advance(Duration::from_secs(1));
            site.token(json!({"channels": {"room": 3}}), 60).await
        });
        let mut ended = [site.park("room", &first).await, site.park("room", &first).await];
        let mut stays = site.park("room", &second).await;
        site.revoke(&first).await;
        for poll in &mut ended {
            assert_eq!(refusal(&poll.receive().await.unwrap()), refused("Token is revoked"));
        }
        assert_eq!(refusal(&site.publish("room", &first).await), refused("Token is revoked"));
        assert_eq!(site.publish("room", &second).await.status, 200);
        assert_eq!(stays.receive().await.unwrap().payloads(), [json!(1)]);
        // Twice is as good as once, and padding is no part of a token.
        site.revoke(first.trim_end_matches('=')).await;
        let padded = format!("{}%3D", second.trim_end_matches('='));
        assert_eq!(second.trim_end_matches('=').len() % 4, 3, "it has one character of padding");
        site.revoke(second.trim_end_matches('=')).await;
        for spelled in [&second, &padded, second.trim_end_matches('=')] {
            assert_eq!(refusal(&site.publish("room", spelled).await), refused("Token is revoked"), "{spelled}");
        }
    }
}

#[tokio::test]
async fn a_token_that_expires_ends_its_polls() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        let short = site.token(json!({"channels": {"room": 3}}), 1).await;
        let long = site.token(json!({"channels": {"room": 3}}), 2).await;
        let (mut ends, mut stays) = (site.park("room", &short).await, site.park("room", &long).await);
        site.clock.advance(Duration::from_secs(60));
        assert_eq!(refusal(&ends.receive().await.unwrap()), refused("Token is expired"));
        assert_eq!(site.publish("room", &long).await.status, 200);
        assert_eq!(stays.receive().await.unwrap().payloads(), [json!(1)]);
    }
}

#[tokio::test]
async fn a_grant_that_is_taken_back_or_runs_out_ends_the_polls_that_rest_on_it() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        site.grant("channel=room&auth=taken,stays&r=1&w=1&ttl=60").await;
        site.grant("channel=room&auth=short&r=1&ttl=1").await;
        let (mut taken, mut stays) = (site.park("room", "taken").await, site.park("room", "stays").await);
        let mut short = site.park("room", "short").await;
        site.grant("channel=room&auth=taken&ttl=60").await;
        let reply = taken.receive().await.unwrap();
        assert_eq!((refusal(&reply), &reply.json()["payload"]), (refused("Forbidden"), &json!({"channels": ["room"]})));
        site.clock.advance(Duration::from_secs(60));
        assert_eq!(refusal(&short.receive().await.unwrap()), refused("Forbidden"));
        assert_eq!(site.publish("room", "stays").await.status, 200);
        assert_eq!(stays.receive().await.unwrap().payloads(), [json!(1)]);
    }
}

#[tokio::test]
async fn a_poll_that_is_signed_outlives_every_token() {
    let site = Site::start(Edge::Lean).await;
    let cursor = site.signed("GET", "/v2/subscribe/guarded-sub/room/0?tt=0", "").await.timetoken();
    let target = site.sign(testkit::GUARDED, "GET", &format!("/v2/subscribe/guarded-sub/room/0?tt={cursor}"), "");
    let mut poll = site.server.park(&target).await;
    site.clock.advance(Duration::from_secs(120));
    let reply = site.signed("GET", "/publish/guarded-pub/guarded-sub/0/room/0/1", "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(poll.receive().await.unwrap().payloads(), [json!(1)]);
}
