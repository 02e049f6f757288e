//! What is said on a connection, in the language of each server.
//!
//! - A conversation is a state machine over bytes: no sockets, no time.
//! - Messages carry `~` and ten digits, their number; whatever a server wraps around a payload, the number is found.

mod centrifuge;
mod http;
mod long_poll;
mod mqtt;
mod nats;
mod nchan;
mod redis;
mod socketio;
mod websocket;

use anyhow::Result;
use memchr::memchr_iter;

pub(crate) use centrifuge::{Centrifuge, Role};
pub(crate) use http::HttpCaller;
pub(crate) use long_poll::LongPoll;
pub(crate) use mqtt::Mqtt;
pub(crate) use nats::Nats;
pub(crate) use nchan::Nchan;
pub(crate) use redis::{RedisCaller, RedisSubscriber, command};
pub(crate) use socketio::SocketIo;

/// One side of a connection.
pub(crate) trait Talk {
    /// Whether it hears that it is `Ready` before it may be asked for anything.
    fn opens(&self) -> bool {
        true
    }

    /// What to say when the connection stands.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// What this connection is there to say, for the nth time: a message to publish, a question, a join.
    fn ask(&mut self, number: u64, out: &mut Vec<u8>);

    /// Takes one whole thing from the front of `bytes`, says what there is to say to it, and tells what it was. Answers
    /// how many bytes it took; none when nothing is whole.
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize>;
}

/// What a connection heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It may ask, or what is published from now on comes.
    Ready,
    /// What it asked was done.
    Answered,
    /// The message of this number.
    Message(u64),
    /// So many were told to have come.
    Joined(u64),
}

/// Digits of a message's number.
const DIGITS: usize = 10;

/// A message with its number, so many bytes long; at least eleven.
pub(crate) fn message(number: u64, length: usize) -> String {
    format!("~{number:0DIGITS$}{:x<1$}", "", length.saturating_sub(DIGITS + 1))
}

/// Finds the messages in what was delivered.
fn messages(bytes: &[u8], heard: &mut Vec<Heard>) {
    for place in memchr_iter(b'~', bytes) {
        let digits = bytes.get(place + 1..=place + DIGITS).and_then(|digits| std::str::from_utf8(digits).ok());
        heard.extend(digits.and_then(|digits| digits.parse().ok()).map(Heard::Message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_in_whatever_was_wrapped_around_it() {
        let two = format!(r#"{{"m":[{{"d":"{}"}},{{"d":"{}"}}]}}"#, message(7, 24), message(8, 150));
        let mut heard = Vec::new();
        messages(two.as_bytes(), &mut heard);
        assert_eq!(heard, [Heard::Message(7), Heard::Message(8)]);
        assert_eq!((message(7, 24).len(), message(8, 150).len()), (24, 150));
    }
}
