//! The JSON protocol of the centrifuge library, over WebSocket.

use anyhow::{Result, bail};
use memchr::memmem;

use super::websocket::{self, Frame, WebSocket};
use super::{Heard, Talk, message, messages};

/// What a connection is there for.
pub(crate) enum Role {
    /// It subscribes at once.
    Subscriber(String),
    /// It publishes messages of so many bytes.
    Publisher(String, usize),
    /// It asks with a command, the number in place of `#`.
    Caller(String),
    /// It subscribes when it is asked to, and counts those who come after it.
    Joiner(String),
}

/// A connection.
pub(crate) struct Centrifuge {
    role: Role,
    socket: WebSocket,
}

impl Centrifuge {
    pub(crate) fn new(role: Role) -> Self {
        Self { role, socket: WebSocket::default() }
    }

    /// One line of a frame, which may have several.
    fn line(&self, line: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<()> {
        if memmem::find(line, br#""error":"#).is_some() {
            bail!("an error: {}", String::from_utf8_lossy(line));
        }
        let is = |start: &[u8]| line.starts_with(start);
        match &self.role {
            Role::Subscriber(channel) if is(br#"{"id":1,"#) => {
                websocket::text(&format!(r#"{{"id":2,"subscribe":{{"channel":"{channel}"}}}}"#), out);
            }
            Role::Subscriber(_) if is(br#"{"id":2,"#) => heard.push(Heard::Ready),
            Role::Subscriber(_) => messages(line, heard),
            _ if is(br#"{"id":1,"#) => heard.push(Heard::Ready),
            _ if is(br#"{"id":"#) => heard.push(Heard::Answered),
            Role::Joiner(_) if memmem::find(line, br#""join":"#).is_some() => heard.push(Heard::Joined(1)),
            _ => {}
        }
        Ok(())
    }
}

impl Talk for Centrifuge {
    fn begin(&mut self, out: &mut Vec<u8>) {
        WebSocket::begin("/connection/websocket", out);
    }

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        let id = number + 2;
        let words = match &self.role {
            Role::Subscriber(_) => return,
            Role::Publisher(channel, length) => {
                let text = message(number, *length);
                format!(r#"{{"id":{id},"publish":{{"channel":"{channel}","data":"{text}"}}}}"#)
            }
            Role::Caller(command) => format!(r#"{{"id":{id},{}}}"#, command.replace('#', &number.to_string())),
            Role::Joiner(channel) => format!(r#"{{"id":{id},"subscribe":{{"channel":"{channel}"}}}}"#),
        };
        websocket::text(&words, out);
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        match self.socket.hear(bytes)? {
            Frame::Partial => Ok(0),
            Frame::Other(length) => Ok(length),
            Frame::Open(length) => {
                websocket::text(r#"{"id":1,"connect":{}}"#, out);
                Ok(length)
            }
            Frame::Text(text, length) => {
                for line in text.split(|byte| *byte == b'\n') {
                    self.line(line, out, heard)?;
                }
                Ok(length)
            }
        }
    }
}
