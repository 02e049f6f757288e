//! A poll of our protocol, which asks again as soon as it is answered.

use anyhow::{Context, Result};
use memchr::memmem;

use super::http::{self, Reply};
use super::{Heard, Talk, messages};

/// A subscriber, of our server or of the raw one.
pub(crate) struct LongPoll {
    /// Path and query up to the cursor.
    target: String,
    cursor: u64,
    joins: bool,
    begins: bool,
}

impl LongPoll {
    /// Subscribes to a comma list of channels, as this user if any: a user is present while it polls.
    pub(crate) fn new(channels: &str, user: Option<&str>) -> Self {
        let user = user.map(|user| format!("uuid={user}&heartbeat=300&")).unwrap_or_default();
        Self { target: format!("/v2/subscribe/demo/{channels}/0?{user}tt="), cursor: 0, joins: false, begins: true }
    }

    /// Subscribes to a channel with a token.
    pub(crate) fn with_token(channel: &str, token: &str) -> Self {
        let poll = Self::new(channel, None);
        Self { target: poll.target.replace("?tt=", &format!("?auth={token}&tt=")), ..poll }
    }

    /// Joins `channel` when it is asked to, not at once, and counts the joins that it is told of.
    pub(crate) fn joining(channel: &str, user: &str) -> Self {
        let poll = Self::new(&format!("{channel},{channel}-pnpres"), Some(user));
        Self { joins: true, begins: false, ..poll }
    }

    fn poll(&self, out: &mut Vec<u8>) {
        http::get(&format!("{}{}", self.target, self.cursor), out);
    }
}

impl Talk for LongPoll {
    fn opens(&self) -> bool {
        self.begins
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.begins {
            self.poll(out);
        }
    }

    fn ask(&mut self, _: u64, out: &mut Vec<u8>) {
        self.poll(out);
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some(reply) = Reply::read(bytes)? else { return Ok(0) };
        if self.cursor == 0 {
            heard.push(Heard::Ready);
        }
        self.cursor = cursor(reply.body).context("no cursor")?;
        // The poll goes out before the messages are looked at, as a client would do it that is quick.
        self.poll(out);
        if self.joins {
            let joins = memmem::find_iter(reply.body, br#""action":"join""#).count();
            heard.push(Heard::Joined(joins as u64));
        } else {
            messages(reply.body, heard);
        }
        Ok(reply.length)
    }
}

/// The cursor of a reply, which begins with it.
fn cursor(body: &[u8]) -> Option<u64> {
    let digits = body.strip_prefix(br#"{"t":{"t":""#)?;
    let end = digits.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::message;

    #[test]
    fn a_reply_is_read_when_it_is_whole_and_the_next_poll_has_its_cursor() {
        let body = format!(r#"{{"t":{{"t":"17","r":1}},"m":[{{"d":"{}"}}]}}"#, message(3, 24));
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut poll = LongPoll::new("fan", None);
        let (mut out, mut heard) = (Vec::new(), Vec::new());
        assert_eq!(poll.hear(&reply.as_bytes()[..reply.len() - 1], &mut out, &mut heard).unwrap(), 0);
        assert_eq!(poll.hear(reply.as_bytes(), &mut out, &mut heard).unwrap(), reply.len());
        assert_eq!(heard, [Heard::Ready, Heard::Message(3)]);
        assert!(out.starts_with(b"GET /v2/subscribe/demo/fan/0?tt=17 HTTP/1.1\r\n"));
    }

    #[test]
    fn a_refusal_is_an_error() {
        let refused = b"HTTP/1.1 402 Payment Required\r\nContent-Length: 2\r\n\r\n{}";
        assert!(LongPoll::new("fan", None).hear(refused, &mut Vec::new(), &mut Vec::new()).is_err());
    }
}
