//! The program as a child process.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use serde_json::Value;
use testkit::{Connection, Reply, address_of, soon};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A command that runs the program in an environment of its own: what is set around the tests is not for it.
/// `wrapper` is a command that ends by running its further arguments.
pub(crate) fn command(wrapper: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_hereabouts");
    let (first, rest) = wrapper.split_first().map_or((program, &[][..]), |(first, rest)| (*first, rest));
    let mut command = Command::new(first);
    command.args(rest).args((!wrapper.is_empty()).then_some(program));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("HEREABOUTS_LOG__LEVEL", "off").env("HEREABOUTS_PRESENCE__SNAPSHOT_SECONDS", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(crate) async fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    soon("the program ends", command(&[]).args(arguments).output()).await.unwrap()
}

/// A server at work. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    pub(crate) async fn on(data: &Path) -> Self {
        Self::from(command(&[]), data).await
    }

    pub(crate) async fn from(command: Command, data: &Path) -> Self {
        Self::with(command, data, &[]).await
    }

    /// With further flags; without `--listen` it takes a free port.
    pub(crate) async fn with(mut command: Command, data: &Path, flags: &[&str]) -> Self {
        command.args(["serve", "--data"]).arg(data).args(flags);
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        soon("the server says where it listens", output.read_line(&mut line)).await.unwrap();
        let Some(address) = address_of(&line) else {
            let output = soon("the program ends", child.wait_with_output()).await.unwrap();
            panic!("it did not start: {}", String::from_utf8_lossy(&output.stderr));
        };
        Self { child, address }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address).await.unwrap()
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.connect().await.get(target).await.unwrap_or_else(|why| panic!("GET {target}: {why}"))
    }

    pub(crate) async fn ask(&self, target: &str) -> Value {
        let reply = self.get(target).await;
        assert_eq!(reply.status, 200, "GET {target}: {}", reply.text());
        reply.json()
    }

    /// Stops it as an operator does, and returns how it ended.
    pub(crate) async fn terminate(mut self, signal: &str) -> ExitStatus {
        self.signal(signal).await;
        soon("the server stops", self.child.wait()).await.unwrap()
    }

    pub(crate) async fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([format!("-{signal}"), self.id().to_string()]).status().await;
        assert!(sent.unwrap().success());
    }

    /// `kill -9`
    pub(crate) async fn kill(mut self) -> io::Result<()> {
        soon("the server is killed", self.child.kill()).await
    }
}
