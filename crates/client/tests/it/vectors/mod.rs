//! Every vector of the protocol, sent by the client: its request is made by the call that makes such requests, its answer is read
//! by the same call, and the whole conversation is held with a real server.
//!
//! What no call of the client sends (misspelt parameters, older forms, other areas) is sent as it stands, and counted by operation,
//! so that nothing gets there unnoticed.

mod call;
mod context;
mod normal;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use hereabouts::{Config, ErrorKind, HttpTransport, Response, Transport};
use testkit::vectors::{self, Message, Runner, Sender, Vector};
use testkit::{GUARDED, OPEN, Reply, TestServer};

use call::Made;
use normal::Normal;

/// Sends what vectors send with the client, where it has a call for it.
#[derive(Debug)]
struct ThroughTheClient {
    address: SocketAddr,
    raw: vectors::Client,
    /// Requests that were sent by a call, and those that were not.
    counted: Mutex<(usize, BTreeMap<&'static str, usize>)>,
}

#[tokio::test]
async fn every_vector_passes_through_the_client() {
    let server = TestServer::start().await;
    let (address, raw) = (server.address(), vectors::Client::Http1(server.address()));
    let sender = Arc::new(ThroughTheClient { address, raw, counted: Mutex::default() });
    let runner = Runner::new(vectors::Client::Through(Arc::clone(&sender) as Arc<dyn Sender>));
    let mut failed = Vec::new();
    for vector in ["pubsub", "presence", "groups", "app-context", "access"].into_iter().flat_map(Vector::of_area) {
        if vector.slow || WAITING.iter().any(|file| vector.file.ends_with(file)) {
            continue;
        }
        if let Err(mismatch) = runner.run(&vector).await {
            failed.push(format!("{}: {mismatch}", vector.file.display()));
        }
    }
    assert!(failed.is_empty(), "{} vectors failed\n{}", failed.len(), failed.join("\n"));
    let (by_call, as_they_stand) = &*sender.counted.lock().unwrap();
    assert!(*by_call > 700, "only {by_call} requests were sent by calls of the client");
    assert_eq!(*as_they_stand, AS_THEY_STAND.into());
}

/// How many requests of an operation no call of the client sends, and what is in them.
const AS_THEY_STAND: [(&str, usize); 15] = [
    // What a subscription sends: it is no call.
    ("subscribe", 188),
    // Auth keys: an older way that the client has no call for.
    ("audit", 2),
    ("grant", 12),
    // Wrong, outdated or older signatures; a ttl as text; kinds of names that are gone.
    ("grant_token", 5),
    ("revoke_token", 1),
    // The same, a number or a time of its own, no channel, and what is no JSON.
    ("publish", 10),
    // No user; a negative limit; no state, or one that is no object.
    ("heartbeat", 1),
    ("here_now", 1),
    ("set_state", 2),
    // Bodies and fields of other types; ids of neither kind; an include that the call does not have.
    ("set_user", 11),
    ("set_channel", 4),
    ("manage_memberships", 8),
    ("manage_members", 6),
    // Both cursors at once; a parameter that is repeated.
    ("users", 2),
    // A preflight, and a path that nobody knows.
    ("no route", 2),
];

/// Vectors of areas that the server does not speak yet.
const WAITING: [&str; 4] = ["actions.json", "history-delete.json", "push-needs-read.json", "signed-everything.json"];

impl Sender for ThroughTheClient {
    fn send<'m>(&'m self, message: &'m Message) -> Pin<Box<dyn Future<Output = io::Result<Reply>> + Send + 'm>> {
        Box::pin(async move {
            let config = self.config_of(message);
            let made = Made::of(message, &config).filter(|made| made.is(&Normal::of_message(message)));
            let made = made.filter(|_| is_signed_as_by_the_client(message));
            let Some(made) = made else {
                let operation = Normal::with_route(message, |route| Some(route.operation())).unwrap_or("no route");
                *self.counted.lock().unwrap().1.entry(operation).or_default() += 1;
                return self.raw.send(message).await;
            };
            self.counted.lock().unwrap().0 += 1;
            let transport = HttpTransport::new(&config).unwrap();
            let response = transport.send(made.outgoing).await.map_err(io::Error::other)?;
            check(&response, &(made.interpret)(&response));
            let Response { status, headers, body } = response;
            Ok(Reply { status, headers, body })
        })
    }
}

impl ThroughTheClient {
    /// A client as the one that sent this was set up: its keys, its user, its token, its clock.
    fn config_of(&self, message: &Message) -> Config {
        let normal = Normal::of_message(message);
        let keys = if message.target.contains(GUARDED.subscribe) { GUARDED } else { OPEN };
        let (subscribe_key, publish_key) = normal.keys();
        let mut config = Config::new(subscribe_key.unwrap_or(keys.subscribe))
            .publish_key(publish_key.unwrap_or(keys.publish))
            .origin(format!("http://{}", self.address));
        if let Some(user) = normal.sent("uuid") {
            config = config.user(user);
        }
        if let Some(token) = normal.sent("auth") {
            config = config.token(token);
        }
        if let Some(seconds) = normal.sent("heartbeat").and_then(|seconds| seconds.parse().ok()) {
            config = config.presence_timeout(seconds);
        }
        if let Some(seconds) = normal.sent("timestamp").and_then(|seconds| seconds.parse::<u64>().ok()) {
            let then = hereabouts::Timestamp::from_millis(seconds * 1000);
            config = config.secret_key(keys.secret).clock(move || then);
        }
        config
    }
}

/// Whether its signature, if it has one, is right, and in the form that the client makes.
fn is_signed_as_by_the_client(message: &Message) -> bool {
    let Some((unsigned, then)) = message.target.split_once("&timestamp=").or(message.target.split_once("?timestamp="))
    else {
        return !message.target.contains("signature=");
    };
    let Some(then) = then.split('&').next().and_then(|seconds| seconds.parse().ok()) else { return false };
    let publishes =
        message.method == "POST" && ["/publish/", "/v2/publish/"].iter().any(|path| unsigned.starts_with(path));
    let body = message.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let (method, body) = if publishes { ("GET", "") } else { (message.method.as_str(), &*body) };
    vectors::signed(GUARDED, method, unsigned, body, then) == message.target
        || vectors::signed(OPEN, method, unsigned, body, then) == message.target
}

/// What the call says of the answer must be what the answer says.
fn check(response: &Response, said: &Result<(), hereabouts::Error>) {
    let status = response.status;
    match said {
        Ok(()) => assert!((200..300).contains(&status), "status {status} is no success"),
        Err(error) => {
            let body = String::from_utf8_lossy(&response.body);
            assert_eq!(error.status(), Some(status), "{error}: {body}");
            let kind = match status {
                403 => ErrorKind::AccessDenied,
                404 => ErrorKind::NotFound,
                412 => ErrorKind::ETagMismatch,
                429 => ErrorKind::RateLimited,
                400..=499 => ErrorKind::BadRequest,
                _ => ErrorKind::Unavailable,
            };
            assert_eq!(error.kind(), kind, "{error}: {body}");
            assert!(!error.message().is_empty() && body.contains(error.message()), "{error}: {body}");
        }
    }
}
