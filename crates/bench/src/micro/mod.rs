//! What the rules cost in instructions: a count that is the same on a busy machine, unlike a time.
//!
//! - Each case runs in a process of its own under a counter, once with so many operations and once with three times as
//!   many: the difference is theirs alone, without set-up and without the start of the process.
//! - The counter is `perf`, where the kernel lets it count, and otherwise valgrind's callgrind.
//! - Waiting for memory is not in it. For that there is `--example presence_cost` of the engine, on a quiet machine.

mod cases;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use cases::CASES;

/// What is counted.
#[derive(Args)]
pub(crate) struct Micro {
    /// Only cases whose names begin with this; again for more.
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Runs one case so many times, counts nothing and prints nothing.
    #[arg(long, value_name = "OPERATIONS", requires = "only")]
    run: Option<u64>,
}

pub(crate) fn run(arguments: &Micro) -> Result<()> {
    let is_wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| name.starts_with(only));
    let wanted: Vec<_> = CASES.iter().filter(|case| is_wanted(case.name)).collect();
    let names = || CASES.map(|case| case.name).join(", ");
    ensure!(!wanted.is_empty(), "no case is called so: {}", names());
    if let Some(operations) = arguments.run {
        wanted.iter().for_each(|case| (case.run)(operations));
        return Ok(());
    }
    let counter = Counter::find()?;
    println!("| case | instructions | what one operation is |\n| --- | ---: | --- |");
    for case in wanted {
        let (few, many) = (case.operations, 3 * case.operations);
        let more = counter.count(case.name, many)?.saturating_sub(counter.count(case.name, few)?);
        let each = more as f64 / (many - few) as f64;
        println!("| {} | {} | {} |", case.name, crate::page::number(each), case.what);
    }
    println!("\nCounted by {}.", counter.name());
    Ok(())
}

/// What counts instructions.
#[derive(Clone, Copy)]
enum Counter {
    Perf,
    Callgrind,
}

impl Counter {
    fn find() -> Result<Self> {
        let counts = |counter: &Self| counter.instructions("true", &[]).is_ok();
        let found = [Self::Perf, Self::Callgrind].into_iter().find(counts);
        found.context("neither perf nor valgrind counts here (Debian: apt-get install valgrind)")
    }

    fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf stat",
            Self::Callgrind => "valgrind --tool=callgrind",
        }
    }

    fn count(self, case: &str, operations: u64) -> Result<u64> {
        let program = std::env::current_exe()?;
        let program = program.to_str().context("a path that is not text")?;
        self.instructions(program, &["micro", "--only", case, "--run", &operations.to_string()])
    }

    /// How many instructions a program takes outside of the kernel.
    fn instructions(self, program: &str, arguments: &[&str]) -> Result<u64> {
        let words: &[&str] = match self {
            Self::Perf => &["perf", "stat", "--no-big-num", "-e", "instructions:u", "--"],
            Self::Callgrind => &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--"],
        };
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(program).args(arguments).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("starting {}", words[0]))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}");
        let number = |line: &str| match self {
            Self::Perf => line.trim().strip_suffix("instructions:u")?.trim().parse().ok(),
            Self::Callgrind => line.split_once("Collected : ")?.1.trim().parse().ok(),
        };
        match said.lines().find_map(number) {
            Some(count) => Ok(count),
            None => bail!("{} counted nothing: {said}", self.name()),
        }
    }
}
