//! HTTP/1.1: one request at a time on each connection, or several ahead.

use std::io::Write;

use anyhow::{Context, Result, bail};

use super::{Heard, Talk};

/// The classes of status.
const SUCCESS: u16 = 2;
const REFUSAL: u16 = 4;

/// A reply of one class, whole.
pub(super) struct Reply<'b> {
    /// Head and body together.
    pub(super) length: usize,
    pub(super) body: &'b [u8],
    head: &'b [u8],
}

impl<'b> Reply<'b> {
    /// The reply at the front of `bytes`, when it is whole.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Option<Self>> {
        Self::of_class(bytes, SUCCESS)
    }

    fn of_class(bytes: &'b [u8], class: u16) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = response.parse(bytes)? else { return Ok(None) };
        let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length: usize = std::str::from_utf8(length.context("no length")?.value)?.parse()?;
        if response.code.map(|code| code / 100) != Some(class) {
            bail!("an unexpected reply: {}", String::from_utf8_lossy(bytes));
        }
        let Some(body) = bytes.get(head..head + length) else { return Ok(None) };
        Ok(Some(Self { length: head + length, body, head: &bytes[..head] }))
    }

    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&'b str> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(self.head).ok()?;
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    }
}

/// Writes a request without a body.
pub(super) fn get(target: &str, out: &mut Vec<u8>) {
    for part in ["GET ", target, " HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Asks, and waits for the reply.
pub(crate) struct HttpCaller<F> {
    target: F,
    class: u16,
}

impl<F: FnMut(u64) -> String> HttpCaller<F> {
    /// Asks for what `target` says, each time, by GET.
    pub(crate) fn new(target: F) -> Self {
        Self { target, class: SUCCESS }
    }

    /// The same for calls of which each is refused.
    pub(crate) fn refused(target: F) -> Self {
        Self { target, class: REFUSAL }
    }
}

impl<F: FnMut(u64) -> String> Talk for HttpCaller<F> {
    fn opens(&self) -> bool {
        false
    }

    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn ask(&mut self, number: u64, out: &mut Vec<u8>) {
        get(&(self.target)(number), out);
    }

    fn hear(&mut self, bytes: &[u8], _: &mut Vec<u8>, heard: &mut Vec<Heard>) -> Result<usize> {
        let Some(reply) = Reply::of_class(bytes, self.class)? else { return Ok(0) };
        heard.push(Heard::Answered);
        Ok(reply.length)
    }
}

/// Writes a request with a body.
pub(super) fn post(target: &str, body: &str, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = write!(out, "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}
