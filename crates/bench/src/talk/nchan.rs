//! Nchan: a poll that names the last message by its time and its tag, and a publish by POST.

use anyhow::Result;

use super::http::{self, Reply};
use super::{Heard, Talk, message, messages};

/// A subscriber, or a publisher.
pub(crate) struct Nchan {
    channel: String,
    publishes: Option<usize>,
    /// Headers that name the last message.
    last: String,
}

impl Nchan {
    pub(crate) fn subscriber(channel: &str) -> Self {
        Self { channel: channel.to_owned(), publishes: None, last: String::new() }
    }

    /// Publishes messages of `length` bytes.
    pub(crate) fn publisher(channel: &str, length: usize) -> Self {
        Self { publishes: Some(length), ..Self::subscriber(channel) }
    }

    fn poll(&self, out: &mut Vec<u8>) {
        let (channel, last) = (&self.channel, &self.last);
        out.extend_from_slice(format!("GET /sub/{channel} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n").as_bytes());
    }
}

impl Talk for Nchan {
    fn opens(&self) -> bool {
        false
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.publishes.is_none() {
            self.poll(out);
        }
    }

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        if let Some(length) = self.publishes {
            http::post(&format!("/pub/{}", self.channel), &message(number, length), out);
        }
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some(reply) = Reply::read(bytes)? else { return Ok(0) };
        if self.publishes.is_some() {
            heard.push(Heard::Answered);
        } else {
            let (time, tag) = (reply.header("last-modified"), reply.header("etag"));
            self.last = format!(
                "If-Modified-Since: {}\r\nIf-None-Match: {}\r\n",
                time.unwrap_or_default(),
                tag.unwrap_or_default()
            );
            self.poll(out);
            messages(reply.body, heard);
        }
        Ok(reply.length)
    }
}
