//! The SDKs that we are run against, each pinned, and how what they need is made from nothing.
//!
//! - Python: one environment for each list of packages. One more list, named below, is one more version tested.
//!   What comes as source is built with the packages of the list, too.
//! - JavaScript: one `npm ci` in `compat/javascript`, whose `package.json` names every version; packages stay in its
//!   `node_modules`, the one place where Node.js looks for them whoever starts a program.
//! - Go: one module in `compat/go`, which requires every version, built once for each.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::once::once;
use crate::process::succeed;
use crate::repository::Repository;

/// Those that take longest come first.
pub(super) const ENVIRONMENTS: [Environment; 5] = [
    Environment::Python {
        name: "python newest",
        pinned: "compat/python/requirements-newest.txt",
        program: "compat/python/run.py",
    },
    Environment::Python {
        name: "python mit",
        pinned: "compat/python/requirements-mit.txt",
        program: "compat/python/run.py",
    },
    Environment::JavaScript,
    Environment::Go,
    Environment::Python {
        name: "python twisted",
        pinned: "compat/python/requirements-twisted.txt",
        program: "compat/python/run_twisted.py",
    },
];

/// What some programs share.
pub(super) enum Environment {
    Python { name: &'static str, pinned: &'static str, program: &'static str },
    JavaScript,
    Go,
}

/// A program that only lacks a server.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) command: Command,
}

/// How the programs are called for each SDK, and what that is called here.
const JAVASCRIPT: [(&str, &str, &[&str]); 4] = [
    ("javascript restarts", "restart.mjs", &[]),
    ("javascript newest, event engine on", "run.mjs", &["pubnub-newest", "on"]),
    ("javascript newest, event engine off", "run.mjs", &["pubnub-newest", "off"]),
    ("javascript mit", "run.mjs", &["pubnub-mit"]),
];

/// The build tags of each SDK, and what that is called here.
const GO: [(&str, &str); 2] = [("go v7", "v7"), ("go v4", "v4")];

impl Environment {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Python { name, .. } => name,
            Self::JavaScript => "javascript",
            Self::Go => "go",
        }
    }

    /// Installs what the programs need, unless exactly that is installed already.
    pub(super) fn set_up(&self, repository: &Repository) -> Result<Vec<Program>> {
        match self {
            Self::Python { name, pinned, program } => {
                let place = repository.target.join("compat").join(name.replace(' ', "-"));
                let packages = repository.root.join(pinned);
                once(&place, &repository.read(pinned)?, || install_python(&place, &packages))?;
                let mut command = Command::new(place.join("bin/python"));
                // Compiled files would end up between the sources.
                command.arg(repository.root.join(program)).env("PYTHONDONTWRITEBYTECODE", "1");
                Ok(vec![Program { name, command }])
            }
            Self::JavaScript => {
                let folder = repository.root.join("compat/javascript");
                let pinned = repository.read("compat/javascript/package-lock.json")?;
                once(&folder.join("node_modules"), &pinned, || install_javascript(&folder))?;
                let program = |(name, file, arguments): (&'static str, &str, &[&str])| {
                    let mut command = Command::new("node");
                    command.arg(folder.join(file)).args(arguments);
                    Program { name, command }
                };
                Ok(JAVASCRIPT.map(program).into())
            }
            Self::Go => {
                let sources = repository.root.join("compat/go");
                let place = repository.target.join("compat/go");
                GO.into_iter()
                    .map(|(name, tags)| Ok(Program { name, command: build_go(&sources, &place, tags)? }))
                    .collect()
            }
        }
    }
}

fn install_python(place: &Path, packages: &Path) -> Result<()> {
    succeed(Command::new("python3").args(["-m", "venv"]).arg(place))
        .context("compat needs Python 3 with its venv module (Debian: apt-get install python3-venv)")?;
    let mut pip = Command::new(place.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--requirement"]).arg(packages);
    // What builds a package that comes as source is held to the list, too: the one name for pip until 25.2, the other since.
    pip.env("PIP_CONSTRAINT", packages).env("PIP_BUILD_CONSTRAINT", packages);
    succeed(&mut pip)
}

fn install_javascript(folder: &Path) -> Result<()> {
    // No script of a package runs: an SDK needs none, and an installed program should come from the package itself.
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    succeed(&mut npm).context("compat needs Node.js 18 or newer with npm (Debian: apt-get install nodejs npm)")
}

/// Builds the program for one SDK. Go itself knows what of it is up to date: modules, packages, program.
fn build_go(sources: &Path, place: &Path, tags: &str) -> Result<Command> {
    let program = place.join(tags);
    let mut build = Command::new("go");
    build.current_dir(sources).args(["build", "-tags", tags, "-o"]).arg(&program).arg(".");
    // What `go.sum` names, and no other toolchain than the one that is there; folders that can be removed again; no C.
    build.env("GOFLAGS", "-mod=readonly -modcacherw -trimpath").env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    build.env("GOWORK", "off").env("GOPATH", place.join("path")).env("GOCACHE", place.join("cache"));
    build.env_remove("GOMODCACHE").env_remove("GOOS").env_remove("GOARCH");
    succeed(&mut build).context("compat needs Go 1.18 or newer (Debian: apt-get install golang-go)")?;
    let mut command = Command::new(program);
    // It reads the known gaps beside its folder.
    command.current_dir(sources);
    Ok(command)
}
