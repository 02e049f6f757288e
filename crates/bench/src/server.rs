//! The program under measurement, as a process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A server on a free port, with an empty data folder.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    data: TempDir,
}

impl Server {
    /// Starts one that keeps its records in its folder or in a PostgreSQL.
    pub(crate) async fn start(program: &Path, framework: bool, database: Option<&str>) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .args(database.map(|address| ["--database", address]).into_iter().flatten())
            .env("HEREABOUTS_EDGE__LEAN", if framework { "false" } else { "true" })
            .env("HEREABOUTS_LOG__LEVEL", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}: cargo build --release makes it", program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.context("the server ended at once")?;
        let address = line.strip_prefix("listening on http://").context("an unexpected first line")?.parse()?;
        Ok(Self { child, address, data })
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
