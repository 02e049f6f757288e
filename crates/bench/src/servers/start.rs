//! Starting a server, and ending it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::Kind;
use crate::page::first_line;
use crate::process::{Cores, Process};

/// How long a server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Our program.
    pub(crate) server: PathBuf,
    /// The settings and programs of the peers, as they are in the repository.
    pub(crate) peers: PathBuf,
    /// What was installed and built of them.
    pub(crate) installed: PathBuf,
    pub(crate) cores: Option<Cores>,
}

/// Settings of our server beside its defaults: variables of its environment.
pub(crate) type Settings<'s> = &'s [(&'s str, &'s str)];

/// A server at work. It does not outlive this value.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From its start until it took connections.
    pub(crate) took: Duration,
    /// What goes with it.
    data: Option<TempDir>,
}

impl Running {
    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    /// Asks it to end, as an operator would, and waits for that.
    pub(crate) fn stop(self) -> Result<()> {
        self.end(Signal::TERM)
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn crash(self) -> Result<()> {
        self.end(Signal::KILL)
    }

    fn end(mut self, signal: Signal) -> Result<()> {
        let id = Pid::from_child(&self.child);
        kill_process(id, signal)?;
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            ensure!(Instant::now() < until, "process {id:?} did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Place {
    /// Starts a server with data of its own, which go with it.
    pub(crate) fn start(&self, kind: Kind, settings: Settings<'_>) -> Result<Running> {
        let data = TempDir::new_in(&self.installed)?;
        let mut running = self.start_on(kind, settings, data.path())?;
        running.data = Some(data);
        Ok(running)
    }

    /// Starts a server on a folder that may have data.
    pub(crate) fn start_on(&self, kind: Kind, settings: Settings<'_>, data: &Path) -> Result<Running> {
        let port = free_port()?;
        let mut command = self.command(kind, data, port)?;
        command.envs(settings.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(fs::File::create(data.join("stderr.log"))?);
        let begun = Instant::now();
        let mut child = command.spawn().with_context(|| format!("starting {}", kind.name()))?;
        let address = address(kind, &mut child, port)
            .with_context(|| format!("{}: {}", kind.name(), said(&data.join("stderr.log"))));
        let address = address.inspect_err(|_| {
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Running { child, address, took: begun.elapsed(), data: None })
    }

    /// The program of a server, for its size.
    pub(crate) fn program(&self, kind: Kind) -> Result<PathBuf> {
        let debian = |path: &str| {
            let unpacked = self.installed.join("debian").join(path);
            if unpacked.exists() { unpacked } else { Path::new("/").join(path) }
        };
        let program = match kind {
            Kind::Ours | Kind::Framework => self.server.clone(),
            Kind::Raw | Kind::Constant => std::env::current_exe()?,
            Kind::Nchan => debian("usr/sbin/nginx"),
            Kind::Redis => debian("usr/bin/redis-server"),
            Kind::Mosquitto => debian("usr/sbin/mosquitto"),
            Kind::Nats => self.installed.join("nats/nats-server"),
            Kind::Centrifuge => self.installed.join("centrifuge/centrifuge"),
            Kind::SocketIo => self.installed.join("socketio/server.js"),
        };
        ensure!(program.exists(), "{} is not there: `cargo xtask bench` makes it", program.display());
        Ok(program)
    }

    /// What a server says of its version, or what it was built from.
    pub(crate) fn version(&self, kind: Kind) -> Result<String> {
        let ask = |flag: &str| -> Result<String> {
            let mut command = Command::new(self.program(kind)?);
            Ok(first_line(command.arg(flag).env("LD_LIBRARY_PATH", self.libraries()?)))
        };
        let pinned = |file: &str, what: &str| -> Result<String> {
            let text = fs::read_to_string(self.peers.join(file))?;
            let line = text.lines().find(|line| line.contains(what)).unwrap_or_default();
            Ok(line.trim().trim_start_matches("require ").replace('"', ""))
        };
        match kind {
            Kind::Ours | Kind::Framework | Kind::Redis | Kind::Nats => ask("--version"),
            Kind::Raw => Ok("ours, mio and httparse".to_owned()),
            Kind::Constant => Ok("axum, as the server has it".to_owned()),
            Kind::Nchan => ask("-v").map(|version| format!("libnginx-mod-nchan, {version}")),
            Kind::Mosquitto => ask("-h"),
            Kind::Centrifuge => pinned("centrifuge/go.mod", "centrifugal/centrifuge v"),
            Kind::SocketIo => pinned("socketio/package.json", "\"socket.io\""),
        }
    }

    /// How a server is started, as a person would type it.
    pub(crate) fn shown(&self, kind: Kind) -> Result<String> {
        let data = TempDir::new_in(&self.installed)?;
        let command = self.command(kind, data.path(), 0)?;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let short = |word: &OsStr| {
            let path = Path::new(word);
            let name = if path.is_absolute() { path.file_name().unwrap_or(word) } else { word };
            name.to_string_lossy().into_owned()
        };
        Ok(words.map(short).collect::<Vec<_>>().join(" "))
    }

    fn command(&self, kind: Kind, data: &Path, port: u16) -> Result<Command> {
        let program = self.program(kind)?;
        let mut words: Vec<String> = Vec::new();
        if let Some(cores) = self.cores {
            words.extend(["taskset".to_owned(), "--cpu-list".to_owned(), cores.server.to_string()]);
        }
        if kind == Kind::SocketIo {
            words.push("node".to_owned());
        }
        words.push(text(&program)?);
        let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
        match kind {
            Kind::Ours | Kind::Framework => add(&["serve", "--listen", "127.0.0.1:0", "--data", &text(data)?]),
            Kind::Raw => add(&["raw", "127.0.0.1:0"]),
            Kind::Constant => add(&["constant", "127.0.0.1:0"]),
            Kind::Nchan => add(&["-p", &text(data)?, "-c", &self.settings("nginx.conf", data, port)?]),
            Kind::Redis => add(&[&self.settings("redis.conf", data, port)?]),
            Kind::Mosquitto => add(&["-c", &self.settings("mosquitto.conf", data, port)?]),
            Kind::Nats => add(&["-c", &self.settings("nats.conf", data, port)?]),
            Kind::Centrifuge | Kind::SocketIo => add(&["127.0.0.1:0"]),
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        match kind {
            Kind::Ours | Kind::Framework => {
                command.env("HEREABOUTS_LOG__LEVEL", "error");
                command.env("HEREABOUTS_EDGE__LEAN", if kind == Kind::Ours { "true" } else { "false" });
            }
            Kind::Nchan | Kind::Redis | Kind::Mosquitto => {
                command.env("LD_LIBRARY_PATH", self.libraries()?);
            }
            _ => {}
        }
        Ok(command)
    }

    /// Writes a peer's settings with its port and its folders filled in.
    fn settings(&self, file: &str, data: &Path, port: u16) -> Result<String> {
        let template = self.peers.join(file);
        let modules = self.program(Kind::Nchan)?.with_file_name("../lib/nginx/modules");
        let filled = fs::read_to_string(&template)
            .with_context(|| format!("reading {}", template.display()))?
            .replace("@PORT@", &port.to_string())
            .replace("@DATA@", &text(data)?)
            .replace("@MODULES@", &text(&modules)?);
        let file = data.join(file);
        fs::write(&file, filled)?;
        text(&file)
    }

    /// Folders of libraries that were unpacked beside the programs.
    fn libraries(&self) -> Result<String> {
        let mut folders = Vec::new();
        for lib in ["usr/lib", "lib"] {
            for entry in fs::read_dir(self.installed.join("debian").join(lib)).into_iter().flatten() {
                folders.push(text(&entry?.path())?);
            }
        }
        Ok(folders.join(":"))
    }
}

/// Where it listens: as it says itself, or on the port that it was given.
fn address(kind: Kind, child: &mut Child, port: u16) -> Result<SocketAddr> {
    if !matches!(kind, Kind::Nchan | Kind::Redis | Kind::Mosquitto | Kind::Nats) {
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
        let said = line.trim().trim_start_matches("listening on ").trim_start_matches("http://");
        return said.parse().with_context(|| format!("an unexpected first line: {line:?}"));
    }
    let (address, until) = (SocketAddr::from(([127, 0, 0, 1], port)), Instant::now() + PATIENCE);
    while TcpStream::connect(address).is_err() {
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status}");
        }
        ensure!(Instant::now() < until, "nobody listens on {address}");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(address)
}

/// A port that nobody has. Somebody might take it before the server does; then the server says so and ends.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn said(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default().trim().to_owned()
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a path that is not text")?.to_owned())
}
