//! WebSocket, as much of it as a client of a server that we started needs.

use anyhow::{Result, bail};
use memchr::memmem;

/// What came, up to the end of one frame.
pub(super) enum Frame<'b> {
    /// Nothing is whole.
    Partial,
    /// The server took up WebSocket.
    Open(usize),
    /// A text, and the bytes of its frame.
    Text(&'b [u8], usize),
    /// Nothing to look at.
    Other(usize),
}

/// The state of a connection.
#[derive(Default)]
pub(super) struct WebSocket {
    open: bool,
}

impl WebSocket {
    pub(super) fn begin(target: &str, out: &mut Vec<u8>) {
        // The key is a nonce against caches in between, and there are none.
        out.extend_from_slice(
            format!(
                "GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            .as_bytes(),
        );
    }

    pub(super) fn hear<'b>(&mut self, bytes: &'b [u8]) -> Result<Frame<'b>> {
        if !self.open {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(Frame::Partial) };
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                bail!("no WebSocket: {}", String::from_utf8_lossy(bytes));
            }
            self.open = true;
            return Ok(Frame::Open(end + 4));
        }
        let (Some(kind), Some(short)) = (bytes.first(), bytes.get(1)) else { return Ok(Frame::Partial) };
        let (head, length) = match (short & 0x7f, bytes.get(2..4), bytes.get(2..10)) {
            (126, Some(&[high, low]), _) => (4, usize::from(u16::from_be_bytes([high, low]))),
            (127, _, Some(long)) => (10, long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))),
            (126 | 127, _, _) => return Ok(Frame::Partial),
            (short, _, _) => (2, usize::from(short)),
        };
        let Some(payload) = bytes.get(head..head + length) else { return Ok(Frame::Partial) };
        match kind {
            0x81 => Ok(Frame::Text(payload, head + length)),
            0x88 => bail!("the server closed it: {}", String::from_utf8_lossy(payload)),
            _ => Ok(Frame::Other(head + length)),
        }
    }
}

/// Writes a text. The mask is of zeros: it guards caches in between, and this one costs the generator nothing. The server
/// takes it off all the same.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    out.push(0x81);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(short @ 0..=125), _) => out.push(0x80 | short),
        (_, Ok(long)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&long.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(text.as_bytes());
}
