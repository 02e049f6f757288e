//! Certificates of an authority that is made for a test, and clients that trust it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http::patiently;

/// Issues certificates. Clones are the same authority.
#[derive(Clone)]
pub struct Authority(Arc<CertifiedIssuer<'static, KeyPair>>);

/// A certificate for this machine and its private key, as PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub cert: String,
    /// Its private key.
    pub key: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Default for Authority {
    /// A new one.
    fn default() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        Self(Arc::new(CertifiedIssuer::self_signed(authority, key).expect("an authority can be made")))
    }
}

impl Authority {
    /// Issues a certificate.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn issue(&self) -> Certificate {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let (params, key) = (CertificateParams::new(names).expect("names"), KeyPair::generate().expect("a key"));
        let cert = params.signed_by(&key, &*self.0).expect("a certificate can be signed");
        Certificate { cert: cert.pem(), key: key.serialize_pem() }
    }

    /// Its own certificate, for clients that should trust it.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a server with a certificate of this authority chooses to speak of these protocols, the client's favourite first.
    ///
    /// # Errors
    /// What the system or the handshake says, or that it took too long.
    pub async fn spoken(&self, address: SocketAddr, offered: &[&str]) -> io::Result<Option<String>> {
        let stream = self.shake_hands(address, offered).await?;
        let spoken = stream.get_ref().1.alpn_protocol();
        Ok(spoken.map(|name| String::from_utf8_lossy(name).into_owned()))
    }

    /// Connects to a server that must have a certificate of this authority, and speak this protocol.
    ///
    /// # Errors
    /// What the system or the handshake says, or that it took too long.
    pub(crate) async fn connect(&self, address: SocketAddr, protocol: &str) -> io::Result<TlsStream<TcpStream>> {
        let stream = self.shake_hands(address, &[protocol]).await?;
        let spoken = stream.get_ref().1.alpn_protocol();
        if spoken != Some(protocol.as_bytes()) {
            return Err(io::Error::other(format!("it speaks {spoken:?} and not {protocol}")));
        }
        Ok(stream)
    }

    async fn shake_hands(&self, address: SocketAddr, offered: &[&str]) -> io::Result<TlsStream<TcpStream>> {
        let stream = patiently(TcpStream::connect(address)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::IpAddress(address.ip().into());
        patiently(TlsConnector::from(self.client(offered)).connect(name, stream)).await
    }

    fn client(&self, offered: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a certificate that was just made");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("ring knows them");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

impl Certificate {
    /// Writes both into a directory, as `cert.pem` and `key.pem`.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write(&self, directory: &Path) {
        for (file, text) in [("cert.pem", &self.cert), ("key.pem", &self.key)] {
            std::fs::write(directory.join(file), text).expect("a certificate can be written");
        }
    }
}

/// What carries a connection.
#[derive(Debug)]
pub(crate) enum Carrier {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Carrier {
    /// The connection below.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Carrier {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
