//! The client without its transport, for browsers: that it still compiles, where the target is installed or can be.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{captured, succeed};
use crate::repository::Repository;
use crate::steps::Steps;

const TARGET: &str = "wasm32-unknown-unknown";

pub(crate) fn run(repository: &Repository, steps: &mut Steps) {
    if !is_installed(repository) {
        println!("        {TARGET} is not installed, and cannot be: the client is not checked for browsers");
        return;
    }
    let check = format!("check --quiet --package hereabouts --lib --no-default-features --target {TARGET}");
    let mut command = repository.cargo(&check);
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-D warnings");
    steps.run("the client for browsers", command);
}

/// Whether there is a standard library for it. Rustup is asked for one; other toolchains have what they have.
fn is_installed(repository: &Repository) -> bool {
    let is_there = || library(repository).is_ok_and(|folder| Path::new(&folder).is_dir());
    is_there()
        || succeed(Command::new("rustup").current_dir(&repository.root).args(["target", "add", TARGET])).is_ok()
            && is_there()
}

fn library(repository: &Repository) -> Result<String> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&repository.root).args(["--print", "target-libdir", "--target", TARGET]);
    captured(&mut rustc).map(|(_, folder)| folder)
}
