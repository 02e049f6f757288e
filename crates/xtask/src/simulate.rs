//! `cargo xtask simulate`, `load` and `attack`: the programs of `crates/simulate`, built and run. They print tables of their
//! own, so these commands have no steps.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{shown, spawn};
use crate::repository::Repository;

/// What `cargo xtask load` was asked for.
#[derive(clap::Args)]
pub(crate) struct Load {
    /// Minutes for which they do
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// A release build in place of a debug build
    #[arg(long)]
    release: bool,
    /// Clients, each with two connections at a time
    #[arg(long, default_value_t = 200)]
    clients: usize,
    /// Where all choices come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What `cargo xtask attack` was asked for.
#[derive(clap::Args)]
pub(crate) struct Attack {
    /// Seconds that the attack lasts
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Connections that say nothing
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Connections that never finish what they say
    #[arg(long, default_value_t = 2_000)]
    slow: usize,
    /// Only print the figures
    #[arg(long)]
    dry: bool,
}

/// A release build: the page is about what operators run.
pub(crate) fn attack(repository: &Repository, options: &Attack) -> Result<()> {
    run(&mut repository.cargo("build --quiet --release --package hereabouts-cli --package hereabouts-simulate"))?;
    let folder = repository.target.join("release");
    let mut command = Command::new(folder.join("hereabouts-simulate"));
    command.arg("attack").arg("--server").arg(folder.join("hereabouts"));
    for (flag, value) in
        [("--seconds", options.seconds), ("--idle", options.idle as u64), ("--slow", options.slow as u64)]
    {
        command.args([flag, &value.to_string()]);
    }
    if !options.dry {
        command.arg("--page").arg(repository.root.join("docs/operating/security.md"));
    }
    run(&mut command)
}

/// Always a release build: the promises are about millions of events.
pub(crate) fn simulate(repository: &Repository, arguments: &[OsString]) -> Result<()> {
    let line = "run --quiet --release --package hereabouts-simulate --";
    let mut command = repository.cargo(line);
    // The restart of a real server needs one.
    if arguments.first().is_some_and(|first| first == "restart") {
        run(&mut repository.cargo("build --quiet --release --package hereabouts-cli"))?;
        command.args(arguments).arg("--server").arg(repository.target.join("release/hereabouts"));
        return run(&mut command);
    }
    run(command.args(arguments))
}

pub(crate) fn load(repository: &Repository, options: &Load) -> Result<()> {
    let (flag, folder) = if options.release { (" --release", "release") } else { ("", "debug") };
    run(&mut repository.cargo(&format!("build --quiet{flag} --package hereabouts-cli --package hereabouts-simulate")))?;
    let folder = repository.target.join(folder);
    let mut command = Command::new(folder.join("hereabouts-simulate"));
    command.arg("load").arg("--server").arg(folder.join("hereabouts"));
    command.args(["--seconds", &format!("{:.0}", options.minutes * 60.0)]);
    command.args(["--clients", &options.clients.to_string(), "--seed", &options.seed.to_string()]);
    run(&mut command)
}

/// Runs a program whose output is ours.
fn run(command: &mut Command) -> Result<()> {
    let status = spawn(command)?.wait()?;
    if status.success() { Ok(()) } else { bail!("{} ended with {status}", shown(command)) }
}
