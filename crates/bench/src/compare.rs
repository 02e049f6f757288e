//! `compare`: the rows of the table, server after server, round after round.
//!
//! - One server runs at a time, on a core of its own where there are two; the generator has the last one.
//! - Each measurement has a fresh process. The order of the servers turns with the rounds, so that none is always first.
//! - Nothing here passes or fails but by an error: a figure that stays behind is shown as such.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::marks::Marks;
use crate::page::Page;
use crate::process::{Cores, raise_open_files};
use crate::results::Results;
use crate::rows::{self, Bench, Row};
use crate::servers::{Kind, Place};

/// Where the page has the tables.
const MARKS: Marks = Marks {
    begin: "<!-- written by `cargo xtask bench`: begin -->",
    end: "<!-- written by `cargo xtask bench`: end -->",
};

/// Measures our server, its limits and its peers in turn.
#[derive(Args)]
pub(crate) struct Compare {
    /// Our program.
    #[arg(long, default_value = "target/release/hereabouts")]
    server: PathBuf,
    /// The settings and programs of the peers.
    #[arg(long, default_value = "peers")]
    peers: PathBuf,
    /// What was installed and built of them.
    #[arg(long, default_value = "target/bench")]
    installed: PathBuf,
    /// How often each measurement is made; the tables have the medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only rows whose names begin with this; again for more.
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// One round with smaller numbers.
    #[arg(long)]
    quick: bool,
    /// Only us and our limits.
    #[arg(long)]
    alone: bool,
    /// The page that gets the tables, between its marks.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Compare) -> Result<()> {
    let mut rows = rows::all(arguments.quick);
    rows.retain(|row| arguments.only.is_empty() || arguments.only.iter().any(|only| row.id.starts_with(only)));
    ensure!(!rows.is_empty(), "no row is called so: {}", names(&rows::all(arguments.quick)));
    if let Some(page) = &arguments.page {
        MARKS.look_for(page)?;
    }
    for row in &mut rows {
        row.servers.retain(|kind| {
            !arguments.alone || matches!(kind, Kind::Ours | Kind::Framework | Kind::Raw | Kind::Constant)
        });
    }
    fs::create_dir_all(&arguments.installed)?;
    let absolute = |path: &Path| fs::canonicalize(path).with_context(|| format!("looking for {}", path.display()));
    let place = Place {
        server: absolute(&arguments.server)?,
        peers: absolute(&arguments.peers)?,
        installed: absolute(&arguments.installed)?,
        cores: Cores::split()?,
    };
    let open_files = raise_open_files()?;
    let seconds = if arguments.quick { 1 } else { 2 };
    let bench = Bench { place, time: Duration::from_secs(seconds), quick: arguments.quick };
    let rounds = if arguments.quick { 1 } else { arguments.rounds.max(1) };

    let load = fs::read_to_string("/proc/loadavg")?;
    let (begun, mut results) = (Instant::now(), Results::default());
    for row in &rows {
        eprintln!("{}: {}", row.id, row.what);
        results.measure(&bench, row, rounds);
    }
    let page =
        Page { rows: &rows, results: &results, bench: &bench, rounds, load: &load, open_files, took: begun.elapsed() };
    let text = page.text()?;
    println!("{text}");
    if let Some(file) = &arguments.page {
        MARKS.fill(file, &text)?;
    }
    results.complaint().map_or(Ok(()), |complaint| bail!(complaint))
}

fn names(rows: &[Row]) -> String {
    rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(", ")
}
