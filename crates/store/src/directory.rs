//! The directory that holds everything a server keeps, owned by one process at a time.
//!
//! The lock is the operating system's, on a file that stays open: it ends with the process, however that ends, so a
//! crash leaves nothing to clean up. It ends early for nobody, because whatever works inside holds a clone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::OpenError;

const LOCK_FILE: &str = "lock";

/// A data directory that this process owns. Clones share the ownership; it ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: Arc<Lock>,
}

impl DataDirectory {
    /// Creates the directory if it is not there (for its owner's eyes only) and takes possession of it.
    ///
    /// # Errors
    /// [`OpenError::Locked`] if another process, or another call, has it; [`OpenError::Unusable`] if it cannot be
    /// created or written to.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        create(path).map_err(|error| OpenError::unusable("create the data directory", path, error))?;
        let lock_path = path.join(LOCK_FILE);
        let lock =
            open_private(&lock_path).map_err(|error| OpenError::unusable("open the lock file", &lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Arc::new(Lock(lock)) }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(OpenError::unusable("lock", &lock_path, error)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// The lock file, locked.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough while a child that this process just forked still has it open too. Should this
        // fail, the lock ends with the last of them.
        let _ = self.0.unlock();
    }
}

/// Makes the names in a directory as durable as the files that they name.
pub(crate) fn sync_names(directory: &Path) -> io::Result<()> {
    // Windows has no such call, and keeps names durable by itself.
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// Opens a file for reading and writing; creates it readable for its owner only.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_names(Path::new(".")),
        Some(parent) => sync_names(parent),
        None => Ok(()),
    }
}
