//! `cargo xtask compat`: the programs below `compat/`, written with other vendors' SDKs, against our server.
//!
//! - `compat/README.md` is the contract with the programs: what they are told, and the line that they print for each example.
//! - The programs judge themselves by `compat/known-gaps.toml`; here it is checked that every gap on the list was met.
//! - What is installed is made again when its pinned list changes, and only then.

mod page;
mod peers;
mod results;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::process::Running;
use crate::repository::Repository;
use crate::steps::{Steps, Tally};

use peers::{ENVIRONMENTS, Environment, Program};
use results::{Gaps, Outcome, Row};
use server::Server;

/// What to do with `docs/compatibility.md`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Write,
    /// It is committed, so it must say what the run says.
    Compare,
}

/// The longest that one program may take. Each wait in it has its own, much shorter limit; this one ends a program that hangs.
const PROGRAM_LIMIT: Duration = Duration::from_secs(300);

/// The longest from a program's last word to its end.
const PROGRAM_END_LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn run(repository: &Repository, steps: &mut Steps, server: Option<PathBuf>, page: Page) {
    let Some(mut programs) = set_up(repository, steps) else { return };
    let Some(server) = server.or_else(|| release_build(repository, steps)) else { return };
    let folder = folder(repository);
    for program in &mut programs {
        // For those who start one of their own.
        program.command.env("HEREABOUTS_SERVER", &server);
    }
    let Some(server) = steps.step("compat: server starts", || Server::start(&server, &folder)) else { return };

    programs.iter_mut().for_each(|program| server.tell(&mut program.command));
    let ran = steps.aloud("compat: programs, side by side", || Ok(run_all(programs, &folder)));
    let mut rows = Vec::new();
    let mut all_well = true;
    for Ran { name, rows: found, took, result } in ran.unwrap_or_default() {
        all_well &= steps.done(&format!("compat: {name}"), took, result).is_some();
        rows.extend(found);
    }
    steps.step("compat: server stops when asked to", || server.stop());
    steps.count(tally(&rows));
    steps.step("compat: known gaps and docs/compatibility.md", || {
        ensure!(all_well, "left as they are, since a program failed");
        let gaps = Gaps::read(repository)?;
        gaps.compare(&rows)?;
        settle(repository, &page::text(&rows, &gaps), page)
    });
}

/// The programs with everything that they need, or nothing when a part of it could not be had.
fn set_up(repository: &Repository, steps: &mut Steps) -> Option<Vec<Program>> {
    let set_up = |environment: &Environment| {
        steps.step(&format!("compat: set up {}", environment.name()), || environment.set_up(repository))
    };
    // All are tried before one that failed ends it: whoever lacks two things should hear of both.
    let programs: Vec<_> = ENVIRONMENTS.iter().map(set_up).collect();
    programs.into_iter().collect::<Option<Vec<_>>>().map(|programs| programs.into_iter().flatten().collect())
}

fn release_build(repository: &Repository, steps: &mut Steps) -> Option<PathBuf> {
    let build = repository.cargo("build --release --package hereabouts-cli");
    steps.run("compat: release build", build).then(|| repository.target.join("release/hereabouts"))
}

/// Everything of this command that can be made again.
fn folder(repository: &Repository) -> PathBuf {
    repository.target.join("compat")
}

/// A program that has ended.
struct Ran {
    name: &'static str,
    rows: Vec<Row>,
    took: Duration,
    result: Result<()>,
}

/// Runs the programs, some at a time, and shows what each said when it has ended. They do not meet: the names that they use
/// are fresh. Mostly they wait, for a presence timeout or for a token to run out, so there are more of them than processors.
fn run_all(programs: Vec<Program>, folder: &Path) -> Vec<Ran> {
    let at_a_time = (2 * thread::available_parallelism().map_or(2, usize::from)).min(programs.len());
    let waiting = Mutex::new(programs.into_iter().enumerate());
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("taking the next one does not panic").next();
                    let Some((place, program)) = next else { break };
                    let ran = run_one(program, folder);
                    let mut ended = ended.lock().expect("printing and pushing do not panic");
                    ran.rows.iter().for_each(|row| println!("{row}"));
                    ended.push((place, ran));
                }
            });
        }
    });
    let mut ended = ended.into_inner().expect("no thread panicked");
    ended.sort_by_key(|(place, _)| *place);
    ended.into_iter().map(|(_, ran)| ran).collect()
}

fn run_one(Program { name, mut command }: Program, folder: &Path) -> Ran {
    let start = Instant::now();
    let log = folder.join(format!("{}.log", name.replace([' ', ','], "-")));
    let mut rows = Vec::new();
    let result = Running::start(&mut command, &log)
        .and_then(|program| collect(&program, &mut rows).and_then(|()| judge(program, &rows)))
        .with_context(|| format!("what else it said is in {}", log.display()));
    Ran { name, rows, took: start.elapsed(), result }
}

/// Reads a program's lines to its end.
fn collect(program: &Running, rows: &mut Vec<Row>) -> Result<()> {
    let until = Instant::now() + PROGRAM_LIMIT;
    while let Some(line) = program.next_line(until)? {
        rows.push(Row::read(&line)?);
    }
    Ok(())
}

/// Waits for the end of a program that has said everything.
fn judge(program: Running, rows: &[Row]) -> Result<()> {
    let status = program.ended(Instant::now() + PROGRAM_END_LIMIT)?;
    let failed = rows.iter().filter(|row| row.result == Outcome::Failed).count();
    match status.code() {
        Some(0 | 1) if failed > 0 => bail!("{failed} of {} examples failed", rows.len()),
        Some(0) if rows.is_empty() => bail!("it ran no example"),
        Some(0) => Ok(()),
        _ => bail!("it ended with {status} after {} examples", rows.len()),
    }
}

fn tally(rows: &[Row]) -> Tally {
    let count = |outcome| rows.iter().filter(|row| row.result == outcome).count();
    Tally { passed: count(Outcome::Ok), failed: count(Outcome::Failed), skipped: count(Outcome::KnownGap) }
}

fn settle(repository: &Repository, text: &str, page: Page) -> Result<()> {
    const PAGE: &str = "docs/compatibility.md";
    match page {
        Page::Write => fs::write(repository.root.join(PAGE), text).with_context(|| format!("writing {PAGE}")),
        Page::Compare if fs::read_to_string(repository.root.join(PAGE)).is_ok_and(|committed| committed == text) => {
            Ok(())
        }
        Page::Compare => {
            let found = folder(repository).join("compatibility.md");
            fs::write(&found, text)?;
            bail!(
                "docs/compatibility.md is not what this run found ({}): run `cargo xtask compat` and commit it",
                found.display()
            )
        }
    }
}
