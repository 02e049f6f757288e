//! HTTP/2, with prior knowledge or over TLS.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::http::{invalid, patiently};
use crate::{Authority, Reply};

/// One connection; clones share it.
#[derive(Clone, Debug)]
pub struct Http2(SendRequest<Full<Bytes>>);

impl Http2 {
    /// Connects.
    ///
    /// # Errors
    /// What the system says, or that it took too long.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(patiently(TcpStream::connect(address)).await?).await
    }

    /// Connects by TLS, to a server with a certificate of an authority.
    ///
    /// # Errors
    /// What the system or the handshake says, or that it took too long.
    pub async fn open_tls(address: SocketAddr, authority: &Authority) -> io::Result<Self> {
        Self::over(authority.connect(address, "h2").await?).await
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<Self> {
        let shaken = patiently(async { handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(broken) });
        let (sender, connection) = shaken.await?;
        // How it ends is seen by whoever waits for a reply.
        tokio::spawn(async { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// What the connection says, or that it took too long.
    pub async fn exchange(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
    ) -> io::Result<Reply> {
        let mut request = Request::builder().method(method).uri(format!("http://here{target}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::from(body.unwrap_or_default())).map_err(|why| invalid(&why.to_string()))?;
        let mut sender = self.0.clone();
        patiently(async {
            sender.ready().await.map_err(broken)?;
            let (parts, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
            let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            Ok(Reply {
                status: parts.status.as_u16(),
                headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
                body: body.collect().await.map_err(broken)?.to_bytes().into(),
            })
        })
        .await
    }
}

fn broken(why: hyper::Error) -> io::Error {
    io::Error::other(why)
}
