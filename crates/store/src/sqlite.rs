//! The store in one SQLite file, for a server on one machine.
//!
//! - One thread writes ([`writer`]), and it alone commits. Concurrent calls share a commit. Another folds what it wrote into
//!   the database ([`log`]).
//! - Readers have connections of their own ([`readers`]). In WAL mode they see the last commit and never wait.
//! - `synchronous=FULL`: a commit is on the disk before anybody hears of it.
//! - Callers' text reaches SQL as bound values only.

mod access;
mod context;
mod custom_index;
mod functions;
mod groups;
mod keysets;
mod lists;
mod log;
mod memory;
mod migrations;
mod order_index;
mod readers;
mod tables;
mod text_order;
mod waits;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use self::writer::Figures;

use self::readers::Readers;
use self::writer::Writer;
use crate::directory::open_private;
use crate::{DataDirectory, Health, OpenError, Reply, StoreError};

const FILE: &str = "hereabouts.sqlite";

/// Of a new database. A commit logs whole pages, and changes of records are all over their indexes: half of SQLite's own
/// size is half of what goes to the disk, and still holds a record.
const PAGE_BYTES: u32 = 2048;

/// How long to wait for a foreign program (a backup, a curious operator's shell) that holds the database.
const FOREIGN_LOCK: Duration = Duration::from_secs(5);

/// How much of the database each connection keeps in memory, once it was read. The writer touches pages all over its
/// indexes, and looks through all that it keeps at each commit that splits a page; readers have to read anew what was written
/// in between.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;

/// How many statements a connection keeps prepared. Lists have a statement for each form of filter and order.
const STATEMENTS: usize = 64;

/// What an operator may want different. The defaults are right for nearly everybody.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The database file does not grow beyond this; changes that need more are refused as on a full disk.
    pub max_database_bytes: Option<u64>,
}

/// A store in a data directory, which it keeps possession of.
///
/// Dropping it writes what is queued, then closes the database; that blocks for as long as it takes.
#[derive(Debug)]
pub struct Sqlite {
    // In this order: the writer is the last to close the database, so that it can fold the log into it.
    readers: Readers,
    writer: Writer,
    events: context::Events,
    _directory: DataDirectory,
}

impl Sqlite {
    /// Opens the database of a data directory, creates it if it is not there, and brings older data up to date.
    /// Blocks; meant for the start of a server.
    ///
    /// # Errors
    /// [`OpenError::Newer`] if a newer version wrote it, [`OpenError::Damaged`] if it is no database of ours,
    /// [`OpenError::Unusable`] if the system refuses.
    pub fn open(directory: &DataDirectory, settings: &Settings) -> Result<Self, OpenError> {
        let path = directory.file(FILE);
        open_private(&path).map_err(|error| OpenError::unusable("open", &path, error))?;
        let cannot_open = |error| refused(&path, error);
        let mut db = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(cannot_open)?;
        let mode = prepare_for_writing(&db, settings).map_err(cannot_open)?;
        if mode != "wal" {
            let cause = "its file system lacks what SQLite needs, as network file systems do";
            return Err(OpenError::unusable("open the database", &path, io::Error::other(cause)));
        }
        migrations::run(&mut db, &path)?;
        text_order::renew(&mut db).map_err(cannot_open)?;
        // From here on somebody hears of commits.
        sync_fully(&db).map_err(cannot_open)?;
        let readers = Readers::open(&path).map_err(cannot_open)?;
        let writer = Writer::start(db, &path)?;
        Ok(Self { readers, writer, events: context::Events::default(), _directory: directory.clone() })
    }

    /// What the writer has done so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.writer.figures()
    }
}

impl Health for Sqlite {
    fn check(&self) -> Reply<'_, ()> {
        // The schema is read, so a file that is gone or damaged shows.
        let read = |db: &Connection| Ok(db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?);
        Box::pin(self.readers.read(read))
    }
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    // Every connection stays with one thread at a time, so SQLite need not lock for us.
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(FOREIGN_LOCK)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on bound values: without this, a statement with a bound LIMIT is prepared anew each time it runs.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    functions::register(&db)?;
    let writes = access.contains(OpenFlags::SQLITE_OPEN_READ_WRITE);
    // Negative means KiB and not pages.
    db.pragma_update(None, "cache_size", -(if writes { WRITER_CACHE_KIB } else { READER_CACHE_KIB }))?;
    Ok(db)
}

/// Answers the journal mode that SQLite settled on.
fn prepare_for_writing(db: &Connection, settings: &Settings) -> rusqlite::Result<String> {
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    // Nothing is lost with what is brought up to date here: after a crash it is brought up to date again. In WAL mode the
    // database stays whole without a sync at each commit.
    db.pragma_update(None, "synchronous", "normal")?;
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 {
        // A new database has nothing to go back to, so that its first page needs no journal on the disk.
        db.pragma_update_and_check(None, "journal_mode", "memory", |_| Ok(()))?;
    }
    let mode = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    leave_log(db)?;
    db.pragma_update(None, "foreign_keys", true)?;
    if let Some(bytes) = settings.max_database_bytes {
        let page_bytes: u64 = db.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?.unsigned_abs();
        // 0 would mean "as it is"; SQLite itself keeps the bound above what is already used.
        let pages = (bytes / page_bytes.max(1)).clamp(1, u64::from(u32::MAX));
        db.pragma_update(None, "max_page_count", i64::try_from(pages).unwrap_or(i64::MAX))?;
    }
    Ok(mode)
}

fn sync_fully(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "synchronous", "full")?;
    // Where a plain sync stops at the disk's own cache (macOS), ask for the one that does not.
    db.pragma_update(None, "fullfsync", true)?;
    leave_log(db)
}

/// We fold the log in ourselves: SQLite's own habit (every 1,000 pages, within a commit) halves the rate.
fn leave_log(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "wal_autocheckpoint", 0)
}

/// Why SQLite cannot be opened, for the operator.
fn refused(path: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Damaged { path: path.to_owned(), cause: error.to_string() }
        }
        _ => OpenError::Unusable { action: "open the database", path: path.to_owned(), cause: Arc::new(error) },
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Failed(Arc::new(error)),
        }
    }
}
