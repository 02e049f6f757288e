//! The server under test, once a process, by each of its two HTTP/1.1 paths.

use std::sync::{Mutex, OnceLock, PoisonError};

use testkit::{Connection, Edge, Reply, TestServer};
use tokio::runtime::Runtime;

use crate::Request;

/// A whole server, and a connection to it that stays open between requests.
pub struct Server {
    server: TestServer,
    connection: Mutex<Option<Connection>>,
}

/// Polls are answered at once, so that a mutation that becomes one costs little. The log of the server stays silent.
const SETTINGS: &str = "edge.poll_hold_seconds = 1";

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).enable_all().build().expect("a thread can be started")
    })
}

impl Server {
    /// The server by its lean path, and by the framework alone.
    pub fn both() -> &'static [Self; 2] {
        static SERVERS: OnceLock<[Server; 2]> = OnceLock::new();
        SERVERS.get_or_init(|| {
            Edge::ALL.map(|edge| Self {
                server: runtime().block_on(TestServer::builder().settings(SETTINGS).edge(edge).start()),
                connection: Mutex::default(),
            })
        })
    }

    /// Sends a request and checks its reply, which must come.
    pub fn ask(&self, request: &Request) -> Reply {
        let mut kept = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        runtime().block_on(async {
            // A connection that the server has closed since shows only now; a new one has no excuse.
            for mut connection in kept.take().into_iter().map(Some).chain([None]) {
                let fresh = connection.is_none();
                let mut connection = match connection.take() {
                    Some(connection) => connection,
                    None => self.server.connect().await,
                };
                let reply = match connection.send(request.bytes()).await {
                    Ok(()) if request.is_head() => connection.receive_head().await,
                    Ok(()) => connection.receive().await,
                    Err(error) => Err(error),
                };
                match reply {
                    Ok(reply) => {
                        let closes =
                            reply.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
                        *kept = (!closes).then_some(connection);
                        check(&reply);
                        return reply;
                    }
                    Err(error) if fresh => panic!("no reply: {error}"),
                    Err(_) => {}
                }
            }
            unreachable!("the last connection is a new one")
        })
    }

    /// Sends bytes on a connection of their own, then closes our side. Answers what came back until the server closed.
    pub fn send(&self, bytes: &[u8]) -> Vec<u8> {
        runtime().block_on(async {
            let mut connection = self.server.connect().await;
            // The server may close before it has read everything; that is its right.
            if connection.send(bytes).await.is_ok() {
                let _ = connection.finish().await;
            }
            connection.rest().await.expect("the server closes")
        })
    }
}

/// Seconds since the epoch, as the servers have them.
#[must_use]
pub fn seconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// What holds for every reply: it is no failure of the server, and a body that says it is JSON is JSON.
pub fn check(reply: &Reply) {
    assert!((200..500).contains(&reply.status), "status {}: {}", reply.status, reply.text());
    let is_json = reply.header("content-type").is_some_and(|kind| kind.contains("json"));
    let is_plain = reply.header("content-encoding").is_none();
    if is_json && is_plain && !reply.body.is_empty() {
        let _ = reply.json();
    }
}
