//! A PostgreSQL of our own, for tests and benches.
//!
//! - It has a data directory and a port of its own, and no socket in the file system, so it meets no other PostgreSQL.
//! - It runs as an ordinary user, since PostgreSQL refuses to run as root.
//! - It ends with the process that started it, however that ends: its keeper waits for the end of a pipe, stops the
//!   server by its id, and removes the data.
//! - Only the standard library is used, so that a crate which cannot know `testkit` may take this file as a module.

use std::fs;
use std::io::{self, ErrorKind, Write};
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

/// How long a start may take on a machine that is busy with other tests: after a crash every file is synced first.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts the server, then waits until nobody holds the other end of standard input; `$1` is the data directory, the
/// rest is the command. Nobody needs the data any more, so the server is told to end at once: a shutdown in order that comes
/// while it recovers may never end. It is told again until it has ended: what a shell starts in the background ignores the
/// signal until it has said otherwise, and one that came before that would be waited for in vain. Told to `leave`, it leaves
/// the data to the next one.
const KEEPER: &str = r#"directory=$1; shift
"$@" >"$directory.log" 2>&1 </dev/null &
server=$!
echo "$server" >"$directory.id"
read -r word
while kill -QUIT "$server" 2>/dev/null; do sleep 0.05; done
[ "$word" = leave ] || rm -rf "$directory" "$directory.log" "$directory.id" "$directory.small""#;

/// Mounts a file system of `$1` bytes beside the data directory `$2`, makes that with `$3` (`initdb`), and runs the rest. It
/// takes the rights of root to mount, which PostgreSQL refuses: so there is one name space inside another.
const ON_SMALL_DISK: &str = r#"mkdir "$2.small" && mount -t tmpfs -o "size=$1,mode=0700" small "$2.small" && shift \
  && exec unshare --user --map-user=1000 --map-group=1000 sh -c \
     '"$2" --pgdata "$1" --username=postgres --auth=trust --encoding=UTF8 --no-sync && shift 2 && exec "$@"' sh "$@""#;

/// A running PostgreSQL with one user, `postgres`, who needs no password.
#[derive(Debug)]
pub struct Postgres {
    /// None while it is started again.
    keeper: Option<Child>,
    programs: PathBuf,
    data: PathBuf,
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
        match start(&programs, None) {
            Ok(postgres) => Some(postgres),
            Err(error) => panic!("PostgreSQL does not start: {error}"),
        }
    }

    /// Starts one that sees a file system of `size` bytes, for table spaces, at [`Postgres::small_disk`]. `None` where there is
    /// no PostgreSQL, or the machine does not let us mount, which is then said.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_on_small_disk(size: &str) -> Option<Self> {
        let allowed =
            Command::new("unshare").args(["--map-root-user", "--mount", "unshare", "--user", "true"]).output();
        if !allowed.is_ok_and(|output| output.status.success()) {
            eprintln!("not shown: this machine does not let us mount a file system of our own");
            return None;
        }
        match start(&programs()?, Some(size)) {
            Ok(postgres) => Some(postgres),
            Err(error) => panic!("PostgreSQL does not start: {error}"),
        }
    }

    /// `kill -9` of its first process; the others end when they notice.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&self) {
        let killed = run(Command::new("sh").args(["-c", "kill -9 \"$0\"", &self.id()]));
        killed.unwrap_or_else(|error| panic!("it cannot be killed: {error}"));
    }

    /// `kill -9` of a process that serves a connection, the `nth` of them, if there are any, until PostgreSQL has noticed. It then
    /// ends the others, since shared memory may be damaged, and recovers by itself.
    pub fn kill_backend(&self, nth: usize) {
        let id = self.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let serves = |child: &&str| {
            let line = fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
            line.starts_with("postgres: postgres ")
        };
        let children: Vec<&str> = children.split_whitespace().filter(serves).collect();
        if let Some(nth) = nth.checked_rem(children.len()) {
            // It may have ended meanwhile.
            let _ = run(Command::new("sh").args(["-c", "kill -9 \"$0\"", children[nth]]));
            let until = Instant::now() + PATIENCE;
            // Once it is taken note of, nobody is let in before all is recovered.
            while Path::new("/proc").join(children[nth]).exists() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Starts it again, on its data and its port, after [`Postgres::kill`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        let until = Instant::now() + PATIENCE;
        // While a process of the killed one is still there, the new one refuses to start.
        while Instant::now() < until {
            self.leave();
            let _ = fs::remove_file(self.data.join("postmaster.pid"));
            if self.launch(None).unwrap_or(false) {
                return;
            }
        }
        panic!("PostgreSQL does not start again: {}", self.log());
    }

    /// Ends the keeper of a server that has ended.
    fn leave(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // One that is gone cannot be told.
            let _ = keeper.stdin.take().map(|mut stdin| stdin.write_all(b"leave\n"));
            let _ = keeper.wait();
        }
    }

    /// The small file system, as it names it, and the way there for everybody else.
    pub fn small_disk(&self) -> (PathBuf, PathBuf) {
        let named = self.beside("small");
        let root = Path::new("/proc").join(self.id()).join("root");
        let way = root.join(named.strip_prefix("/").unwrap_or(&named));
        (named, way)
    }

    /// Hands it a file below its data, readable by it alone.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn give(&self, name: &str, content: &str) -> PathBuf {
        let path = self.data.join(name);
        let given = User::find().and_then(|user| {
            fs::write(&path, content)?;
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            user.own(&path)
        });
        given.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
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
        self.keeper.as_ref().map_or(0, Child::id)
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
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
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

fn start(programs: &Path, small_disk: Option<&str>) -> io::Result<Postgres> {
    let data = match small_disk {
        None => {
            let user = User::find()?;
            let data = new_directory()?;
            user.own(&data)?;
            let mut make = user.command(&programs.join("initdb"));
            make.arg("--pgdata").arg(&data).args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
            ]);
            run(&mut make)?;
            data
        }
        Some(_) => new_directory()?,
    };
    let databases = AtomicU32::new(0);
    let mut postgres = Postgres { keeper: None, programs: programs.to_owned(), data, port: 0, databases };
    for _ in 0..5 {
        // Somebody else may take the port between this line and the next; then it is tried with another one.
        postgres.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if postgres.launch(small_disk)? {
            return Ok(postgres);
        }
        postgres.leave();
    }
    Err(io::Error::other("no port was free for it"))
}

impl Postgres {
    /// Starts the server, and tells whether it came up; it does not when its port was taken.
    fn launch(&mut self, small_disk: Option<&str>) -> io::Result<bool> {
        let server = self.programs.join("postgres");
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&self.data);
        match small_disk {
            Some(size) => {
                keeper.args(["unshare", "--map-root-user", "--mount", "sh", "-c", ON_SMALL_DISK, "small", size]);
                keeper.arg(&self.data).arg(self.programs.join("initdb")).arg(&server);
            }
            None => _ = keeper.args(User::find()?.words(&server)),
        }
        keeper.arg("-D").arg(&self.data);
        keeper.args([
            "-p",
            &self.port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ]);
        keeper.args(["-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"]);
        let _ = fs::remove_file(self.beside("id"));
        let keeper = keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        self.keeper = Some(keeper);
        self.is_ready()
    }

    fn is_ready(&mut self) -> io::Result<bool> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
            let Ok(id) = fs::read_to_string(self.beside("id")) else { continue };
            // The last line of this file is the state of the server, since version 10.
            let state = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(true);
            }
            if id.is_empty() || is_alive(id.trim()) {
                continue;
            }
            let log = self.log();
            return if log.contains("Address already in use") { Ok(false) } else { Err(io::Error::other(log)) };
        }
        Err(io::Error::new(ErrorKind::TimedOut, "it was not ready in time"))
    }

    /// The id of its first process, as long as there was one.
    fn id(&self) -> String {
        fs::read_to_string(self.beside("id")).unwrap_or_default().trim().to_owned()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.beside("log")).unwrap_or_default()
    }

    /// A file of its keeper.
    fn beside(&self, extension: &str) -> PathBuf {
        self.data.with_extension(extension)
    }
}

/// Whether a process has not ended. Its keeper waits for one that has only later.
fn is_alive(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name before the state is in brackets, and may have some itself.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
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

    /// Makes a file or directory theirs.
    fn own(&self, path: &Path) -> io::Result<()> {
        match self.other {
            Some((_, user, group)) => std::os::unix::fs::chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }
}

/// A directory that was not there yet.
fn new_directory() -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("hereabouts-postgres-{}-{number}", std::process::id()));
    fs::create_dir(&directory)?;
    Ok(directory)
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
