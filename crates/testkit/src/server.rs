//! The whole server, in this process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use node::{Clock, SystemClock};
use serde_json::Value;
use server::Server;
use server::config::{Config, Flags};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Authority, Connection, Reply, eventually, soon};

/// The keys of a key set.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The subscribe key.
    pub subscribe: &'static str,
    /// The publish key.
    pub publish: &'static str,
    /// The secret key.
    pub secret: &'static str,
}

/// The key set without access control.
pub const OPEN: Keys = Keys { subscribe: "sub", publish: "pub", secret: "secret" };
/// The key set with access control.
pub const GUARDED: Keys = Keys { subscribe: "guarded-sub", publish: "guarded-pub", secret: "guarded-secret" };

/// Both key sets, for a configuration that names none.
const KEYSETS: &str = r#"
[[keyset]]
name = "open"
subscribe_key = "sub"
publish_key = "pub"
secret_key = "secret"

[[keyset]]
name = "guarded"
subscribe_key = "guarded-sub"
publish_key = "guarded-pub"
secret_key = "guarded-secret"
access_manager = true
"#;

/// Which of the server's two HTTP/1.1 paths is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The lean loop, which hands over what it does not know.
    Lean,
    /// The framework alone.
    Framework,
}

impl Edge {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Lean, Self::Framework];

    fn setting(self) -> String {
        format!("edge.lean = {}\n", self == Self::Lean)
    }
}

/// A server to be.
#[derive(Clone, Default)]
pub struct Builder {
    settings: String,
    edge: Option<Edge>,
    clock: Option<Arc<dyn Clock>>,
    database: Option<String>,
    authority: Option<Authority>,
}

impl Builder {
    /// Settings as in a configuration file. The two key sets stand after them, unless they name their own.
    #[must_use]
    pub fn settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self.settings.push('\n');
        self
    }

    /// One path of the edge.
    #[must_use]
    pub fn edge(mut self, edge: Edge) -> Self {
        self.edge = Some(edge);
        self
    }

    /// A PostgreSQL, by its address, in place of SQLite.
    #[must_use]
    pub fn database(mut self, address: &str) -> Self {
        self.database = Some(address.to_owned());
        self
    }

    /// TLS, with a certificate of an authority that is made for it.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.authority = Some(Authority::default());
        self
    }

    /// Another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Starts it on a new directory.
    pub async fn start(self) -> TestServer {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        Stopped { builder: self, directory }.start().await
    }

    fn config(&self, directory: &Path) -> Config {
        let keysets = if self.settings.contains("[[keyset]]") { "" } else { KEYSETS };
        let edge = self.edge.map(Edge::setting).unwrap_or_default();
        let tls = self.authority.as_ref().map(|authority| {
            authority.issue().write(directory);
            let file = |name| directory.join(name).display().to_string();
            format!("tls.cert = {:?}\ntls.key = {:?}\n", file("cert.pem"), file("key.pem"))
        });
        // One server in many on this machine: each takes a port of its own.
        let text =
            format!("{edge}{}admin.listen = \"127.0.0.1:0\"\n{}{keysets}", tls.unwrap_or_default(), self.settings);
        let file = directory.join("hereabouts.toml");
        std::fs::write(&file, text).expect("the configuration can be written");
        let flags = Flags {
            config: Some(file),
            listen: Some("127.0.0.1:0".into()),
            data: Some(data_in(directory)),
            database: self.database.clone(),
            ..Flags::default()
        };
        let nothing: [(&str, &str); 0] = [];
        server::config::load(flags, nothing).unwrap_or_else(|why| panic!("{why}"))
    }
}

fn data_in(directory: &Path) -> PathBuf {
    directory.join("data")
}

/// A server that runs until it is stopped, or dropped: then it ends with the test.
pub struct TestServer {
    address: SocketAddr,
    admin: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
    origin: Stopped,
}

/// A server that does not run, and what it left behind.
pub struct Stopped {
    builder: Builder,
    directory: TempDir,
}

impl Stopped {
    /// Starts it again.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(self) -> TestServer {
        let config = self.builder.config(self.directory.path());
        let clock = self.builder.clock.clone().unwrap_or_else(|| Arc::new(SystemClock::default()));
        let server = soon("the server starts", Server::start(config, clock)).await;
        let server = server.unwrap_or_else(|why| panic!("{why}"));
        let (address, admin) = (server.address(), server.admin_address().expect("the admin API of a test is on"));
        let (stop, stopped) = oneshot::channel();
        // A dropped sender is no wish to stop: a test that fails should fail for its own reason.
        let running = tokio::spawn(server.run(async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        }));
        TestServer { address, admin, stop, running, origin: self }
    }

    /// The same with other settings.
    #[must_use]
    pub fn with(mut self, builder: Builder) -> Self {
        self.builder = builder;
        self
    }

    /// Where its data is.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        data_in(self.directory.path())
    }
}

impl TestServer {
    /// A server with the settings of the protocol.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// A server with settings of its own.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its admin API listens.
    #[must_use]
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// A call of its admin API, with the token.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn admin(&self, method: &str, path: &str, body: &Value) -> Reply {
        let token = std::fs::read_to_string(self.data().join("admin.token")).expect("there is a token");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {}\r\n", token.trim());
        let mut connection = Connection::open(self.admin).await.expect("the admin API accepts a connection");
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        connection.send(request).await.expect("a request can be sent");
        connection.receive().await.unwrap_or_else(|why| panic!("{method} {path}: {why}"))
    }

    /// Where its data is.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.origin.data()
    }

    /// The authority of its certificate.
    ///
    /// # Panics
    /// When it speaks no TLS.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        self.origin.builder.authority.as_ref().expect("a server with TLS")
    }

    /// A new connection.
    ///
    /// # Panics
    /// When there is none to be had.
    pub async fn connect(&self) -> Connection {
        let connected = match &self.origin.builder.authority {
            Some(authority) => Connection::open_tls(self.address, authority).await,
            None => Connection::open(self.address).await,
        };
        connected.expect("the server accepts a connection")
    }

    /// The reply to a GET, on a connection of its own.
    ///
    /// # Panics
    /// When there is none.
    pub async fn get(&self, target: &str) -> Reply {
        self.connect().await.get(target).await.unwrap_or_else(|why| panic!("GET {target}: {why}"))
    }

    /// The JSON of a reply that succeeds.
    ///
    /// # Panics
    /// When it does not succeed.
    pub async fn ask(&self, target: &str) -> Value {
        let reply = self.get(target).await;
        assert_eq!(reply.status, 200, "GET {target}: {}", reply.text());
        reply.json()
    }

    /// A GET that is sent and waits: the reply is read from the connection. It is parked when this returns.
    ///
    /// # Panics
    /// When it is not parked, because it was answered at once or not at all.
    pub async fn park(&self, target: &str) -> Connection {
        let parked = async || self.metric("hereabouts_parked_polls").await;
        let before = parked().await;
        let mut connection = self.connect().await;
        connection.send(crate::http::get(target)).await.expect("a request can be sent");
        eventually(&format!("{target} is parked"), async || (parked().await > before).then_some(())).await;
        connection
    }

    /// A figure of the metrics, all key sets and operations together.
    ///
    /// # Panics
    /// When the server does not tell.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.text();
        let value = |line: &str| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
            rest.rsplit_once(' ')?.1.parse::<f64>().ok()
        };
        text.lines().filter_map(value).sum()
    }

    /// Stops as a signal would have it.
    ///
    /// # Panics
    /// When it does not stop.
    pub async fn stop(self) -> Stopped {
        let Self { stop, running, origin, .. } = self;
        // If it is gone already, joining it says why.
        let _ = stop.send(());
        soon("the server stops", running).await.expect("the server stops without a panic");
        origin
    }

    /// What a crash at this moment leaves behind: a copy of the directory, taken from under the running server.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn wreck(&self) -> Stopped {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let to = data_in(directory.path());
        std::fs::create_dir(&to).expect("a directory can be made");
        for entry in std::fs::read_dir(self.data()).expect("the data can be listed") {
            let entry = entry.expect("the data can be listed");
            // A file that was replaced meanwhile is gone under this name.
            let _ = std::fs::copy(entry.path(), to.join(entry.file_name()));
        }
        Stopped { builder: self.origin.builder.clone(), directory }
    }
}

/// The address in what a server process says first: `listening on http://127.0.0.1:7700`, or `https` where it speaks TLS.
#[must_use]
pub fn address_of(line: &str) -> Option<SocketAddr> {
    let url = line.trim().strip_prefix("listening on http")?;
    url.strip_prefix('s').unwrap_or(url).strip_prefix("://")?.parse().ok()
}
