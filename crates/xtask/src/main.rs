//! The commands of this repository, run as `cargo xtask COMMAND` from anywhere inside it.
//!
//! - One file a command; a command is a list of steps, and each step says in one line what it did.
//! - What a step needs beyond the Rust toolchain it sets up itself, below `target/`, or says in one sentence what is missing.
//! - Processes are started with the standard library alone: a crate for it would be one more to build before anything runs.

mod bench;
mod check;
mod compat;
mod failures;
mod fuzz;
mod once;
mod postgres;
mod process;
mod repository;
mod simulate;
mod steps;
mod test;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use compat::Page;
use repository::Repository;
use steps::Steps;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The commands of this repository", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Formatting, doors, map, independence, lints, documentation, licences
    Check,
    /// Everything, from nothing: check, tests, model checker, then compat
    Test,
    /// Bytes nobody would think of, against parsers and the whole server
    Fuzz {
        /// How long each target is run
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u64,
        /// One target, a file below fuzz/src/bin; without it, all of them
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
    },
    /// Other vendors' SDKs against our server; writes docs/compatibility.md
    Compat {
        /// Fail when docs/compatibility.md differs, instead of writing it
        #[arg(long)]
        check: bool,
        /// An already built `hereabouts`; without it, a release build is made
        #[arg(long, value_name = "FILE")]
        server: Option<PathBuf>,
    },
    /// Us beside our limits and our peers, in turn; writes the tables of docs/benchmarks.md
    Bench(bench::Options),
    /// App context beside its own store, PostgreSQL and PocketBase; writes its tables of docs/benchmarks.md
    BenchContext(bench::context::Options),
    /// Simulated clients against the promises of docs/reliability.md; `cargo xtask simulate --help` lists what can be chosen
    #[command(disable_help_flag = true)]
    Simulate {
        /// For the simulation
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Real connections that come, go and crash, against a real server; then everything is compared
    Load(simulate::Load),
    /// An attack on a real server, and what an honest client notices; writes the figures of docs/operating/security.md
    Attack(simulate::Attack),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let repository = Repository::find()?;
    let mut steps = Steps::default();
    match command {
        Command::Check => check::run(&repository, &mut steps),
        Command::Test => test::run(&repository, &mut steps),
        Command::Fuzz { seconds, target } => fuzz::run(&repository, &mut steps, seconds, target.as_deref()),
        Command::Compat { check, server } => {
            let page = if check { Page::Compare } else { Page::Write };
            compat::run(&repository, &mut steps, server, page);
        }
        Command::Bench(options) => bench::run(&repository, &mut steps, &options),
        Command::BenchContext(options) => bench::context::run(&repository, &mut steps, &options),
        Command::Simulate { arguments } => return simulate::simulate(&repository, &arguments),
        Command::Load(options) => return simulate::load(&repository, &options),
        Command::Attack(options) => return simulate::attack(&repository, &options),
    }
    steps.finish()
}
