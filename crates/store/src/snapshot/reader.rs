//! Reads a snapshot back, chunk by chunk, as far as it is whole.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use wire::{SubscribeKey, Timetoken};

use super::{
    CHUNK_BYTES, Chunk, Damage, FILE, FORMAT, FRAME_HEAD_BYTES, Header, HeaderBody, Kind, MAGIC, MAX_BODY_BYTES,
    PROLOGUE_BYTES, checksum,
};
use crate::{DataDirectory, OpenError};

/// What there is to read.
#[derive(Debug)]
pub enum Found {
    /// No snapshot was ever finished here.
    Nothing,
    /// There is one, and not even its header can be read.
    Damaged(Damage),
    /// There is one. Its chunks are still to be read.
    Snapshot(Reader),
}

/// A snapshot, open at its next chunk.
///
/// ```
/// # use store::{DataDirectory, snapshot::{self, Found, Header}};
/// # use wire::{SubscribeKey, Timetoken};
/// # let temporary = tempfile::tempdir()?;
/// # let directory = DataDirectory::open(temporary.path())?;
/// # let header = Header { records: 1, written_at: Timetoken::ZERO, clean: true, ceiling: Timetoken::ZERO };
/// let mut snapshot = snapshot::Writer::create(&directory, &header)?;
/// snapshot.add(&SubscribeKey::new("demo")?, ["ann", "bob"])?;
/// snapshot.finish()?;
///
/// let Found::Snapshot(mut snapshot) = snapshot::read(&directory, 1)? else { return Err("none".into()) };
/// while let Some(chunk) = snapshot.next_chunk::<String>() {
///     assert_eq!(chunk.records, ["ann", "bob"]);
/// }
/// assert_eq!(snapshot.damage(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    /// Bytes of the file that are not read yet, so that no length is believed that goes beyond its end.
    left: u64,
    offset: u64,
    header: Header,
    records: u64,
    ended: bool,
    damage: Option<Damage>,
    body: Vec<u8>,
}

/// Opens the snapshot of a data directory. Blocks, as its reader does.
///
/// # Errors
/// [`OpenError::Newer`] if its format, or the shape of its records, is above what is known here;
/// [`OpenError::Unusable`] if the system does not let us read it.
pub fn read(directory: &DataDirectory, known_records: u16) -> Result<Found, OpenError> {
    let path = directory.file(FILE);
    let unusable = |error| OpenError::unusable("read", &path, error);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(unusable(error)),
    };
    let left = file.metadata().map_err(unusable)?.len();
    let mut file = BufReader::with_capacity(CHUNK_BYTES, file);

    let mut prologue = [0; PROLOGUE_BYTES];
    let Some(versions) = file.read_exact(&mut prologue).ok().and_then(|()| versions(&prologue)) else {
        return Ok(Found::Damaged(Damage { path, offset: 0, cause: "it does not begin like a snapshot".to_owned() }));
    };
    for (found, known) in [(versions.format, FORMAT), (versions.records, known_records)] {
        if found > known {
            return Err(OpenError::Newer { path, found: u32::from(found), known: u32::from(known) });
        }
    }

    let mut reader = Reader {
        path,
        file,
        left: left.saturating_sub(PROLOGUE_BYTES as u64),
        offset: PROLOGUE_BYTES as u64,
        header: Header {
            records: versions.records,
            written_at: Timetoken::ZERO,
            clean: false,
            ceiling: Timetoken::ZERO,
        },
        records: 0,
        ended: false,
        damage: None,
        body: Vec::new(),
    };
    let header = reader.frame().and_then(|kind| match kind {
        Kind::Header => decode::<HeaderBody>(&reader.body).map(|(header, _)| header),
        Kind::Chunk | Kind::End => Err("it has no header".to_owned()),
    });
    match header {
        Ok(HeaderBody { written_at, clean, ceiling }) => {
            reader.header = Header { records: versions.records, written_at, clean, ceiling };
            Ok(Found::Snapshot(reader))
        }
        Err(cause) => Ok(Found::Damaged(Damage { path: reader.path, offset: PROLOGUE_BYTES as u64, cause })),
    }
}

impl Reader {
    /// What the snapshot says of itself.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// The next chunk; `None` at the end, which is where the file ends or where it stops making sense.
    pub fn next_chunk<T: DeserializeOwned>(&mut self) -> Option<Chunk<T>> {
        if self.ended {
            return None;
        }
        let begin = self.offset;
        match self.try_next() {
            Ok(chunk) => {
                self.ended = chunk.is_none();
                chunk
            }
            Err(cause) => {
                self.ended = true;
                self.damage = Some(Damage { path: self.path.clone(), offset: begin, cause });
                None
            }
        }
    }

    /// What was wrong with the file, once [`next_chunk`](Self::next_chunk) has answered `None`.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    fn try_next<T: DeserializeOwned>(&mut self) -> Result<Option<Chunk<T>>, String> {
        match self.frame()? {
            Kind::Header => Err("it has a second header".to_owned()),
            Kind::Chunk => {
                let chunk = chunk(&self.body)?;
                self.records += chunk.records.len() as u64;
                Ok(Some(chunk))
            }
            Kind::End => {
                let (records, _) = decode::<u64>(&self.body)?;
                match records == self.records && self.left == 0 {
                    true => Ok(None),
                    false => Err("its end does not fit the rest".to_owned()),
                }
            }
        }
    }

    /// Reads the next frame into the body.
    fn frame(&mut self) -> Result<Kind, String> {
        let mut head = [0; FRAME_HEAD_BYTES];
        self.read_exact(&mut head)?;
        let [kind, l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let bytes = usize::try_from(length).unwrap_or(usize::MAX);
        if bytes > MAX_BODY_BYTES || u64::from(length) > self.left {
            return Err("a length is too large".to_owned());
        }
        let mut body = std::mem::take(&mut self.body);
        body.resize(bytes, 0);
        self.read_exact(&mut body)?;
        self.body = body;
        if checksum(kind, length, &self.body) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err("a checksum does not fit".to_owned());
        }
        Kind::of(kind).ok_or_else(|| "a part is of no known kind".to_owned())
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.file.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "it is cut short".to_owned(),
            _ => error.to_string(),
        })?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

struct Versions {
    format: u16,
    records: u16,
}

fn versions(prologue: &[u8; PROLOGUE_BYTES]) -> Option<Versions> {
    let (content, checksum) = prologue.split_at(PROLOGUE_BYTES - 4);
    let versions = content.strip_prefix(&MAGIC)?;
    let [f0, f1, r0, r1] = *versions else { return None };
    let fits = crc32fast::hash(content).to_le_bytes() == *checksum;
    fits.then(|| Versions { format: u16::from_le_bytes([f0, f1]), records: u16::from_le_bytes([r0, r1]) })
}

fn chunk<T: DeserializeOwned>(body: &[u8]) -> Result<Chunk<T>, String> {
    let (key, rest) = decode::<SubscribeKey>(body)?;
    let Some((count, mut rest)) = rest.split_first_chunk::<4>() else { return Err("a chunk has no count".to_owned()) };
    let count = usize::try_from(u32::from_le_bytes(*count)).unwrap_or(usize::MAX);
    // The count is not believed as it stands: nothing is set aside for it, and each record needs a byte to read.
    let mut records = Vec::new();
    for _ in 0..count {
        if rest.is_empty() {
            return Err("a chunk has fewer records than it says".to_owned());
        }
        let (record, after) = decode(rest)?;
        records.push(record);
        rest = after;
    }
    if !rest.is_empty() {
        return Err("a chunk has more records than it says".to_owned());
    }
    Ok(Chunk { key, records })
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), String> {
    postcard::take_from_bytes(bytes).map_err(|error| format!("a record cannot be read: {error}"))
}
