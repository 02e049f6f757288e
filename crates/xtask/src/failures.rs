//! What failed tests said, kept for the end of a command: who sees the last page of a long output sees why it failed.

use std::fmt;

/// Lines that are kept of one test: what it complains of comes first, and where it was called from after it.
const LINES: usize = 20;

/// Read from the lines of libtest, which tells each failed test between `---- NAME stdout ----` and the next such line or
/// `failures:`.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    tests: Vec<Failure>,
    /// Whether lines belong to the last one.
    open: bool,
}

#[derive(Debug)]
struct Failure {
    name: String,
    said: Vec<String>,
}

impl Failures {
    pub(crate) fn read(&mut self, line: &str) {
        let name = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        if let Some(name) = name {
            self.tests.push(Failure { name: name.to_owned(), said: Vec::new() });
            self.open = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            self.open = false;
        } else if let Some(test) = self.tests.last_mut()
            && self.open
            && test.said.len() < LINES
            && !line.is_empty()
        {
            test.said.push(line.to_owned());
        }
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.tests.extend(more.tests);
    }
}

/// Nothing when nothing failed.
impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for test in &self.tests {
            writeln!(f, "\nfailed test {}:", test.name)?;
            test.said.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Failures {
        let mut failures = Failures::default();
        text.lines().for_each(|line| failures.read(line));
        failures
    }

    #[test]
    fn failed_tests_are_told_with_what_they_said_and_nothing_else_is() {
        let failures = read(concat!(
            "running 3 tests\ntest rooms::open ... ok\ntest rooms::shut ... FAILED\ntest doors ... FAILED\n\n",
            "failures:\n\n---- rooms::shut stdout ----\n\nthread 'rooms::shut' panicked at src/rooms.rs:1:2:\nit is open\n\n",
            "---- doors stdout ----\nError: \"no door\"\n\n\nfailures:\n    doors\n    rooms::shut\n\n",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n",
            "running 1 test\ntest windows ... ok\n",
        ));
        let told = concat!(
            "\nfailed test rooms::shut:\n  thread 'rooms::shut' panicked at src/rooms.rs:1:2:\n  it is open\n",
            "\nfailed test doors:\n  Error: \"no door\"\n",
        );
        assert_eq!(failures.to_string(), told);
    }

    #[test]
    fn a_test_that_says_much_is_cut_and_one_that_is_well_says_nothing() {
        let much = format!("---- much stdout ----\n{}failures:\nmore\n", "again\n".repeat(LINES + 5));
        assert_eq!(read(&much).tests[0].said.len(), LINES);
        assert_eq!(read("test well ... ok\ntest result: ok. 1 passed\n").to_string(), "");
    }
}
