//! One keep-alive connection that asks and reads, with as little of its own cost as can be.

use std::io::{self, Write};
use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection.
pub(crate) struct Client {
    stream: TcpStream,
    bytes: Vec<u8>,
    request: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, bytes: Vec::new(), request: Vec::new() })
    }

    /// Sends a request without waiting for its reply.
    pub(crate) async fn send(&mut self, method: &str, target: &str, body: &str) -> io::Result<()> {
        self.request.clear();
        write!(self.request, "{method} {target} HTTP/1.1\r\nHost: localhost\r\n")?;
        if !body.is_empty() {
            write!(self.request, "Content-Length: {}\r\n", body.len())?;
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
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut response = httparse::Response::new(&mut headers);
            let httparse::Status::Complete(head) = response.parse(&self.bytes)? else { continue };
            let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
            let length: usize = std::str::from_utf8(length.context("no length")?.value)?.parse()?;
            if self.bytes.len() < head + length {
                continue;
            }
            if response.code != Some(200) {
                bail!("an unexpected reply: {}", String::from_utf8_lossy(&self.bytes));
            }
            return Ok(&self.bytes[head..head + length]);
        }
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
