//! What was answered holds after a stop and after a crash, on both databases.

use std::time::Duration;

use serde_json::json;
use testkit::{Edge, TestServer};

use super::{Site, refusal, refused};
use crate::postgres;

#[tokio::test]
async fn revocations_and_grants_outlive_a_stop_and_a_crash() {
    check(Site::start(Edge::Lean).await, true).await;
}

#[tokio::test]
async fn revocations_and_grants_outlive_a_stop_on_postgres() {
    if let Some(builder) = postgres::on(TestServer::builder()) {
        check(Site::on(builder).await, false).await;
    }
}

async fn check(site: Site, crash: bool) {
    let revoked = site.token(json!({"channels": {"room": 2}}), 60).await;
    site.clock.advance(Duration::from_secs(1));
    let good = site.token(json!({"channels": {"room": 2}}), 60).await;
    site.revoke(&revoked).await;
    site.grant("channel=room&auth=key&w=1&ttl=60").await;
    site.grant("channel=room&auth=short&w=1&ttl=1").await;
    let Site { server, clock } = site;
    let wreck = crash.then(|| server.wreck());
    for stopped in [Some(server.stop().await), wreck].into_iter().flatten() {
        let site = Site { server: stopped.start().await, clock: clock.clone() };
        assert_eq!(refusal(&site.publish("room", &revoked).await), refused("Token is revoked"));
        assert_eq!(site.publish("room", &good).await.status, 200);
        assert_eq!(site.publish("room", "key").await.status, 200);
        site.clock.advance(Duration::from_secs(60));
        assert_eq!(refusal(&site.publish("room", "short").await), refused("Forbidden"));
        site.server.stop().await;
    }
}
