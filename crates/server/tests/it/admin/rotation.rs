//! Two secrets hold for a time, and then one.

use std::time::Duration;

use node::Clock;
use serde_json::{Value, json};
use testkit::vectors::signed;
use testkit::{Connection, Edge, Keys, ManualClock, Reply, TestServer};

/// A server on a clock that is moved, with a guarded key set that was added.
struct Site {
    server: TestServer,
    clock: ManualClock,
}

const FIRST: Keys = keys("sec-first");
const SECOND: Keys = keys("sec-second");

const fn keys(secret: &'static str) -> Keys {
    Keys { subscribe: "sub-chat", publish: "pub-chat", secret }
}

impl Site {
    async fn start(edge: Edge) -> Self {
        let clock = ManualClock::default();
        let server = TestServer::builder().edge(edge).clock(clock.clone()).start().await;
        clock.advance(Duration::from_secs(1));
        let Keys { subscribe, publish, secret } = FIRST;
        let body = json!({"name": "chat", "access_manager": true, "subscribe_key": subscribe, "publish_key": publish,
            "secret_key": secret});
        let added = server.admin("POST", "/admin/v1/keysets", &body).await;
        assert_eq!(added.status, 201, "{}", added.text());
        assert!(added.json().get("secret_key").is_none(), "who gave it knows it");
        // Cursors from before a key set came have a gap.
        clock.advance(Duration::from_secs(1));
        Self { server, clock }
    }

    fn sign(&self, keys: Keys, method: &str, target: &str, body: &str) -> String {
        signed(keys, method, target, body, self.clock.now().timestamp().seconds())
    }

    async fn rotate(&self, keep_old_seconds: u64) -> Value {
        let body = json!({"secret_key": SECOND.secret, "keep_old_seconds": keep_old_seconds});
        let reply = self.server.admin("POST", "/admin/v1/keysets/chat/rotate", &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// A token that a secret has granted, if that secret may.
    async fn token(&self, keys: Keys) -> Option<String> {
        let body = json!({"ttl": 600, "permissions": {"resources": {"channels": {"room": 3}}}}).to_string();
        let target = self.sign(keys, "POST", "/v3/pam/sub-chat/grant", &body);
        let mut connection = self.server.connect().await;
        let length = body.len();
        let request = format!("POST {target} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n{body}");
        connection.send(request).await.unwrap();
        let reply = connection.receive().await.unwrap();
        reply.json()["data"]["token"].as_str().map(str::to_owned)
    }

    async fn publish(&self, token: &str) -> Reply {
        self.server.get(&format!("/publish/pub-chat/sub-chat/0/room/0/1?auth={token}")).await
    }

    /// A poll that waits, with a token or a signature.
    async fn park(&self, show: impl Fn(&str) -> String) -> Connection {
        let cursor = self.server.get(&show("/v2/subscribe/sub-chat/room/0?tt=0")).await;
        assert_eq!(cursor.status, 200, "{}", cursor.text());
        self.server.park(&show(&format!("/v2/subscribe/sub-chat/room/0?tt={}", cursor.timetoken()))).await
    }
}

fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn after_a_rotation_both_secrets_hold_and_then_what_rests_on_the_old_one_ends_parked_polls_too() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        let old = site.token(FIRST).await.unwrap();
        let with = |token: &str| {
            let token = token.to_owned();
            move |target: &str| format!("{target}&auth={token}")
        };
        let mut ends = site.park(with(&old)).await;
        let mut signed_ends = site.park(|target| site.sign(FIRST, "GET", target, "")).await;
        let rotated = site.rotate(60).await;
        assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2);
        assert_eq!((&rotated["secrets"][0]["until"], rotated["secrets"][1]["until"].is_string()), (&Value::Null, true));

        let new = site.token(SECOND).await.unwrap();
        assert_ne!(new, old);
        assert!(site.token(FIRST).await.is_some(), "the old one grants, by the signature of the new one");
        let by_old = site.token(FIRST).await.unwrap();
        let mut stays = site.park(with(&new)).await;
        let mut signed_stays = site.park(|target| site.sign(SECOND, "GET", target, "")).await;
        site.clock.advance(Duration::from_secs(59));
        assert_eq!((site.publish(&old).await.status, site.publish(&new).await.status), (200, 200));
        for poll in [&mut ends, &mut signed_ends, &mut stays, &mut signed_stays] {
            assert_eq!(poll.receive().await.unwrap().payloads().len(), 1);
        }
        let mut ends = site.park(with(&old)).await;
        let mut signed_ends = site.park(|target| site.sign(FIRST, "GET", target, "")).await;
        let mut stays = site.park(with(&new)).await;
        let mut signed_stays = site.park(|target| site.sign(SECOND, "GET", target, "")).await;

        site.clock.advance(Duration::from_secs(1));
        assert_eq!(refusal(&ends.receive().await.unwrap()), (403, "Token is invalid".to_owned()));
        assert_eq!(refusal(&signed_ends.receive().await.unwrap()), (403, "Signature Does Not Match".to_owned()));
        assert_eq!(refusal(&site.publish(&old).await), (403, "Token is invalid".to_owned()));
        assert_eq!(site.token(FIRST).await, None);
        assert_eq!(site.publish(&by_old).await.status, 200, "who granted it says nothing of who signed it");
        for poll in [&mut stays, &mut signed_stays] {
            assert_eq!(poll.receive().await.unwrap().payloads(), [json!(1)]);
        }
    }
}

#[tokio::test]
async fn a_leaked_secret_ends_at_once() {
    for edge in Edge::ALL {
        let site = Site::start(edge).await;
        let old = site.token(FIRST).await.unwrap();
        let mut poll = site.park(|target| format!("{target}&auth={old}")).await;
        let rotated = site.rotate(0).await;
        assert_eq!(rotated["secrets"], json!([{"until": null}]));
        assert_eq!(refusal(&poll.receive().await.unwrap()), (403, "Token is invalid".to_owned()));
        assert_eq!((site.publish(&old).await.status, site.token(FIRST).await), (403, None));
        assert!(site.token(SECOND).await.is_some());
    }
}

#[tokio::test]
async fn what_is_left_of_the_time_of_a_secret_is_left_after_a_restart() {
    let site = Site::start(Edge::Lean).await;
    let old = site.token(FIRST).await.unwrap();
    site.rotate(60).await;
    site.clock.advance(Duration::from_secs(30));
    let server = site.server.stop().await.start().await;
    let site = Site { server, clock: site.clock };
    assert_eq!(site.publish(&old).await.status, 200);
    site.clock.advance(Duration::from_secs(30));
    assert_eq!(refusal(&site.publish(&old).await), (403, "Token is invalid".to_owned()));
    let server = site.server.stop().await.start().await;
    let site = Site { server, clock: site.clock };
    assert_eq!((site.publish(&old).await.status, site.token(SECOND).await.is_some()), (403, true));
}
