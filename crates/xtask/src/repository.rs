//! Where the repository is and what is in it, as cargo and git tell it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::shown;

/// The workspace that the command was called in.
#[derive(Deserialize)]
pub(crate) struct Repository {
    /// The folder of the workspace's `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Everything that can be made again goes below this folder.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Dependency {
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Repository {
    pub(crate) fn find() -> Result<Self> {
        let metadata = stdout_of(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&metadata).context("reading what `cargo metadata` printed")
    }

    /// Cargo, to be run at the root with the words of `line`, as it would be typed without quotes.
    pub(crate) fn cargo(&self, line: &str) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args(line.split_whitespace());
        command
    }

    /// The files that git knows, as paths from the root. A file deleted but not yet committed is left out.
    pub(crate) fn tracked_files(&self) -> Result<Vec<String>> {
        let listed = stdout_of(Command::new("git").current_dir(&self.root).args(["ls-files", "-z"]))?;
        let files = listed.split_terminator('\0').filter(|path| self.root.join(path).exists());
        Ok(files.map(str::to_owned).collect())
    }

    pub(crate) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path)).with_context(|| format!("reading {path}"))
    }
}

/// The cargo that runs us, so that a `cargo +toolchain xtask` stays with its toolchain.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("starting {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed: {}", shown(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} printed bytes that are not UTF-8", shown(command)))
}
