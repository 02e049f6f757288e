//! `cargo xtask bench`: our server beside its limits and its peers; the tables go to `docs/benchmarks.md`.
//!
//! - The measuring is done by `crates/bench`; here everything that it needs is installed and built, below `target/bench`.
//! - A peer that cannot be had fails its step, and the others are measured all the same.

pub(crate) mod context;
mod peers;

use std::path::PathBuf;
use std::process::Command;

use crate::repository::Repository;
use crate::steps::Steps;

use peers::PEERS;

/// What to measure, and how.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each measurement is made; the tables have the medians
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Only rows whose names begin with this; again for more. Prints the tables, and leaves the page as it is
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// One round with smaller numbers. Prints the tables, and leaves the page as it is
    #[arg(long)]
    quick: bool,
    /// Only us and our limits, without the peers. Prints the tables, and leaves the page as it is
    #[arg(long)]
    alone: bool,
    /// The rules alone, in instructions, for a machine that has no quiet moment. Prints a table
    #[arg(long, conflicts_with_all = ["rounds", "quick", "alone", "server"])]
    micro: bool,
    /// An already built `hereabouts`; without it, a release build is made
    #[arg(long, value_name = "FILE")]
    server: Option<PathBuf>,
}

pub(crate) fn run(repository: &Repository, steps: &mut Steps, options: &Options) {
    if options.micro {
        return micro(repository, steps, &options.only);
    }
    let installed = repository.target.join("bench");
    if !options.alone {
        for peer in PEERS {
            steps.step(&format!("bench: {}", peer.name()), || peer.set_up(repository, &installed));
        }
    }
    let ours = if options.server.is_none() { "--package hereabouts-cli" } else { "" };
    let build = repository.cargo(&format!("build --release --package hereabouts-bench {ours}"));
    if !steps.run("bench: release build", build) {
        return;
    }
    let release = repository.target.join("release");
    let mut compare = Command::new(release.join("hereabouts-bench"));
    compare.current_dir(&repository.root).arg("compare");
    compare.arg("--server").arg(options.server.clone().unwrap_or_else(|| release.join("hereabouts")));
    compare.arg("--installed").arg(installed);
    if let Some(rounds) = options.rounds {
        compare.args(["--rounds", &rounds.to_string()]);
    }
    for row in &options.only {
        compare.args(["--only", row]);
    }
    for (flag, wanted) in [("--quick", options.quick), ("--alone", options.alone)] {
        if wanted {
            compare.arg(flag);
        }
    }
    if options.only.is_empty() && !options.quick && !options.alone {
        compare.args(["--page", "docs/benchmarks.md"]);
    }
    steps.show("bench: measurements", compare);
}

fn micro(repository: &Repository, steps: &mut Steps, only: &[String]) {
    if !steps.run("bench: release build", repository.cargo("build --release --package hereabouts-bench")) {
        return;
    }
    let mut micro = Command::new(repository.target.join("release/hereabouts-bench"));
    micro.arg("micro");
    for case in only {
        micro.args(["--only", case]);
    }
    steps.show("bench: instructions", micro);
}
