//! TLS: a server that signed its own certificate is trusted when the client was told so, and only then; HTTP/2 where both speak it.

use std::convert::Infallible;
use std::sync::Arc;

use hereabouts::{Client, Config, ErrorKind};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server that says with which version of HTTP it was asked, in place of the time, and its certificate.
pub(crate) async fn server(protocols: &[&str]) -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut tls = builder.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key).unwrap();
    tls.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // A client that does not trust it goes away in the middle.
            let Ok(stream) = acceptor.accept(socket).await else { continue };
            let answer = service_fn(async |request: Request<Incoming>| {
                let version = if request.version() == hyper::Version::HTTP_2 { 2 } else { 1 };
                let body = http_body_util::Full::new(Bytes::from(format!("[{version}]")));
                Ok::<_, Infallible>(Response::new(body))
            });
            tokio::spawn(async move {
                let connection = auto::Builder::new(TokioExecutor::new());
                let _ = connection.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    (origin, certified.cert.pem())
}

#[tokio::test]
async fn a_certificate_is_trusted_when_the_client_was_told_so() {
    for (protocols, version) in [(&["h2", "http/1.1"][..], 2), (&["http/1.1"][..], 1)] {
        let (origin, certificate) = server(protocols).await;
        let config = Config::new("demo").origin(&origin);

        let stranger = Client::new(config.clone()).unwrap();
        let error = stranger.time().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");

        let friend = Client::new(config.root_certificate(certificate)).unwrap();
        assert_eq!(friend.time().await.unwrap().ticks(), version, "HTTP/{version}");
    }
}
