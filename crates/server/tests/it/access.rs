//! A guarded key set over real sockets: what ends a poll, what outlives a restart, and that no route is forgotten.

mod categories;
mod endings;
mod memberships;
mod mutations;
mod restarts;
mod routes;
mod signatures;

use std::time::Duration;

use node::Clock;
use serde_json::{Value, json};
use testkit::vectors::signed;
use testkit::{Builder, Connection, Edge, GUARDED, Keys, ManualClock, Reply, TestServer};

/// A server whose clock is moved by hand, and its guarded key set.
struct Site {
    server: TestServer,
    clock: ManualClock,
}

impl Site {
    async fn start(edge: Edge) -> Self {
        Self::on(TestServer::builder().edge(edge)).await
    }

    async fn on(builder: Builder) -> Self {
        let clock = ManualClock::default();
        let server = builder.clock(clock.clone()).start().await;
        // Cursors from before the start have a gap.
        clock.advance(Duration::from_secs(1));
        Self { server, clock }
    }

    fn sign(&self, keys: Keys, method: &str, target: &str, body: &str) -> String {
        signed(keys, method, target, body, self.clock.now().timestamp().seconds())
    }

    async fn call(&self, method: &str, target: &str, body: &str) -> Reply {
        let mut connection = self.server.connect().await;
        let length = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n");
        connection.send(format!("{head}{body}")).await.unwrap();
        connection.receive().await.unwrap()
    }

    async fn signed(&self, method: &str, target: &str, body: &str) -> Reply {
        self.call(method, &self.sign(GUARDED, method, target, body), body).await
    }

    /// A token for these resources, `{"channels": {"room": 1}}`.
    async fn token(&self, resources: Value, minutes: u64) -> String {
        self.permit(json!({"resources": resources}), minutes).await
    }

    /// A token for these permissions, `{"patterns": {"channels": {"^room": 1}}}`.
    async fn permit(&self, permissions: Value, minutes: u64) -> String {
        let body = json!({"ttl": minutes, "permissions": permissions}).to_string();
        let reply = self.signed("POST", "/v3/pam/guarded-sub/grant", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["data"]["token"].as_str().unwrap().to_owned()
    }

    async fn revoke(&self, token: &str) {
        let path = format!("/v3/pam/guarded-sub/grant/{}", wire::encode(token));
        let reply = self.signed("DELETE", &path, "").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// Grants permissions to auth keys.
    async fn grant(&self, query: &str) {
        let reply = self.signed("GET", &format!("/v2/auth/grant/sub-key/guarded-sub?{query}"), "").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    async fn publish(&self, channel: &str, auth: &str) -> Reply {
        self.server.get(&format!("/publish/guarded-pub/guarded-sub/0/{channel}/0/1?auth={auth}")).await
    }

    /// A poll that waits on a channel.
    async fn park(&self, channel: &str, auth: &str) -> Connection {
        let target = format!("/v2/subscribe/guarded-sub/{channel}/0?auth={auth}");
        let cursor = self.server.get(&format!("{target}&tt=0")).await;
        assert_eq!(cursor.status, 200, "{}", cursor.text());
        self.server.park(&format!("{target}&tt={}", cursor.timetoken())).await
    }
}

/// Status and message of a refusal.
fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["message"].as_str().unwrap_or_default().to_owned())
}

fn refused(message: &str) -> (u16, String) {
    (403, message.to_owned())
}
