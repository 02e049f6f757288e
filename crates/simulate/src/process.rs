//! A server that runs as a process of its own, on a free port and on data of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use testkit::address_of;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The program at work. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) async fn start(program: &Path, files: &Path, configuration: &str) -> Result<Self> {
        let file = files.join("hereabouts.toml");
        std::fs::write(&file, configuration)?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&file);
        command.arg("--data").arg(files.join("data"));
        command.env_clear().env("HEREABOUTS_LOG__LEVEL", "error");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        let Some(output) = child.stdout.take() else { bail!("its output is not ours") };
        let mut line = String::new();
        testkit::soon("the server says where it listens", BufReader::new(output).read_line(&mut line)).await?;
        let address = address_of(&line).with_context(|| format!("it says {line:?}"))?;
        Ok(Self { child, address })
    }

    /// `kill -9`
    pub(crate) async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Stops it as an operator does: it must end well.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("it has ended")?;
        Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id.to_string()]).status().await?;
        let status = testkit::soon("the server stops", self.child.wait()).await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}
