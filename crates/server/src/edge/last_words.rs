//! What the framework says when it does not understand a request, in the words of the protocol.
//!
//! It answers what it cannot parse by itself, with a status and nothing else, and closes the connection. Clients of this
//! protocol want to read a reason.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use wire::Refusal;

/// A reply that takes the place of one of the framework.
#[derive(Debug)]
pub(super) struct LastWords {
    text: Vec<u8>,
    sent: usize,
}

impl LastWords {
    /// What to send in place of `bytes`, if they are such an answer of the framework. All replies of ours have a type.
    pub(super) fn of(bytes: &[u8], reply: impl FnOnce(&Refusal) -> Vec<u8>) -> Option<Self> {
        let head = bytes.strip_prefix(b"HTTP/1.1 ")?;
        let refusal = match head.get(..3)? {
            b"400" => Refusal::Malformed,
            b"408" => Refusal::TooSlow,
            b"414" => Refusal::UriTooLong,
            b"431" => Refusal::HeadTooLarge,
            _ => return None,
        };
        let is_bare = bytes.ends_with(b"\r\n\r\n") && !contains(bytes, b"content-type");
        is_bare.then(|| Self { text: reply(&refusal), sent: 0 })
    }

    /// Sends them. Ready when everything is sent.
    pub(super) fn poll_send(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.sent < self.text.len() {
            let sent = ready!(Pin::new(&mut *stream).poll_write(context, &self.text[self.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        Poll::Ready(Ok(()))
    }
}

fn contains(bytes: &[u8], name: &[u8]) -> bool {
    bytes.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_framework_says_by_itself_is_put_into_other_words() {
        let words = |bytes: &[u8]| {
            let words = LastWords::of(bytes, |refusal| refusal.status().to_string().into_bytes());
            words.map(|words| String::from_utf8(words.text).unwrap())
        };
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(words(text.as_bytes()).as_deref(), expected, "{text}");
        check("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", Some("400"));
        check("HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n", Some("431"));
        check("HTTP/1.1 414 URI Too Long\r\ncontent-length: 0\r\n\r\n", Some("414"));
        check("HTTP/1.1 400 Bad Request\r\nContent-Type: text/javascript\r\nContent-Length: 0\r\n\r\n", None);
        check("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", None);
        check("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", None);
        check("HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\nhello", None);
        check("HTTP/1.1", None);
    }
}
