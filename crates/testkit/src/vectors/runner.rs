//! Replays a vector, and says at which step it failed.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use node::{Clock, SystemClock};
use serde_json::Value;
use tokio::task::{JoinError, JoinHandle};

use super::names::Names;
use super::needs::{self, Needs};
use super::sign::{self, Signing};
use super::{Expected, KeysetKind, Request, Step, Vector, encode, matching};
use crate::{Authority, Connection, GUARDED, Http2, Keys, ManualClock, OPEN, Reply};

/// How requests are sent.
#[derive(Clone, Debug)]
pub enum Client {
    /// Each on an HTTP/1.1 connection of its own.
    Http1(SocketAddr),
    /// The same over TLS.
    Tls(SocketAddr, Authority),
    /// All on one HTTP/2 connection.
    Http2(Http2),
    /// As a client library sends them.
    Through(Arc<dyn Sender>),
}

/// A client library that is shown what a vector sends, and sends it in its own way.
pub trait Sender: fmt::Debug + Send + Sync {
    /// Sends a request, and says what came.
    fn send<'m>(&'m self, message: &'m Message) -> Pin<Box<dyn Future<Output = io::Result<Reply>> + Send + 'm>>;
}

/// Replays vectors against a server.
#[derive(Clone, Debug)]
pub struct Runner {
    client: Client,
    open: Keys,
    guarded: Keys,
    /// Every request is sent with a token for it, after one that lacks what it needs was refused.
    with_tokens: bool,
    /// Moved where others wait.
    clock: Option<ManualClock>,
}

/// Where a vector failed, and how.
#[derive(Clone, Debug)]
pub struct Mismatch {
    step: usize,
    why: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {}: {}", self.step, self.why)
    }
}

/// How long a request in the background has to arrive before the next step. Nothing tells when it did; what follows it
/// in a vector should find it waiting.
const ARRIVAL: Duration = Duration::from_millis(100);

type Waiting = BTreeMap<String, JoinHandle<io::Result<Reply>>>;

impl Runner {
    /// A runner for a [`TestServer`](crate::TestServer).
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, open: OPEN, guarded: GUARDED, with_tokens: false, clock: None }
    }

    /// A runner for a server on a clock of its own, which is moved where a vector pauses or waits.
    #[must_use]
    pub fn on_clock(client: Client, clock: ManualClock) -> Self {
        Self { clock: Some(clock), ..Self::new(client) }
    }

    /// Seconds since the epoch, as the server has them.
    fn now(&self) -> u64 {
        let now = self.clock.as_ref().map_or_else(|| SystemClock::default().now(), Clock::now);
        now.timestamp().seconds()
    }

    /// The same, but it replays what is for an open key set on the guarded one. Each request is sent twice: with a token that
    /// lacks what it needs, which must be refused, and then with one that permits exactly what it needs, which must be
    /// answered as without access control.
    #[must_use]
    pub fn with_tokens(self) -> Self {
        Self { open: GUARDED, with_tokens: true, ..self }
    }

    /// Replays a vector.
    ///
    /// # Errors
    /// [`Mismatch`] when a reply is not as it must be, or does not come.
    pub async fn run(&self, vector: &Vector) -> Result<(), Mismatch> {
        let keys = match vector.keys {
            KeysetKind::Open => self.open,
            KeysetKind::Guarded => self.guarded,
        };
        let (mut names, mut waiting) = (Names::new(keys, self.now()), Waiting::new());
        for (index, step) in vector.steps.iter().enumerate() {
            let outcome = self.step(step, keys, &mut names, &mut waiting).await;
            outcome.map_err(|why| Mismatch { step: index + 1, why })?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step, keys: Keys, names: &mut Names, waiting: &mut Waiting) -> Result<(), String> {
        if step.wait_ms > 0 {
            let pause = Duration::from_millis(step.wait_ms);
            match &self.clock {
                Some(clock) => clock.advance(pause),
                None => tokio::time::sleep(pause).await,
            }
        }
        let reply = match (&step.awaited, &step.request) {
            (Some(name), _) => {
                let task = waiting.remove(name).ok_or_else(|| format!("nothing waits as {name}"))?;
                self.awaited(task).await.map_err(|panicked| panicked.to_string())?
            }
            (None, Some(request)) => {
                let mut message = Message::of(request, keys, names, self.now())?;
                if self.with_tokens {
                    let refused = step.response.status.is_some_and(|status| status >= 400);
                    message = self.permitted(message, refused, keys).await?;
                }
                match &step.background {
                    Some(name) => {
                        let client = self.client.clone();
                        waiting.insert(name.clone(), tokio::spawn(async move { client.send(&message).await }));
                        tokio::time::sleep(ARRIVAL).await;
                        return Ok(());
                    }
                    None => self.client.send(&message).await,
                }
            }
            (None, None) => return Ok(()),
        };
        let reply = reply.map_err(|why| format!("request failed: {why}"))?;
        let body = body_of(&reply);
        compare(&step.response, &reply, &body, names)?;
        for (name, pointer) in &step.save {
            let value = body.pointer(pointer).ok_or_else(|| format!("nothing at {pointer} to save as {name}"))?;
            names.save(name, value.clone());
        }
        Ok(())
    }
}

impl Runner {
    /// What a request in the background came to. What it waits for may only happen as time passes.
    async fn awaited(&self, mut task: JoinHandle<io::Result<Reply>>) -> Result<io::Result<Reply>, JoinError> {
        let Some(clock) = &self.clock else { return task.await };
        loop {
            match tokio::time::timeout(ARRIVAL, &mut task).await {
                Ok(outcome) => return outcome,
                Err(_) => clock.advance(Duration::from_secs(1)),
            }
        }
    }
}

/// Longer targets leave no room for a token, but for a signature.
const TARGET_WITH_TOKEN: usize = 16 * 1024;

impl Runner {
    /// The request with a token that permits it, when it was refused with one that does not. A request that is refused
    /// for something else must be refused without a token before that.
    async fn permitted(&self, message: Message, refused: bool, keys: Keys) -> Result<Message, String> {
        let needs = needs::of(keys.subscribe, &message.method, &message.target, message.body.as_deref());
        if needs == Needs::Nothing || refused && message.target.len() > TARGET_WITH_TOKEN {
            return Ok(message);
        }
        let all = serde_json::json!({".*": 255});
        let everything = serde_json::json!({"patterns": {"channels": all, "groups": all, "uuids": all}});
        let (enough, lacking) = match &needs {
            Needs::Nothing | Needs::Someone => (everything, None),
            Needs::Known => (serde_json::json!({"resources": {"channels": {"elsewhere": 1}}}), None),
            Needs::Secret => (everything.clone(), Some(everything)),
            Needs::Names(names) => (needs::permissions(names, false), Some(needs::permissions(names, true))),
        };
        let long = message.target.len() > TARGET_WITH_TOKEN;
        let lacking = match lacking.filter(|_| !refused && !long) {
            Some(permissions) => message.with_auth(&self.grant(permissions, keys).await?),
            None => message.clone(),
        };
        let reply = self.client.send(&lacking).await.map_err(|why| why.to_string())?;
        if reply.status != 403 {
            return Err(format!("{} without permission: status {}, {}", message.target, reply.status, reply.text()));
        }
        if long || needs == Needs::Secret {
            return Ok(message.signed(Signing::V2, keys, self.now()));
        }
        Ok(message.with_auth(&self.grant(enough, keys).await?))
    }

    async fn grant(&self, permissions: Value, keys: Keys) -> Result<String, String> {
        let body = serde_json::json!({"ttl": 15, "permissions": permissions}).to_string().into_bytes();
        let target = format!("/v3/pam/{}/grant", keys.subscribe);
        let message = Message { method: "POST".to_owned(), target, headers: Vec::new(), body: Some(body) };
        let reply =
            self.client.send(&message.signed(Signing::V2, keys, self.now())).await.map_err(|why| why.to_string())?;
        let token = reply.json()["data"]["token"].as_str().map(str::to_owned);
        token.ok_or_else(|| format!("no token: {}", reply.text()))
    }
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// `GET` and the like.
    pub method: String,
    /// Path and query, encoded.
    pub target: String,
    /// Headers beside those of HTTP itself, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
}

impl Message {
    fn of(request: &Request, keys: Keys, names: &mut Names, now: u64) -> Result<Self, String> {
        let mut target = encode::path(&names.fill_text(&request.path));
        for (index, (key, value)) in request.query.iter().enumerate() {
            let (key, value) = (names.fill_text(key), text_of(names.fill(value)));
            let sign = if index == 0 { '?' } else { '&' };
            target.push_str(&format!("{sign}{}={}", encode::query(&key), encode::query(&value)));
        }
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            headers.push((name.to_ascii_lowercase(), text_of(names.fill(value))));
        }
        let body = request.body.as_ref().map(|body| text_of(names.fill(body)).into_bytes());
        if body.is_some() && headers.iter().all(|(name, _)| name != "content-type") {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let message = Self { method: request.method.clone(), target, headers, body };
        match &request.sign {
            Some(text) => Ok(message.signed(Signing::parse(text)?, keys, now)),
            None => Ok(message),
        }
    }

    fn with(&self, key: &str, value: &str) -> Self {
        let sign = if self.target.contains('?') { '&' } else { '?' };
        Self { target: format!("{}{sign}{key}={}", self.target, encode::query(value)), ..self.clone() }
    }

    fn with_auth(&self, token: &str) -> Self {
        self.with("auth", token)
    }

    /// With the time of this moment, and a signature.
    fn signed(&self, signing: Signing, keys: Keys, now: u64) -> Self {
        let body = self.body.as_deref().unwrap_or_default();
        Self { target: sign::target(signing, keys, &self.method, &self.target, body, now), ..self.clone() }
    }
}

impl Client {
    /// Sends a request.
    ///
    /// # Errors
    /// When no reply comes.
    pub async fn send(&self, message: &Message) -> io::Result<Reply> {
        let Message { method, target, headers, body } = message;
        let mut connection = match self {
            Self::Http1(address) => Connection::open(*address).await?,
            Self::Tls(address, authority) => Connection::open_tls(*address, authority).await?,
            Self::Through(sender) => return sender.send(message).await,
            Self::Http2(connection) => return connection.exchange(method, target, headers, body.clone()).await,
        };
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nhost: here\r\n");
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            bytes.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(body.as_deref().unwrap_or_default());
        connection.send(bytes).await?;
        connection.receive().await
    }
}

fn compare(expected: &Expected, reply: &Reply, body: &Value, names: &mut Names) -> Result<(), String> {
    if let Some(status) = expected.status.filter(|status| *status != reply.status) {
        let text: String = reply.text().chars().take(300).collect();
        return Err(format!("status {}, wanted {status}; body {text}", reply.status));
    }
    for (name, value) in &expected.headers {
        let found = reply.header(&name.to_ascii_lowercase());
        match (value.as_str() == Some("$absent"), found) {
            (true, None) => {}
            (true, Some(_)) => return Err(format!("header {name} must be absent")),
            (false, None) => return Err(format!("header {name} is missing")),
            (false, Some(found)) => {
                matching::check(&names.fill(value), &found.into(), false, &format!("header {name}"))?;
            }
        }
    }
    match &expected.body {
        Some(wanted) => matching::check(&names.fill(wanted), body, expected.exact, "body"),
        None => Ok(()),
    }
}

/// A body as a value: JSON, or else its text.
fn body_of(reply: &Reply) -> Value {
    match &reply.body[..] {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).unwrap_or_else(|_| reply.text().into()),
    }
}

/// A text as it stands, anything else as JSON.
fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
