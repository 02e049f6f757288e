//! HTTP/1.1 on a socket, without help: bytes go out as given, and what came is told.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::tls::Carrier;
use crate::{Authority, PATIENCE};

/// A connection that stays open between requests.
#[derive(Debug)]
pub struct Connection {
    stream: Carrier,
    ahead: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without chunks, as compressed as it came.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|why| panic!("{why}: status {}, body {:?}", self.status, self.text()))
    }

    /// The timetoken of a reply to a publish, or the cursor of a reply to a subscribe.
    ///
    /// # Panics
    /// When it is neither.
    #[must_use]
    pub fn timetoken(&self) -> u64 {
        let json = self.json();
        let text = json.pointer("/t/t").or_else(|| json.pointer("/2")).and_then(Value::as_str);
        text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no timetoken in {json}"))
    }

    /// The payloads of a reply to a subscribe.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn payloads(&self) -> Vec<Value> {
        let json = self.json();
        let messages = json["m"].as_array().unwrap_or_else(|| panic!("no messages in {json}"));
        messages.iter().map(|message| message["d"].clone()).collect()
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// What the system says, or that it took too long.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = patiently(TcpStream::connect(address)).await?;
        // Every write is a packet: tests of split requests rest on it.
        stream.set_nodelay(true)?;
        Ok(Self { stream: Carrier::Plain(stream), ahead: Vec::new() })
    }

    /// Connects by TLS, to a server with a certificate of an authority.
    ///
    /// # Errors
    /// What the system or the handshake says, or that it took too long.
    pub async fn open_tls(address: SocketAddr, authority: &Authority) -> io::Result<Self> {
        let stream = authority.connect(address, "http/1.1").await?;
        Ok(Self { stream: Carrier::Tls(Box::new(stream)), ahead: Vec::new() })
    }

    /// Connects from another address of this machine: all of 127.0.0.0/8 are.
    ///
    /// # Errors
    /// What the system says, or that it took too long.
    pub async fn open_from(source: IpAddr, address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(source, 0))?;
        let stream = patiently(socket.connect(address)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: Carrier::Plain(stream), ahead: Vec::new() })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// What the system says, or that it took too long.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        patiently(async {
            self.stream.write_all(bytes.as_ref()).await?;
            self.stream.flush().await
        })
        .await
    }

    /// Asks for a target with GET, and waits for the reply.
    ///
    /// # Errors
    /// What the system says, that it took too long, or that the reply is no HTTP.
    pub async fn get(&mut self, target: &str) -> io::Result<Reply> {
        self.send(get(target)).await?;
        self.receive().await
    }

    /// The next reply. One with a status below 200 is returned as well.
    ///
    /// # Errors
    /// What the system says, that it took too long, or that the reply is no HTTP.
    pub async fn receive(&mut self) -> io::Result<Reply> {
        let mut reply = self.receive_head().await?;
        reply.body = if reply.status < 200 || reply.status == 204 || reply.status == 304 {
            Vec::new()
        } else if reply.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            self.chunks().await?
        } else if let Some(length) = reply.header("content-length") {
            let length = length.parse().map_err(|_| invalid("a Content-Length that is no number"))?;
            self.take(length).await?
        } else {
            self.rest().await?
        };
        Ok(reply)
    }

    /// The head of the next reply; for HEAD, which has no body whatever the head says.
    ///
    /// # Errors
    /// What the system says, that it took too long, or that the reply is no HTTP.
    pub async fn receive_head(&mut self) -> io::Result<Reply> {
        let status_line = self.line().await?;
        let status = status_line.strip_prefix("HTTP/1.1 ").or_else(|| status_line.strip_prefix("HTTP/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| invalid(&format!("no status line: {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(Reply { status, headers, body: Vec::new() });
            }
            let (name, value) = line.split_once(':').ok_or_else(|| invalid(&format!("no header: {line:?}")))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Everything until the server closes. A reset is a close, too, and so is the end of TLS without a word.
    ///
    /// # Errors
    /// That it took too long.
    pub async fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill().await? {}
        Ok(std::mem::take(&mut self.ahead))
    }

    /// Ends our side: the server sees that nothing more comes, and may still answer.
    ///
    /// # Errors
    /// What the system says.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Ends the connection as a machine does that has forgotten it: with a reset, whatever is under way.
    ///
    /// # Errors
    /// What the system says.
    pub fn reset(self) -> io::Result<()> {
        socket2::SockRef::from(self.stream.tcp()).set_linger(Some(std::time::Duration::ZERO))
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let length = usize::from_str_radix(&line, 16).map_err(|_| invalid("a chunk without a length"))?;
            body.extend(self.take(length).await?);
            if !self.line().await?.is_empty() {
                return Err(invalid("a chunk that does not end"));
            }
            if length == 0 {
                return Ok(body);
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.ahead.drain(..end + 2).collect::<Vec<_>>();
                return String::from_utf8(line[..end].to_vec()).map_err(|_| invalid("a head that is no text"));
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < length {
            self.more().await?;
        }
        Ok(self.ahead.drain(..length).collect())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.fill().await? {
            true => Ok(()),
            false => Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                format!("closed after {:?}", String::from_utf8_lossy(&self.ahead)),
            )),
        }
    }

    /// Reads what is there. False at the end.
    async fn fill(&mut self) -> io::Result<bool> {
        match patiently(self.stream.read_buf(&mut self.ahead)).await {
            Ok(count) => Ok(count > 0),
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A GET of exactly this target.
pub(crate) fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: here\r\n\r\n")
}

pub(crate) async fn patiently<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::new(ErrorKind::TimedOut, format!("nothing happened for {} s", PATIENCE.as_secs()));
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
}

pub(crate) fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}
