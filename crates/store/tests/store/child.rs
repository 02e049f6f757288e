//! Tests that need a process of their own: to kill it, or to take its disk away.
//!
//! Such a test starts itself once more as a child, and finds in the environment which of the two it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DIRECTORY: &str = "HEREABOUTS_TEST_CHILD_DIRECTORY";

/// The directory to work in, if this process is the child.
pub(crate) fn directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

/// Starts a test (`module::name`) as a child that works in a directory. `wrapper` is a command that ends by running
/// its further arguments.
pub(crate) fn command(wrapper: &[&str], test: &str, directory: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words = wrapper.iter().map(AsRef::as_ref).chain([this.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args([test, "--exact", "--nocapture"]).env(DIRECTORY, directory).stdin(Stdio::null());
    command
}

/// Runs a child to its end, and checks that it ran its test and that the test passed.
pub(crate) fn run(wrapper: &[&str], test: &str, directory: &Path) {
    let output = command(wrapper, test, directory).output().unwrap();
    let (told, erred) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "the child failed\n{told}\n{erred}");
}
