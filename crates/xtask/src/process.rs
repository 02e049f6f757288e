//! Programs that we start: one that is run to its end, and one whose lines are read while it runs.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::iter;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Runs a program to its end and returns what it printed, both streams in the order in which they came.
pub(crate) fn captured(command: &mut Command) -> Result<(ExitStatus, String)> {
    let (mut reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = spawn(command)?;
    // The command still holds the writing ends; while it does, the reader never sees the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut output = Vec::new();
    reader.read_to_end(&mut output)?;
    Ok((child.wait()?, String::from_utf8_lossy(&output).trim_end().to_owned()))
}

/// Runs a program to its end, and fails with what it printed when it failed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let (status, output) = captured(command)?;
    if status.success() { Ok(()) } else { bail!("{output}\n{} ended with {status}", shown(command)) }
}

/// A program at work. It does not outlive this value.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Starts a program; what it prints on standard error goes to the file `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = spawn(command)?;
        let stdout = child.stdout.take().context("its standard output is not ours")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            // Ends with the program, or when nobody is left to read.
            BufReader::new(stdout).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        Ok(Self { child, lines })
    }

    /// The next line that it prints on standard output; `None` when it has closed it.
    pub(crate) fn next_line(&self, until: Instant) -> Result<Option<String>> {
        match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => bail!("it said nothing more until its time was over"),
        }
    }

    /// Asks it to end, as an operator would.
    pub(crate) fn terminate(&self) -> Result<()> {
        // Through a shell, whose own `kill` is there even where no program of that name is installed.
        succeed(Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]))
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self, until: Instant) -> Result<ExitStatus> {
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("it had not ended when its time was over")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a program that has ended, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    command.spawn().with_context(|| format!("starting {}", shown(command)))
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_prints_is_kept_in_order_and_its_end_is_told() {
        let (status, output) = captured(&mut shell("echo one; echo two >&2; echo three; exit 3")).unwrap();
        assert_eq!((status.code(), output.as_str()), (Some(3), "one\ntwo\nthree"));
    }

    #[test]
    fn a_running_program_is_read_line_by_line_and_ends_when_it_is_asked_to() {
        let soon = Instant::now() + Duration::from_secs(10);
        let mut script = shell("trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done");
        let running = Running::start(&mut script, Path::new("/dev/null")).unwrap();
        assert_eq!(running.next_line(soon).unwrap().as_deref(), Some("ready"));
        running.terminate().unwrap();
        assert_eq!(running.next_line(soon).unwrap(), None);
        assert_eq!(running.ended(soon).unwrap().code(), Some(4));
    }

    #[test]
    fn a_program_that_says_nothing_is_not_waited_for_beyond_its_time() {
        let running = Running::start(&mut shell("exec sleep 60"), Path::new("/dev/null")).unwrap();
        let error = running.next_line(Instant::now() + Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.to_string(), "it said nothing more until its time was over");
    }
}
