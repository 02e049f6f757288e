//! `cargo deny`: the licences of everything we build on, crates we refuse, second versions, and where crates come from.
//!
//! Advisories are left out: their database is a repository of its own, not a package, and a machine that reaches only the
//! package registries (ours, and our CI's) cannot fetch it. Where it can be fetched, `cargo deny check advisories` is the command.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{captured, succeed};
use crate::repository::Repository;
use crate::steps::Steps;

const VERSION: &str = "0.20.2";

pub(crate) fn run(repository: &Repository, steps: &mut Steps) {
    let Some(program) = steps.step("cargo-deny is there", || ready(repository)) else { return };
    let mut command = Command::new(program);
    command.current_dir(&repository.root).args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    steps.run("licences, bans, sources (no advisories)", command);
}

/// The pinned cargo-deny, built when it is not there yet.
fn ready(repository: &Repository) -> Result<PathBuf> {
    let tools = repository.target.join("tools");
    let program = tools.join("bin/cargo-deny");
    if is_pinned(&program) {
        return Ok(program);
    }
    // Without optimisation it is built in about a minute on two cores, and checks us in a second all the same.
    let mut install = repository.cargo("install cargo-deny --locked --force --debug");
    install.args(["--version", VERSION, "--root"]).arg(&tools).env("CARGO_PROFILE_DEV_DEBUG", "0");
    succeed(&mut install)?;
    Ok(program)
}

fn is_pinned(program: &Path) -> bool {
    let expected = format!("cargo-deny {VERSION}");
    captured(Command::new(program).arg("--version")).is_ok_and(|(_, version)| version == expected)
}
