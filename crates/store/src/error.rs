//! What can go wrong, sorted by when it happens and who acts on it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the server cannot start with the data it was pointed at. The operator acts: each sentence says what, where and
/// what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the data directory.
    #[error(
        "the data directory {} is used by another running server: stop that one, or give this one another data directory",
        path.display()
    )]
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// The data was written by a version that this one does not understand.
    #[error(
        "{} is of format {found} and this version knows formats up to {known}: \
         start the newer version that wrote it, or use another data directory",
        path.display()
    )]
    Newer {
        /// The file that is too new.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version understands.
        known: u32,
    },
    /// The file is there, but is not what it should be.
    #[error("{} is damaged ({cause}): put back a copy of it, or move it away to start without it", path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What does not fit.
        cause: String,
    },
    /// The address of a database is none.
    #[error(
        "the address of the database cannot be read ({cause}): it looks like postgres://user:password@host/database"
    )]
    Address {
        /// What does not fit. It never holds the password.
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// A database that is not ours to start does not let us in.
    #[error("cannot use the database {address} ({cause}): check that it runs there and lets this user in")]
    Unreachable {
        /// Where it should be, without the password.
        address: String,
        /// What it or the system answered.
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Another process has the database open.
    #[error(
        "the database {address} is used by another running server: stop that one, or give this one another database"
    )]
    Taken {
        /// Where it is, without the password.
        address: String,
    },
    /// A file or directory cannot be created, opened, read or written.
    #[error("cannot {action} {} ({cause}): check its owner and permissions, and the space on its disk", path.display())]
    Unusable {
        /// What was tried, as a verb.
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// What the system answered.
        cause: Arc<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn unusable(action: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Unusable { action, path: path.to_owned(), cause: Arc::new(cause) }
    }
}

/// Why a call was refused while the server runs. Nothing of the call has happened, unless it is said.
///
/// The one who called may call again later; what has to change first is with the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no space for the change. Calls work again as soon as there is.
    #[error("the disk is full: the change was refused, and can be made again when there is space")]
    Full,
    /// The disk or the database failed at this call.
    #[error("the store failed: {0}")]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The database was lost while it committed the call, and stayed away: it has happened whole, or not at all. If it has,
    /// its events are told when the database is back.
    #[error("the database was lost while it committed the change, which may have been made")]
    InDoubt,
    /// The database took the call and did not answer in time. A change may have been made.
    #[error("the database does not answer")]
    Slow,
    /// Another server has opened the database while it was away for this one.
    #[error("another server uses the database: stop one of the two")]
    Taken,
    /// The data does not fit together, or holds what no version of this program writes.
    #[error("the data of the store is damaged: {0}")]
    Damaged(String),
    /// The store is closing, or its writer is gone: nothing more is taken.
    #[error("the store has stopped")]
    Stopped,
}
