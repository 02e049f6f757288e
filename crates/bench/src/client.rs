//! One keep-alive connection that asks and reads, with as little of its own cost as can be.

use std::io::{self, Write};
use std::net::SocketAddr;

use anyhow::bail;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    bytes: Vec<u8>,
    /// The body of a reply that came in chunks.
    joined: Vec<u8>,
    request: Vec<u8>,
    /// Lines of headers for every request.
    headers: String,
}

/// Where the body of a reply is.
enum Body {
    /// In the bytes as they came.
    Plain(std::ops::Range<usize>),
    /// In chunks, now joined.
    Joined,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, bytes: Vec::new(), joined: Vec::new(), request: Vec::new(), headers: String::new() })
    }

    /// Sends a header with every request from now on.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
    }

    /// Sends a request without waiting for its reply.
    pub(crate) async fn send(&mut self, method: &str, target: &str, body: &str) -> io::Result<()> {
        self.request.clear();
        write!(self.request, "{method} {target} HTTP/1.1\r\nHost: localhost\r\n{}", self.headers)?;
        if !body.is_empty() {
            write!(self.request, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())?;
        }
        write!(self.request, "\r\n{body}")?;
        self.stream.write_all(&self.request).await
    }

    /// Reads one reply; its body must be that of a success.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<&[u8]> {
        self.bytes.clear();
        loop {
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(body) = self.body()? {
                return Ok(match body {
                    Body::Plain(range) => &self.bytes[range],
                    Body::Joined => &self.joined,
                });
            }
        }
    }

    /// The body of the reply, once all of it is there.
    fn body(&mut self) -> anyhow::Result<Option<Body>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = response.parse(&self.bytes)? else { return Ok(None) };
        let code = response.code;
        let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let body = if let Some(length) = length {
            let end = head + std::str::from_utf8(length.value)?.parse::<usize>()?;
            (self.bytes.len() >= end).then_some(Body::Plain(head..end))
        } else if response.headers.iter().any(|header| header.name.eq_ignore_ascii_case("transfer-encoding")) {
            join_chunks(&self.bytes[head..], &mut self.joined)?.then_some(Body::Joined)
        } else {
            bail!("a reply without a length");
        };
        if body.is_some() && code != Some(200) {
            bail!("an unexpected reply: {}", String::from_utf8_lossy(&self.bytes));
        }
        Ok(body)
    }

    /// Asks, and reads the reply.
    pub(crate) async fn get(&mut self, target: &str) -> anyhow::Result<&[u8]> {
        self.ask("GET", target, "").await
    }

    /// Asks with a method and a body, and reads the reply.
    pub(crate) async fn ask(&mut self, method: &str, target: &str, body: &str) -> anyhow::Result<&[u8]> {
        self.send(method, target, body).await?;
        self.receive().await
    }
}

/// Joins the chunks of a body, and says whether the last one was among them.
fn join_chunks(mut bytes: &[u8], joined: &mut Vec<u8>) -> anyhow::Result<bool> {
    joined.clear();
    loop {
        let Ok(size) = httparse::parse_chunk_size(bytes) else { bail!("a chunk without a size") };
        let httparse::Status::Complete((begin, length)) = size else { return Ok(false) };
        let end = begin + usize::try_from(length)?;
        // Behind each chunk, and behind the last and empty one, is the end of a line.
        let Some(chunk) = bytes.get(begin..end + 2) else { return Ok(false) };
        if length == 0 {
            return Ok(true);
        }
        joined.extend_from_slice(&chunk[..chunk.len() - 2]);
        bytes = &bytes[end + 2..];
    }
}
