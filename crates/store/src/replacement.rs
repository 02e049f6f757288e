//! A file that is replaced whole or not at all.
//!
//! The new content goes to a file beside the old one, is made durable, and then takes the old one's name in one step.
//! Until then the old file is untouched; whatever fails before (a full disk, a crash, a dropped value) leaves it in place.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::directory::{open_private, sync_names};

/// Large enough that a snapshot is written in few system calls.
const BUFFER_BYTES: usize = 256 * 1024;

pub(crate) struct Replacement {
    target: PathBuf,
    temporary: PathBuf,
    /// `None` once the file has its final name, so that dropping removes only what is unfinished.
    file: Option<BufWriter<File>>,
}

impl Replacement {
    pub(crate) fn create(target: &Path) -> io::Result<Self> {
        let mut temporary = target.as_os_str().to_owned();
        // One name, not a random one: the directory has one owner, and what a crash left behind is overwritten.
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        let file = open_private(&temporary)?;
        file.set_len(0)?;
        let file = Some(BufWriter::with_capacity(BUFFER_BYTES, file));
        Ok(Self { target: target.to_owned(), temporary, file })
    }

    /// Durable under its final name when this returns `Ok`; the old file is in place when it returns an error.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.flush()?;
        if let Some(file) = &self.file {
            file.get_ref().sync_all()?;
        }
        fs::rename(&self.temporary, &self.target)?;
        drop(self.file.take());
        sync_names(self.target.parent().unwrap_or(Path::new(".")))
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // `into_parts` forgets the buffer, which would otherwise be written to a file that is about to go.
            drop(file.into_parts());
            // When even removing fails, the next replacement overwrites the file.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
