//! Every call as a command: what it prints for people and for programs, and how it ends.

mod connection;
mod context;
mod copy;
mod groups;
mod pages;
mod presence;
mod pubsub;
mod subscribe;
mod token;

use std::process::Stdio;

use serde_json::Value;
use testkit::{GUARDED, Keys, OPEN, TestServer, soon};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::program::command;

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The lines of standard output of a command that succeeded.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<&str> {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out.lines().collect()
    }

    /// The only document of a command that succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let lines = self.lines();
        assert_eq!(lines.len(), 1, "one document: {}", self.out);
        serde_json::from_str(lines[0]).unwrap()
    }

    /// The command ended with this code, and said one sentence that holds all of the words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        let Self { code: found, out, err } = self;
        assert_eq!((*found, out.as_str()), (code, ""), "{err}");
        assert!(err.starts_with("hereabouts: ") && err.lines().count() == 1, "not one sentence: {err}");
        for word in words {
            assert!(err.contains(word), "{word} is not in: {err}");
        }
    }
}

/// A command line as a shell takes it, for arguments without blanks; `'…'` holds some together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
}

/// A command that asks a key set of a server.
pub(crate) fn asking(server: &TestServer, keys: Keys) -> Command {
    let mut command = command(&[]);
    command.env("HEREABOUTS_ORIGIN", format!("http://{}", server.address()));
    command.env("HEREABOUTS_SUBSCRIBE_KEY", keys.subscribe).env("HEREABOUTS_PUBLISH_KEY", keys.publish);
    command.env("HEREABOUTS_USER", "ann");
    command
}

/// Runs a command to its end.
pub(crate) async fn said(mut command: Command) -> Said {
    let output = soon("the command ends", command.output()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Asks the open key set.
pub(crate) async fn ask(server: &TestServer, line: &str) -> Said {
    let mut command = asking(server, OPEN);
    command.args(words(line));
    said(command).await
}

/// Asks the guarded key set, with more of an environment.
pub(crate) async fn ask_guarded<const N: usize>(server: &TestServer, more: [(&str, &str); N], line: &str) -> Said {
    let mut command = asking(server, GUARDED);
    command.envs(more).args(words(line));
    said(command).await
}

/// Asks the open key set, and gives it something to read.
pub(crate) async fn ask_with(server: &TestServer, line: &str, input: &str) -> Said {
    let mut command = asking(server, OPEN);
    let mut child = command.args(words(line)).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = soon("the command ends", child.wait_with_output()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}
