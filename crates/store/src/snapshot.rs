//! Who is present, written whole to one file now and then, and read back at the start.
//!
//! - The file is replaced whole or not at all: a snapshot that fails (a full disk, a crash) leaves the one before.
//! - Reading takes memory for one chunk at a time, bounded whatever the file says, and never panics.
//! - A file that is cut short or damaged is read as far as it is whole. What is handed out was written so.
//! - What a record is belongs to the caller, who numbers its shapes; a newer shape or format is refused.
//!
//! The layout, numbers in little endian:
//!
//! ```text
//! file     := magic (8 bytes), format u16, records u16, crc32 u32 of these 12 bytes: kept by every later format
//!             header frame, chunk frame …, end frame
//! frame    := kind u8, length u32, crc32 u32 of kind, length and body, body (postcard)
//! header   := written at, whether the stop was clean, ceiling
//! chunk    := subscribe key, count u32, records one after another
//! end      := count of all records u64
//! ```

mod reader;
mod writer;

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wire::{SubscribeKey, Timetoken};

pub use self::reader::{Found, Reader, read};
pub use self::writer::{Writer, Written};

const FILE: &str = "presence.snapshot";
const MAGIC: [u8; 8] = *b"HEREsnap";

/// The format of the file, apart from its records.
const FORMAT: u16 = 1;

/// What a chunk grows to before the next one begins: few system calls, little lost to one damaged byte.
const CHUNK_BYTES: usize = 256 * 1024;

/// No body is longer, so no length in a damaged file makes us take more memory. Room for one record far beyond any
/// limit on a state.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

const PROLOGUE_BYTES: usize = 16;
const FRAME_HEAD_BYTES: usize = 9;

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The number of the shape that the records have. Counted by the caller, who changes it with the shape.
    pub records: u16,
    /// When it was written.
    pub written_at: Timetoken,
    /// Whether nothing came after it: the server was stopping. Otherwise it was one of many and the server crashed.
    pub clean: bool,
    /// No timetoken above this had been handed out.
    pub ceiling: Timetoken,
}

/// [`Header`], without what the prologue tells.
#[derive(Serialize, Deserialize)]
struct HeaderBody {
    written_at: Timetoken,
    clean: bool,
    ceiling: Timetoken,
}

/// Some of the records of one key set. A key set may have many chunks, in the order they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<T> {
    /// The key set.
    pub key: SubscribeKey,
    /// Its records.
    pub records: Vec<T>,
}

/// Where a snapshot stops making sense. Everything before that place was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The snapshot.
    pub path: PathBuf,
    /// The first byte of the part that does not fit.
    pub offset: u64,
    /// What does not fit.
    pub cause: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, cause } = self;
        write!(f, "{} is damaged at byte {offset} ({cause}): what comes before was read", path.display())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Header = 1,
    Chunk = 2,
    End = 3,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Header, Self::Chunk, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The checksum of a frame. It covers the kind and the length, so that no single wrong bit goes unseen.
fn checksum(kind: u8, length: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(&length.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}
