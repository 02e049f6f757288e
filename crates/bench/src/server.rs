//! The program under measurement, as a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A server on a free port, with a data folder that was empty.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    settings: Settings,
    data: TempDir,
}

/// How it is started.
struct Settings {
    program: PathBuf,
    framework: bool,
    /// The address of the PostgreSQL in which it keeps its records, if it does.
    database: Option<String>,
}

impl Server {
    /// Starts one that keeps its records in its folder or in a PostgreSQL.
    pub(crate) async fn start(program: &Path, framework: bool, database: Option<&str>) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let settings = Settings { program: program.to_owned(), framework, database: database.map(str::to_owned) };
        let (child, address) = settings.start(data.path()).await?;
        Ok(Self { child, address, settings, data })
    }

    /// Has it end as an operator does, and starts it on the same data, elsewhere.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<()> {
        let id = Pid::from_raw(self.id()?.try_into()?).context("a process without a number")?;
        kill_process(id, Signal::TERM).context("cannot ask the server to stop")?;
        self.child.wait().await.context("the server does not stop")?;
        (self.child, self.address) = self.settings.start(self.data.path()).await?;
        Ok(())
    }

    /// Its folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot stop the server")
    }

    pub(crate) fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server has ended")
    }
}

impl Settings {
    /// The process, and where it listens.
    async fn start(&self, data: &Path) -> anyhow::Result<(Child, SocketAddr)> {
        let Self { program, framework, database } = self;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(database.iter().flat_map(|address| ["--database", address]))
            .env("HEREABOUTS_EDGE__LEAN", if *framework { "false" } else { "true" })
            .env("HEREABOUTS_LOG__LEVEL", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}: cargo build --release makes it", program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.context("the server ended at once")?;
        let address = line.strip_prefix("listening on http://").context("an unexpected first line")?.parse()?;
        Ok((child, address))
    }
}
