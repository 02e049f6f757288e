//! Redis: subscriptions, and commands with their replies.

use anyhow::{Result, bail};
use memchr::memchr;

use super::{Heard, Talk, messages};

/// Writes a command.
pub(crate) fn command(words: &[&str], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
}

/// A subscriber of one channel.
pub(crate) struct RedisSubscriber {
    channel: String,
}

impl RedisSubscriber {
    pub(crate) fn new(channel: &str) -> Self {
        Self { channel: channel.to_owned() }
    }
}

impl Talk for RedisSubscriber {
    fn begin(&mut self, out: &mut Vec<u8>) {
        command(&["SUBSCRIBE", &self.channel], out);
    }

    fn ask(&mut self, _: u64, _: &mut Vec<u8>) {}

    fn hear(&mut self, bytes: &[u8], _: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some(length) = value(bytes)? else { return Ok(0) };
        if bytes.starts_with(b"*3\r\n$9\r\nsubscribe") {
            heard.push(Heard::Ready);
        } else {
            messages(&bytes[..length], heard);
        }
        Ok(length)
    }
}

/// Asks with so many commands at a time, and waits for all their replies.
pub(crate) struct RedisCaller<F> {
    commands: F,
    /// Commands of one question.
    each: usize,
    replies: usize,
}

impl<F: FnMut(u64, &mut Vec<u8>)> RedisCaller<F> {
    pub(crate) fn new(each: usize, commands: F) -> Self {
        Self { commands, each, replies: 0 }
    }
}

impl<F: FnMut(u64, &mut Vec<u8>)> Talk for RedisCaller<F> {
    fn opens(&self) -> bool {
        false
    }

    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        (self.commands)(number, out);
    }

    fn hear(&mut self, bytes: &[u8], _: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some(length) = value(bytes)? else { return Ok(0) };
        self.replies += 1;
        if self.replies == self.each {
            self.replies = 0;
            heard.push(Heard::Answered);
        }
        Ok(length)
    }
}

/// How long the value at the front of `bytes` is, when it is whole.
fn value(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = memchr(b'\n', bytes) else { return Ok(None) };
    let line = std::str::from_utf8(&bytes[..end])?.trim_end();
    let head = end + 1;
    let count = || line[1..].parse::<i64>();
    match line.as_bytes().first() {
        Some(b'+' | b':') => Ok(Some(head)),
        Some(b'$') => {
            let whole = usize::try_from(count()?).map_or(head, |length| head + length + 2);
            Ok((bytes.len() >= whole).then_some(whole))
        }
        Some(b'*') => {
            let mut whole = head;
            for _ in 0..count()? {
                let Some(length) = value(&bytes[whole..])? else { return Ok(None) };
                whole += length;
            }
            Ok(Some(whole))
        }
        _ => bail!("an unexpected reply: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_as_long_as_its_parts() {
        let check = |bytes: &str, length| assert_eq!(value(bytes.as_bytes()).unwrap(), length, "{bytes:?}");
        check("+OK\r\n", Some(5));
        check(":12\r\n+OK\r\n", Some(5));
        check("$3\r\nabc\r\n", Some(9));
        check("$3\r\nabc", None);
        check("$-1\r\n", Some(5));
        check("*2\r\n:1\r\n$1\r\na\r\n", Some(15));
        check("*2\r\n:1\r\n", None);
        assert!(value(b"-ERR no\r\n").is_err());
    }
}
