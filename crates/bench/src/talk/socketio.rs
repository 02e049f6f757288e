//! Socket.IO over WebSocket: events with acknowledgements.

use anyhow::{Result, bail};

use super::websocket::{self, Frame, WebSocket};
use super::{Heard, Talk, message, messages};

/// What a connection is there for.
enum Role {
    Subscriber,
    Publisher(usize),
    /// It asks with an event, the number in place of `#`.
    Caller(String),
}

/// A connection.
pub(crate) struct SocketIo {
    room: String,
    role: Role,
    socket: WebSocket,
}

impl SocketIo {
    /// Joins a room at once.
    pub(crate) fn subscriber(room: &str) -> Self {
        Self { room: room.to_owned(), role: Role::Subscriber, socket: WebSocket::default() }
    }

    /// Publishes messages of `length` bytes.
    pub(crate) fn publisher(room: &str, length: usize) -> Self {
        Self { role: Role::Publisher(length), ..Self::subscriber(room) }
    }

    /// Asks with an event, the number in place of `#`.
    pub(crate) fn caller(event: &str) -> Self {
        Self { role: Role::Caller(event.to_owned()), ..Self::subscriber("") }
    }
}

impl Talk for SocketIo {
    fn begin(&mut self, out: &mut Vec<u8>) {
        WebSocket::begin("/socket.io/?EIO=4&transport=websocket", out);
    }

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        let words = match &self.role {
            Role::Subscriber => return,
            Role::Publisher(length) => {
                format!(r#"42{number}["publish","{}","{}"]"#, self.room, message(number, *length))
            }
            Role::Caller(event) => format!("42{number}{}", event.replace('#', &number.to_string())),
        };
        websocket::text(&words, out);
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let (text, length) = match self.socket.hear(bytes)? {
            Frame::Partial => return Ok(0),
            Frame::Other(length) | Frame::Open(length) => return Ok(length),
            Frame::Text(text, length) => (text, length),
        };
        match (text, &self.role) {
            // The transport is open, then the namespace.
            ([b'0', ..], _) => websocket::text("40", out),
            ([b'4', b'0', ..], Role::Subscriber) => websocket::text(&format!(r#"420["join","{}"]"#, self.room), out),
            ([b'4', b'0', ..], _) => heard.push(Heard::Ready),
            ([b'4', b'3', ..], Role::Subscriber) => heard.push(Heard::Ready),
            ([b'4', b'3', ..], _) => heard.push(Heard::Answered),
            ([b'4', b'2', rest @ ..], _) if rest.starts_with(br#"["joined""#) => heard.push(Heard::Joined(1)),
            ([b'4', b'2', rest @ ..], _) => messages(rest, heard),
            ([b'2'], _) => websocket::text("3", out),
            (other, _) => bail!("an unexpected packet: {}", String::from_utf8_lossy(other)),
        }
        Ok(length)
    }
}
