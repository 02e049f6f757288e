//! NATS: one subject, without acknowledgements, as its clients do it.

use anyhow::{Context, Result, bail};
use memchr::memchr;

use super::{Heard, Talk, message, messages};

/// A subscriber, or a publisher.
pub(crate) struct Nats {
    subject: String,
    publishes: Option<usize>,
}

impl Nats {
    pub(crate) fn subscriber(subject: &str) -> Self {
        Self { subject: subject.to_owned(), publishes: None }
    }

    /// Publishes messages of `length` bytes.
    pub(crate) fn publisher(subject: &str, length: usize) -> Self {
        Self { publishes: Some(length), ..Self::subscriber(subject) }
    }
}

impl Talk for Nats {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
        if self.publishes.is_none() {
            out.extend_from_slice(format!("SUB {} 1\r\n", self.subject).as_bytes());
        }
        out.extend_from_slice(b"PING\r\n");
    }

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        if let Some(length) = self.publishes {
            let text = message(number, length);
            out.extend_from_slice(format!("PUB {} {length}\r\n{text}\r\n", self.subject).as_bytes());
        }
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some(end) = memchr(b'\n', bytes) else { return Ok(0) };
        let (line, head) = (&bytes[..end], end + 1);
        if line.starts_with(b"MSG ") {
            let length = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next().context("no length")?;
            let length: usize = std::str::from_utf8(length)?.parse()?;
            let Some(payload) = bytes.get(head..head + length + 2) else { return Ok(0) };
            messages(payload, heard);
            return Ok(head + length + 2);
        }
        match line.trim_ascii_end() {
            b"PONG" => heard.push(Heard::Ready),
            b"PING" => out.extend_from_slice(b"PONG\r\n"),
            line if line.starts_with(b"INFO ") => {}
            line => bail!("an unexpected line: {}", String::from_utf8_lossy(line)),
        }
        Ok(head)
    }
}
