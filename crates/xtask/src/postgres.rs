//! PostgreSQL, for the tests that run on it as well: installed when that can be done, said in a sentence when not.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{captured, succeed};

/// Tells tests that a missing PostgreSQL is a failure.
pub(crate) const REQUIRED: (&str, &str) = ("HEREABOUTS_REQUIRE_POSTGRES", "1");

/// Where Debian puts the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Debian makes and starts a database with the package, unless this says not to. The tests make their own.
const CREATE_CLUSTER: &str = "/etc/postgresql-common/createcluster.conf";

/// Makes sure that the programs of PostgreSQL are there.
pub(crate) fn set_up() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    let (_, user) = captured(Command::new("id").arg("-u"))?;
    ensure!(
        user == "0" && Path::new("/usr/bin/apt-get").exists(),
        "PostgreSQL is missing: install it (on Debian and its children: apt-get install postgresql)"
    );
    println!("installing PostgreSQL with apt-get");
    keep_from_starting()?;
    let install = || succeed(apt_get().args(["install", "--yes", "--no-install-recommends", "postgresql"]));
    if install().is_err() {
        succeed(apt_get().arg("update"))?;
        install()?;
    }
    ensure!(is_there(), "apt-get installed PostgreSQL, but {DEBIAN} has no `postgres`");
    Ok(())
}

fn is_there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian =
        fs::read_dir(DEBIAN).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path().join("bin"));
    std::env::split_paths(&path).chain(debian).any(|bin| bin.join("postgres").is_file() && bin.join("initdb").is_file())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn keep_from_starting() -> Result<()> {
    let file = Path::new(CREATE_CLUSTER);
    fs::create_dir_all(file.parent().context("it has a parent")?)?;
    match fs::OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut new) => std::io::Write::write_all(&mut new, b"create_main_cluster = false\n").map_err(Into::into),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).with_context(|| format!("writing {}", file.display())),
    }
}
