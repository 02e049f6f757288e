//! The same bytes to both paths of the edge, and to the lean loop over TLS: the replies must be the same.

use std::sync::Mutex;
use std::time::Duration;

use testkit::{Connection, Edge, ManualClock, Reply, TestServer};

/// A server on the lean loop, one on the framework alone, and one on the lean loop over TLS, with one clock: their timetokens
/// are the same, too.
pub(crate) struct Both {
    servers: [TestServer; 3],
    /// What was not as expected. Told at the end, all of it.
    complaints: Mutex<Vec<String>>,
}

const PATHS: [&str; 3] = ["the lean loop", "the framework", "the lean loop over TLS"];

/// Stands last among the replies when the server must close the connection. Without it, it must serve one more request.
pub(crate) const CLOSED: &str = "closed";

impl Both {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    pub(crate) async fn with(settings: &str) -> Self {
        let clock = ManualClock::default();
        let on = |edge| TestServer::builder().edge(edge).settings(settings).clock(clock.clone());
        let [lean, framework, tls] = [on(Edge::Lean), on(Edge::Framework), on(Edge::Lean).tls()];
        let servers = [lean.start().await, framework.start().await, tls.start().await];
        // Cursors from before a server's start have a gap, which would be all that a test sees.
        clock.advance(Duration::from_secs(1));
        Self { servers, complaints: Mutex::default() }
    }

    /// Sends bytes on a new connection, and checks what comes: each reply must begin as expected, `<status> <body>`, and
    /// all must say the same. `name` is what the bytes are.
    pub(crate) async fn check(&self, name: &str, request: impl AsRef<[u8]>, expected: &[&str]) {
        let mut said: Vec<Said> = Vec::new();
        for (path, server) in PATHS.into_iter().zip(&self.servers) {
            match talk(server, request.as_ref(), expected).await {
                Ok(replies) => said.push((path, replies)),
                Err(why) => self.complain(name, &format!("{path}: {why}")),
            }
        }
        for pair in said.windows(2).filter(|pair| pair[0].1 != pair[1].1) {
            self.complain(name, &differences(&pair[0], &pair[1]));
        }
    }

    pub(crate) fn complain(&self, name: &str, why: &str) {
        let name: String = name.chars().take(100).collect();
        self.complaints.lock().unwrap().push(format!("{name}: {why}"));
    }

    /// The reply to a request, the same on all paths.
    pub(crate) async fn reply(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut replies = Vec::new();
        for server in &self.servers {
            let mut connection = server.connect().await;
            // Who is refused may find the connection closed before everything is sent.
            let _ = connection.send(request.as_ref()).await;
            replies.push(that_matters(connection.receive().await.unwrap()));
        }
        for (first, second) in
            [(0, 1), (1, 2)].into_iter().filter(|(first, second)| replies[*first] != replies[*second])
        {
            let line =
                String::from_utf8_lossy(request.as_ref().split(|byte| *byte == b'\r').next().unwrap_or_default());
            let said = |index: usize| (PATHS[index], vec![replies[index].clone()]);
            self.complain(&line, &differences(&said(first), &said(second)));
        }
        replies.remove(0)
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.reply(get(target)).await
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = &TestServer> {
        self.servers.iter()
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        let complaints = std::mem::take(&mut *self.complaints.lock().unwrap());
        if !complaints.is_empty() && !std::thread::panicking() {
            panic!("not as it must be:\n{}", complaints.join("\n"));
        }
    }
}

async fn talk(server: &TestServer, request: &[u8], expected: &[&str]) -> Result<Vec<Reply>, String> {
    let mut connection = server.connect().await;
    // Who is refused may find the connection closed before everything is sent.
    let _ = connection.send(request).await;
    let mut replies = Vec::new();
    let (expected, closes) = match expected {
        [replies @ .., CLOSED] => (replies, true),
        replies => (replies, false),
    };
    for expected in expected {
        let reply = receive(&mut connection, request.starts_with(b"HEAD")).await;
        let reply = that_matters(reply.map_err(|why| format!("{why} instead of {expected}"))?);
        let shown = format!("{} {}", reply.status, reply.text());
        if !shown.starts_with(expected) {
            return Err(format!("{shown:.300} instead of {expected}"));
        }
        replies.push(reply);
    }
    if closes {
        let rest = connection.rest().await.map_err(|why| format!("not closed: {why}"))?;
        if !rest.is_empty() {
            return Err(format!("{} before the close", String::from_utf8_lossy(&rest)));
        }
    } else if connection.get("/time/0").await.map_or(0, |next| next.status) != 200 {
        return Err("the connection cannot be used any more".to_owned());
    }
    Ok(replies)
}

type Said = (&'static str, Vec<Reply>);

fn differences((path, replies): &Said, (other_path, others): &Said) -> String {
    let (reply, other) = replies.iter().zip(others).find(|(reply, other)| reply != other).unwrap();
    let show = |one: &Reply, other: &Reply| {
        let headers = one.headers.iter().filter(|header| !other.headers.contains(header)).collect::<Vec<_>>();
        format!("{} {:.200} {headers:?}", one.status, one.text())
    };
    format!("{path} says {}, {other_path} {}", show(reply, other), show(other, reply))
}

async fn receive(connection: &mut Connection, head: bool) -> std::io::Result<Reply> {
    if head { connection.receive_head().await } else { connection.receive().await }
}

/// Without the date, which the framework has from the machine; headers in one order; timetokens as far as both servers
/// must agree on them: how many each has given out before is its own affair.
fn that_matters(mut reply: Reply) -> Reply {
    let mut from = 0;
    while let Some(at) = reply.body[from..].windows(COMMON.len()).position(|bytes| bytes == COMMON) {
        from += at + COMMON.len();
        reply.body.iter_mut().skip(from).take(TIMETOKEN_DIGITS - COMMON.len()).for_each(|digit| *digit = b'0');
    }
    reply.headers.retain(|(name, _)| name != "date");
    reply.headers.sort();
    reply
}

/// How the timetokens of both servers begin, and how long they are.
const COMMON: &[u8] = b"1700000001";
const TIMETOKEN_DIGITS: usize = 17;

pub(crate) fn get(target: &str) -> String {
    request("GET", target, "", "")
}

/// A GET with headers: `name: value` lines.
pub(crate) fn get_with(target: &str, headers: &str) -> String {
    request("GET", target, headers, "")
}

pub(crate) fn post(target: &str, body: &str) -> String {
    request("POST", target, &format!("Content-Length: {}\r\n", body.len()), body)
}

/// A POST whose body is no text.
pub(crate) fn post_bytes(target: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("Content-Length: {}\r\n{headers}", body.len());
    [request("POST", target, &headers, "").as_bytes(), body].concat()
}

/// A request; each header ends with its line.
pub(crate) fn request(method: &str, target: &str, headers: &str, body: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: here\r\n{headers}\r\n{body}")
}
