//! `cargo xtask bench-context`: app context beside its own store, PostgreSQL and PocketBase.

use std::path::PathBuf;
use std::process::Command;

use crate::postgres;
use crate::repository::Repository;
use crate::steps::Steps;

/// Enough for the memory of a machine to matter.
const MANY: &str = "1000000";

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Grow to 1,000,000 users, and measure memory and rates there, instead of all rows among 100,000
    #[arg(long)]
    growth: bool,
    /// Without PostgreSQL and PocketBase. Prints the tables, and leaves the page as it is
    #[arg(long)]
    alone: bool,
    /// Keep our records in PostgreSQL as well. Prints the tables, and leaves the page as it is
    #[arg(long)]
    postgres: bool,
    /// Seconds for each row
    #[arg(long, value_name = "N", default_value_t = 2)]
    seconds: u64,
    /// An already built `hereabouts`; without it, a release build is made
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
}

pub(crate) fn run(repository: &Repository, steps: &mut Steps, options: &Options) {
    if !options.alone || options.postgres {
        steps.step("PostgreSQL is installed", postgres::set_up);
    }
    let ours = if options.server.is_none() { "--package hereabouts-cli" } else { "" };
    let build = repository.cargo(&format!("build --release --package hereabouts-bench {ours}"));
    if !steps.run("bench: release build", build) {
        return;
    }
    let release = repository.target.join("release");
    let mut measure = Command::new(release.join("hereabouts-bench"));
    measure.current_dir(&repository.root).arg("context").args(["--seconds", &options.seconds.to_string()]);
    measure.arg("--server").arg(options.server.clone().unwrap_or_else(|| release.join("hereabouts")));
    if options.growth {
        measure.args(["--largest", MANY]);
    }
    if options.postgres {
        measure.args(["--database", "postgres"]);
    }
    if !options.alone {
        measure.arg("--peers");
    }
    if !options.alone && !options.postgres {
        measure.args(["--page", "docs/benchmarks.md"]);
    }
    steps.show("bench: app context", measure);
}
