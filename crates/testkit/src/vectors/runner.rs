//! Replays a vector, and says at which step it failed.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use super::names::Names;
use super::{Expected, KeysetKind, Request, Step, Vector, encode, matching};
use crate::{Connection, GUARDED, Http2, Keys, OPEN, Reply};

/// How requests are sent.
#[derive(Clone, Debug)]
pub enum Client {
    /// Each on an HTTP/1.1 connection of its own.
    Http1(SocketAddr),
    /// All on one HTTP/2 connection.
    Http2(Http2),
}

/// Replays vectors against a server.
#[derive(Clone, Debug)]
pub struct Runner {
    client: Client,
    open: Keys,
    guarded: Keys,
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
        Self { client, open: OPEN, guarded: GUARDED }
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
        let (mut names, mut waiting) = (Names::new(keys), Waiting::new());
        for (index, step) in vector.steps.iter().enumerate() {
            let outcome = self.step(step, &mut names, &mut waiting).await;
            outcome.map_err(|why| Mismatch { step: index + 1, why })?;
        }
        Ok(())
    }

    async fn step(&self, step: &Step, names: &mut Names, waiting: &mut Waiting) -> Result<(), String> {
        if step.wait_ms > 0 {
            tokio::time::sleep(Duration::from_millis(step.wait_ms)).await;
        }
        let reply = match (&step.awaited, &step.request) {
            (Some(name), _) => {
                let task = waiting.remove(name).ok_or_else(|| format!("nothing waits as {name}"))?;
                task.await.map_err(|panicked| panicked.to_string())?
            }
            (None, Some(request)) => {
                let message = Message::of(request, names)?;
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

/// A request as it is sent.
struct Message {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Message {
    fn of(request: &Request, names: &mut Names) -> Result<Self, String> {
        if request.sign.is_some() {
            return Err("this runner does not sign".to_owned());
        }
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
        Ok(Self { method: request.method.clone(), target, headers, body })
    }
}

impl Client {
    async fn send(&self, message: &Message) -> io::Result<Reply> {
        let Message { method, target, headers, body } = message;
        let address = match self {
            Self::Http1(address) => address,
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
        let mut connection = Connection::open(*address).await?;
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
