//! A PostgreSQL of our own, for tests and benches.
//!
//! - It has a data directory and a port of its own, and no socket in the file system, so it meets no other PostgreSQL.
//! - It runs as an ordinary user, since PostgreSQL refuses to run as root.
//! - It ends with the process that started it, however that ends: its keeper waits for the end of a pipe, stops the
//!   server by its id, and removes the data.
//! - Only the standard library is used, so that a crate which cannot know `testkit` may take this file as a module.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Set by `cargo xtask test`: a missing PostgreSQL is then a failure, and not a test left out.
const REQUIRED: &str = "HEREABOUTS_REQUIRE_POSTGRES";

/// Where Debian and its children put the programs, which they keep out of `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// How long a first start may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts the server, then waits until nobody holds the other end of standard input; `$1` is the data directory, the
/// rest is the command. The shell's own `kill` and `wait` know no process but this one.
const KEEPER: &str = r#"directory=$1; shift
"$@" >"$directory.log" 2>&1 </dev/null &
server=$!
read -r _
kill -INT "$server"; wait "$server"
rm -rf "$directory" "$directory.log""#;

/// A running PostgreSQL with one user, `postgres`, who needs no password.
#[derive(Debug)]
pub struct Postgres {
    keeper: Child,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts one, or says in one line on standard error that there is none and answers `None`.
    ///
    /// # Panics
    /// When it is there and does not start, or when it is not there and `HEREABOUTS_REQUIRE_POSTGRES` is set.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let sentence = "not shown on PostgreSQL: it is not installed (Debian package `postgresql`)";
            assert!(std::env::var_os(REQUIRED).is_none(), "{sentence}");
            eprintln!("{sentence}");
            return None;
        };
        match start(&programs) {
            Ok(postgres) => Some(postgres),
            Err(error) => panic!("PostgreSQL does not start: {error}"),
        }
    }

    /// The address of a new, empty database.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The process that keeps it: the server and its sessions are below.
    #[must_use]
    pub fn keeper_id(&self) -> u32 {
        self.keeper.id()
    }

    /// Runs a statement as an operator would, with `psql`, outside of any test's database.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub fn sql(&self, statement: &str) -> String {
        let address = self.url("postgres");
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement, &address]);
        match run(&mut psql) {
            Ok(output) => output,
            Err(error) => panic!("{statement}: {error}"),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The directory of `postgres`, `initdb` and `psql`: of those in `PATH`, else the newest that Debian has.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<PathBuf> = fs::read_dir(DEBIAN)
        .map(|versions| versions.filter_map(Result::ok).map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    debian.sort_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let whole = |bin: &PathBuf| ["postgres", "initdb", "psql"].iter().all(|program| bin.join(program).is_file());
    std::env::split_paths(&path).chain(debian).find(whole)
}

fn start(programs: &Path) -> io::Result<Postgres> {
    let user = User::find()?;
    let data = user.new_directory()?;
    let initdb = programs.join("initdb");
    let mut make = user.command(&initdb);
    make.arg("--pgdata").arg(&data).args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
    run(&mut make)?;
    for _ in 0..5 {
        // Somebody else may take the port between this line and the next; then it is tried with another one.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let server = programs.join("postgres");
        let command = user.words(&server);
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&data).args(command).arg("-D").arg(&data);
        keeper.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        keeper.args(["-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"]);
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut postgres = Postgres { keeper, programs: programs.to_owned(), port, databases: AtomicU32::new(0) };
        if postgres.is_ready(&data)? {
            return Ok(postgres);
        }
    }
    Err(io::Error::other("no port was free for it"))
}

impl Postgres {
    /// Whether it came up; `false` when its port was taken.
    fn is_ready(&mut self, data: &Path) -> io::Result<bool> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            // The last line of this file is the state of the server, since version 10.
            let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(true);
            }
            let mut log = data.as_os_str().to_owned();
            log.push(".log");
            let log = fs::read_to_string(log).unwrap_or_default();
            if log.contains("Address already in use") {
                return Ok(false);
            }
            if log.contains("FATAL") {
                return Err(io::Error::other(log));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::new(ErrorKind::TimedOut, "it was not ready in time"))
    }
}

/// Who runs it: we ourselves or, when we are root, the user that Debian made for it, or else nobody.
struct User {
    /// The name and the ids of another user.
    other: Option<(&'static str, u32, u32)>,
}

impl User {
    fn find() -> io::Result<Self> {
        let id = |words: &[&str]| run(Command::new("id").args(words)).map(|text| text.trim().parse::<u32>().ok());
        if id(&["-u"])? != Some(0) {
            return Ok(Self { other: None });
        }
        for name in ["postgres", "nobody"] {
            if let (Ok(Some(user)), Ok(Some(group))) = (id(&["-u", name]), id(&["-g", name])) {
                return Ok(Self { other: Some((name, user, group)) });
            }
        }
        Err(io::Error::other("it refuses to run as root, and this machine has neither a user `postgres` nor `nobody`"))
    }

    /// A program with what has to stand before it.
    fn words(&self, program: &Path) -> Vec<std::ffi::OsString> {
        let mut words = Vec::new();
        if let Some((name, ..)) = self.other {
            let change = [format!("--reuid={name}"), format!("--regid={name}"), "--clear-groups".to_owned()];
            words.extend(std::iter::once("setpriv".to_owned()).chain(change).map(Into::into));
        }
        words.push(program.into());
        words
    }

    fn command(&self, program: &Path) -> Command {
        let words = self.words(program);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// A directory that is not there yet, inside one that is, and that this user may fill.
    fn new_directory(&self) -> io::Result<PathBuf> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hereabouts-postgres-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory)?;
        #[cfg(unix)]
        if let Some((_, user, group)) = self.other {
            std::os::unix::fs::chown(&directory, Some(user), Some(group))?;
        }
        Ok(directory)
    }
}

/// Runs a program to its end.
fn run(command: &mut Command) -> io::Result<String> {
    // The directory we are in may be closed to the user who runs it.
    let output = command.current_dir("/").stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
