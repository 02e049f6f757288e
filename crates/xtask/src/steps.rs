//! What a command does, step by step: one line each, with its name, its end and how long it took.
//!
//! - A failed step never hides the next: all run, and `finish` makes the command fail.
//! - A step's own output is shown when it failed, or as it comes when it is a test runner's; what failed tests said is
//!   said again at the end.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::failures::Failures;
use crate::process::{shown, spawn, succeed};

#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Line>,
    tests: Tally,
    /// What failed tests said.
    failures: Failures,
    /// Whether other output stands between the lines, so that they are worth repeating at the end.
    scattered: bool,
}

impl Steps {
    /// Runs a program quietly and tells whether it went well; what it printed is shown when it did not.
    pub(crate) fn run(&mut self, name: &str, mut command: Command) -> bool {
        self.step(name, || succeed(&mut command)).is_some()
    }

    /// Runs a test runner and lets its output through, closing line included.
    pub(crate) fn show(&mut self, name: &str, mut command: Command) {
        let (mut tests, mut failures) = (Tally::default(), Failures::default());
        self.aloud(name, || {
            println!("{}", shown(&command));
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            let mut child = spawn(&mut command)?;
            let stdout = child.stdout.take().context("its standard output is not ours")?;
            for line in BufReader::new(stdout).lines() {
                let line = line?;
                println!("{line}");
                tests += Tally::read(&line);
                failures.read(&line);
            }
            let status = child.wait()?;
            if status.success() { Ok(()) } else { bail!("{} ended with {status}", shown(&command)) }
        });
        self.tests += tests;
        self.failures.extend(failures);
    }

    /// Does something that prints while it is done. The steps are then shown once more at the end, together.
    pub(crate) fn aloud<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        self.scattered = true;
        println!("\n{name}:");
        self.step(name, work)
    }

    /// Does something of our own, and returns what came of it if it went well.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let start = Instant::now();
        let result = work();
        self.done(name, start.elapsed(), result)
    }

    /// Notes something that was done elsewhere, and returns what came of it if it went well.
    pub(crate) fn done<T>(&mut self, name: &str, took: Duration, result: Result<T>) -> Option<T> {
        let line = Line { name: name.to_owned(), passed: result.is_ok(), took };
        println!("{line}");
        self.done.push(line);
        result.map_err(|error| println!("{error:#}\n")).ok()
    }

    /// Adds tests that were counted elsewhere to the closing line.
    pub(crate) fn count(&mut self, tests: Tally) {
        self.tests += tests;
    }

    /// Ends the command: the lines together, the tests counted, and an error when anything failed.
    pub(crate) fn finish(self) -> Result<()> {
        if self.scattered {
            println!("\nAll steps:");
            self.done.iter().for_each(|line| println!("{line}"));
        }
        print!("{}", self.failures);
        if self.tests != Tally::default() {
            println!("\n{}", self.tests);
        }
        let failed: Vec<_> = self.done.iter().filter(|line| !line.passed).map(|line| line.name.as_str()).collect();
        if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
    }
}

struct Line {
    name: String,
    passed: bool,
    took: Duration,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.passed { "ok" } else { "FAILED" };
        let took = match self.took.as_secs_f64() {
            seconds if seconds < 9.95 => format!("{seconds:.1} s"),
            seconds => format!("{seconds:.0} s"),
        };
        write!(f, "{end:6}  {:46}  {took:>7}", self.name)
    }
}

/// Tests as their runners counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// Reads the closing line of one test binary, `test result: ok. 3 passed; 0 failed; 1 ignored; …`; other lines count nothing.
    fn read(line: &str) -> Self {
        let Some(result) = line.strip_prefix("test result: ") else { return Self::default() };
        let number = |word: &str| {
            let before = result.split_once(word).map_or("", |(before, _)| before);
            before.rsplit([' ', ';']).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
        };
        Self { passed: number(" passed"), failed: number(" failed"), skipped: number(" ignored") }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_a_test_binary_is_counted_and_other_lines_are_not() {
        let check =
            |line, passed, failed, skipped| assert_eq!(Tally::read(line), Tally { passed, failed, skipped }, "{line}");
        check(
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            12,
            0,
            3,
        );
        check(
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
            7,
            2,
            0,
        );
        check("running 12 tests", 0, 0, 0);
        check("test a_message_that_says_3_passed ... ok", 0, 0, 0);
    }
}
