//! Writes a snapshot, chunk by chunk.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use wire::SubscribeKey;

use super::{CHUNK_BYTES, FILE, FORMAT, Header, HeaderBody, Kind, MAGIC, MAX_BODY_BYTES, checksum};
use crate::DataDirectory;
use crate::replacement::Replacement;

/// A snapshot that is being written. It takes the place of the one before with [`finish`](Self::finish); dropped, it
/// leaves no trace.
///
/// Every call may block for the disk.
pub struct Writer {
    file: Replacement,
    body: Vec<u8>,
    written: Written,
}

/// How much a snapshot came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Records, of all key sets.
    pub records: u64,
    /// Length of the file.
    pub bytes: u64,
}

impl Writer {
    /// Begins a snapshot.
    ///
    /// # Errors
    /// What the disk answered.
    pub fn create(directory: &DataDirectory, header: &Header) -> io::Result<Self> {
        let mut file = Replacement::create(&directory.file(FILE))?;
        let mut prologue = MAGIC.to_vec();
        prologue.extend(FORMAT.to_le_bytes());
        prologue.extend(header.records.to_le_bytes());
        prologue.extend(crc32fast::hash(&prologue).to_le_bytes());
        file.write_all(&prologue)?;
        let written = Written { records: 0, bytes: prologue.len() as u64 };
        let mut writer = Self { file, body: Vec::with_capacity(CHUNK_BYTES), written };
        let Header { records: _, written_at, clean, ceiling } = *header;
        encode(&HeaderBody { written_at, clean, ceiling }, &mut writer.body)?;
        writer.frame(Kind::Header)?;
        Ok(writer)
    }

    /// Writes records of a key set, as many chunks as they need. May be called again for the same key set, so that a
    /// caller need not hold all of them at once.
    ///
    /// Records are taken as serde presents them, except for those that can only be read back from a format that
    /// describes itself (`serde_json::Value`, untagged enums): those fail when they are read.
    ///
    /// # Errors
    /// What the disk answered, or that a record cannot be written. The snapshot is then of no use: drop it.
    pub fn add<T: Serialize>(&mut self, key: &SubscribeKey, records: impl IntoIterator<Item = T>) -> io::Result<()> {
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            self.chunk(key, &mut records)?;
        }
        Ok(())
    }

    /// Makes the snapshot durable, in place of the one before.
    ///
    /// # Errors
    /// What the disk answered; the snapshot from before is in place then.
    pub fn finish(mut self) -> io::Result<Written> {
        encode(&self.written.records, &mut self.body)?;
        self.frame(Kind::End)?;
        self.file.commit()?;
        Ok(self.written)
    }

    fn chunk<T: Serialize>(&mut self, key: &SubscribeKey, records: &mut impl Iterator<Item = T>) -> io::Result<()> {
        encode(key, &mut self.body)?;
        let count_at = self.body.len();
        self.body.extend([0; 4]);
        let mut count: u32 = 0;
        while self.body.len() < CHUNK_BYTES
            && let Some(record) = records.next()
        {
            encode(&record, &mut self.body)?;
            count += 1;
        }
        self.body[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
        self.written.records += u64::from(count);
        self.frame(Kind::Chunk)
    }

    /// Writes the body as a frame, and begins the next body.
    fn frame(&mut self, kind: Kind) -> io::Result<()> {
        let length = u32::try_from(self.body.len()).ok().filter(|_| self.body.len() <= MAX_BODY_BYTES);
        let length = length.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "a record is too long"))?;
        let mut head = vec![kind as u8];
        head.extend(length.to_le_bytes());
        head.extend(checksum(kind as u8, length, &self.body).to_le_bytes());
        self.file.write_all(&head)?;
        self.file.write_all(&self.body)?;
        self.written.bytes += (head.len() + self.body.len()) as u64;
        self.body.clear();
        Ok(())
    }
}

fn encode<T: Serialize + ?Sized>(value: &T, body: &mut Vec<u8>) -> io::Result<()> {
    postcard::to_io(value, body).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
    Ok(())
}
