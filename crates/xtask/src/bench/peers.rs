//! The peers that are measured beside us, each pinned, and how it is made from nothing.
//!
//! - Debian's packages are downloaded and unpacked, never installed: installing starts servers on their usual ports, and
//!   needs rights that this way does without.
//! - What is made is kept until its pinned list changes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::once::once;
use crate::process::succeed;
use crate::repository::Repository;

pub(super) const PEERS: [Peer; 4] = [Peer::Debian, Peer::Nats, Peer::Centrifuge, Peer::SocketIo];

/// Peers that come from one place.
pub(super) enum Peer {
    Debian,
    Nats,
    Centrifuge,
    SocketIo,
}

/// nginx with Nchan, Redis, mosquitto; what they need and the machine lacks comes with them.
const PACKAGES: [&str; 4] = ["nginx-light", "libnginx-mod-nchan", "redis-server", "mosquitto"];

/// Where Debian's nginx keeps temporary files by default. Nchan has it look there whatever the settings say, and it does not
/// start without.
const NGINX: &str = "/var/lib/nginx";

/// Newer than Debian's by years, so from its own source.
const NATS: &str = "github.com/nats-io/nats-server/v2@v2.15.2";

impl Peer {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Debian => "Nchan, Redis, mosquitto",
            Self::Nats => "NATS",
            Self::Centrifuge => "centrifuge",
            Self::SocketIo => "Socket.IO",
        }
    }

    /// Installs it below `installed`, unless exactly that is there already.
    pub(super) fn set_up(&self, repository: &Repository, installed: &Path) -> Result<()> {
        let peers = repository.root.join("peers");
        match self {
            Self::Debian => {
                let place = installed.join("debian");
                once(&place, &PACKAGES.join(" "), || unpack(&place))?;
                fs::create_dir_all(NGINX).with_context(|| format!("Nchan needs the empty folder {NGINX}, writable"))
            }
            Self::Nats => {
                let place = installed.join("nats");
                once(&place, NATS, || {
                    let mut install = Command::new("go");
                    install.args(["install", NATS]).env("GOBIN", &place);
                    succeed(&mut install).context(NEEDS_GO)
                })
            }
            Self::Centrifuge => {
                let place = installed.join("centrifuge");
                let pinned =
                    ["main.go", "go.mod", "go.sum"].map(|file| repository.read(&format!("peers/centrifuge/{file}")));
                let pinned = pinned.into_iter().collect::<Result<Vec<_>>>()?.concat();
                once(&place, &pinned, || {
                    let mut build = Command::new("go");
                    build
                        .current_dir(peers.join("centrifuge"))
                        .args(["build", "-o"])
                        .arg(place.join("centrifuge"))
                        .arg(".");
                    succeed(&mut build).context(NEEDS_GO)
                })
            }
            Self::SocketIo => {
                let place = installed.join("socketio");
                let files = ["package.json", "package-lock.json", "server.js"];
                let pinned = files.map(|file| repository.read(&format!("peers/socketio/{file}")));
                let pinned = pinned.into_iter().collect::<Result<Vec<_>>>()?;
                once(&place, &pinned.concat(), || {
                    for (file, text) in files.iter().zip(&pinned) {
                        fs::write(place.join(file), text)?;
                    }
                    let mut npm = Command::new("npm");
                    npm.current_dir(&place).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
                    succeed(&mut npm)
                        .context("bench needs Node.js 18 or newer with npm (Debian: apt-get install nodejs npm)")
                })
            }
        }
    }
}

const NEEDS_GO: &str = "bench needs Go 1.24 or newer (https://go.dev/dl)";

/// Downloads Debian's packages and what they need, and unpacks them into a folder.
fn unpack(place: &Path) -> Result<()> {
    let archives = place.join("archives");
    fs::create_dir_all(archives.join("partial"))?;
    let download = || {
        let mut apt_get = Command::new("apt-get");
        // Nothing of the system is changed, so there is nothing to lock.
        apt_get.args(["install", "--download-only", "--yes", "--no-install-recommends", "-o", "Debug::NoLocking=1"]);
        apt_get.arg("-o").arg(format!("Dir::Cache::Archives={}", archives.display())).args(PACKAGES);
        succeed(&mut apt_get)
    };
    if download().is_err() {
        // Lists that are missing or too old; whoever may not fetch new ones is told below what is missing.
        let _ = succeed(Command::new("apt-get").arg("update"));
        download()
            .context("bench needs Debian's packages (or one of its children), and root when its lists are old")?;
    }
    for entry in fs::read_dir(&archives)? {
        let package = entry?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            succeed(Command::new("dpkg").arg("-x").arg(package).arg(place))?;
        }
    }
    Ok(())
}
