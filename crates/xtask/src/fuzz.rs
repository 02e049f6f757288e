//! `cargo xtask fuzz`: the targets below `fuzz/`, each for some time.
//!
//! - A stable toolchain is enough: nothing here is unsafe, so there is nothing for the address sanitizer to find, and without
//!   it cargo-fuzz needs no nightly one.
//! - A target begins with seeds made from the vectors, and goes on with what it found in earlier runs (`target/fuzz/corpus`).
//! - What makes a target fail is kept in `target/fuzz/findings`. It becomes a test of the crate it is about, and then it is mended.

mod seeds;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{captured, shown, succeed};
use crate::repository::Repository;
use crate::steps::Steps;

const VERSION: &str = "0.13.2";

/// More than a server needs that is full of what was written in one run; a leak ends as a finding.
const MEMORY_MB: usize = 3072;

pub(crate) fn run(repository: &Repository, steps: &mut Steps, seconds: u64, only: Option<&str>) {
    let Some(program) = steps.step("cargo-fuzz is there", || ready(repository)) else { return };
    let Some(targets) = steps.step("fuzz: targets", || targets(repository, only)) else { return };
    let folder = repository.target.join("fuzz");
    if steps.step("fuzz: seeds", || seeds::write(repository, &folder.join("seeds"))).is_none() {
        return;
    }
    let mut build = cargo_fuzz(repository, &program, "build", &folder);
    build.args(only);
    if !steps.run("fuzz: build", build) {
        return;
    }
    for target in targets {
        steps.aloud(&format!("fuzz: {} for {seconds} s", target.name), || {
            let mut command = cargo_fuzz(repository, &program, "run", &folder);
            target.describe(&mut command, repository, &folder, seconds)?;
            println!("{}", shown(&command));
            ensure!(command.status()?.success(), "it found something: see {}", folder.join("findings").display());
            Ok(())
        });
    }
}

/// A file below `fuzz/src/bin`.
struct Target {
    name: String,
    /// The folders of seeds that it begins with.
    seeds: Vec<String>,
}

fn targets(repository: &Repository, only: Option<&str>) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(repository.root.join("fuzz/src/bin")).context("listing fuzz/src/bin")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if only.is_none_or(|only| only == name) {
            let text = fs::read_to_string(&path)?;
            let seeds = text.lines().find_map(|line| line.strip_prefix("//! Seeds: ")).unwrap_or_default();
            targets.push(Target { name, seeds: seeds.split(", ").map(str::to_owned).collect() });
        }
    }
    targets.sort_by(|one, other| one.name.cmp(&other.name));
    ensure!(!targets.is_empty(), "there is no target {} below fuzz/src/bin", only.unwrap_or_default());
    Ok(targets)
}

impl Target {
    fn describe(&self, command: &mut Command, repository: &Repository, folder: &Path, seconds: u64) -> Result<()> {
        let make = |part: &str| -> Result<PathBuf> {
            let path = folder.join(part);
            fs::create_dir_all(&path)?;
            Ok(path)
        };
        command.arg(&self.name).arg(make(&format!("corpus/{}", self.name))?);
        for kind in &self.seeds {
            command.arg(make(&format!("seeds/{kind}"))?);
        }
        let findings = make("findings")?.join(format!("{}-", self.name));
        command.args(["--", &format!("-max_total_time={seconds}"), "-timeout=20", "-print_final_stats=1"]);
        command.arg(format!("-rss_limit_mb={MEMORY_MB}")).arg(format!("-artifact_prefix={}", findings.display()));
        command.arg(format!("-dict={}", repository.root.join("fuzz/words.dict").display()));
        // The servers under test write to a disk in memory where there is one: what is tried is not the disk.
        if Path::new("/dev/shm").is_dir() {
            command.env("TMPDIR", "/dev/shm");
        }
        Ok(())
    }
}

fn cargo_fuzz(repository: &Repository, program: &Path, what: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&repository.root).args(["fuzz", what, "--fuzz-dir", "fuzz", "--sanitizer", "none"]);
    command.args(["--codegen-units", "8", "--target-dir"]).arg(folder.join("build"));
    command
}

/// The pinned cargo-fuzz, built when it is not there yet.
fn ready(repository: &Repository) -> Result<PathBuf> {
    let tools = repository.target.join("tools");
    let program = tools.join("bin/cargo-fuzz");
    let expected = format!("cargo-fuzz {VERSION}");
    let is_pinned = captured(Command::new(&program).arg("--version")).is_ok_and(|(_, version)| version == expected);
    if !is_pinned {
        let mut install = repository.cargo("install cargo-fuzz --locked --force --debug");
        install.args(["--version", VERSION, "--root"]).arg(&tools).env("CARGO_PROFILE_DEV_DEBUG", "0");
        succeed(&mut install)?;
    }
    Ok(program)
}
