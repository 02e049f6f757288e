//! The transport over HTTP/1.1 and HTTP/2, with TLS, keep-alive, compression and proxies: reqwest.

use std::sync::Arc;

use reqwest::redirect::Policy;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use super::{BoxFuture, Transport};
use crate::config::Config;
use crate::error::Error;
use crate::origin::Origin;
use crate::request::{Outgoing, Response};
use crate::runtime::Runtime;

/// What a client sends its requests with unless it is given another transport.
///
/// ```
/// use hereabouts::{BoxFuture, Client, Config, Error, HttpTransport, Outgoing, Response, Transport};
///
/// /// Counts what is sent.
/// struct Counting(HttpTransport, Arc<AtomicUsize>);
///
/// impl Transport for Counting {
///     fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
///         self.1.fetch_add(1, Ordering::Relaxed);
///         self.0.send(request)
///     }
/// }
///
/// # use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// # testkit::example::run(async |origin| {
/// # let config = Config::new("demo").origin(origin);
/// let count = Arc::new(AtomicUsize::new(0));
/// let counting = Counting(HttpTransport::new(&config)?, Arc::clone(&count));
/// let client = Client::with_transport(config, counting)?;
/// client.time().await?;
/// assert_eq!(count.load(Ordering::Relaxed), 1);
/// # Ok::<(), Error>(()) });
/// ```
pub struct HttpTransport {
    http: reqwest::Client,
    runtime: Runtime,
}

impl HttpTransport {
    /// The transport that a client with this configuration has by itself: for a transport that does something before or after.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when the origin, the proxy or a certificate is not one.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Self::on(Runtime::current()?, config, &config.check()?)
    }

    pub(crate) fn on(runtime: Runtime, config: &Config, origin: &Origin) -> Result<Self, Error> {
        let redirects = if config.follow_redirects { Policy::limited(REDIRECTS_MAX) } else { Policy::none() };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(config, origin)?)
            .connect_timeout(config.connect_timeout)
            .redirect(redirects)
            .referer(false);
        if let Some(proxy) = &config.proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| Error::usage("the proxy is not an address"))?;
            builder = builder.proxy(proxy);
        }
        let http =
            builder.build().map_err(|why| Error::usage("no transport can be made").because(why.without_url()))?;
        Ok(Self { http, runtime })
    }
}

/// How many redirects are followed, by a client that follows them.
const REDIRECTS_MAX: usize = 5;

impl Transport for HttpTransport {
    fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
        // Connections belong to the runtime on which they were opened. So every exchange is done on the client's own, whichever
        // runtime or thread asks.
        let task = self.runtime.spawn(exchange(self.http.clone(), request));
        Box::pin(async move { task.await.unwrap_or_else(|| Err(Error::connection("the runtime has ended"))) })
    }
}

async fn exchange(http: reqwest::Client, request: Outgoing) -> Result<Response, Error> {
    let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes());
    let method = method.map_err(|_| Error::usage("a request needs a method"))?;
    let mut sending = http.request(method, request.url()).timeout(request.timeout);
    for (name, value) in request.headers {
        sending = sending.header(name, value);
    }
    if let Some(body) = request.body {
        sending = sending.body(body);
    }
    let mut answer = sending.send().await.map_err(failure)?;
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let mut response = Response { status: answer.status().as_u16(), headers, body: Vec::new() };
    while let Some(chunk) = answer.chunk().await.map_err(failure)? {
        if response.body.len() + chunk.len() > request.answer_bytes_max {
            return Err(Error::answer_too_large(request.answer_bytes_max));
        }
        response.body.extend_from_slice(&chunk);
    }
    Ok(response)
}

/// What an error of the HTTP library means. Its URL, which may hold a token, is taken off.
fn failure(error: reqwest::Error) -> Error {
    let error = error.without_url();
    match error {
        _ if error.is_timeout() => Error::timeout(error),
        _ if error.is_builder() => Error::usage("the request cannot be written: a header is not one").because(error),
        _ if error.is_body() || error.is_decode() => Error::malformed(error),
        _ => Error::connection(error),
    }
}

/// TLS with what the machine trusts. The provider is named, since a library must not choose one for the whole process; and
/// what the machine trusts is read only where there will be TLS.
fn tls(config: &Config, origin: &Origin) -> Result<rustls::ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| Error::usage("TLS cannot be set up").because(why))?;
    if !origin.is_secure() && config.proxy.is_none() {
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = Arc::new(verifier(config, provider)?);
    let mut tls = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

fn verifier(config: &Config, provider: Arc<CryptoProvider>) -> Result<Verifier, Error> {
    let mut extra = Vec::new();
    for pem in &config.root_certificates {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            extra.push(certificate.map_err(|why| Error::usage("a root certificate cannot be read").because(why))?);
        }
    }
    Verifier::new_with_extra_roots(extra, provider)
        .map_err(|why| Error::usage("the certificates that this machine trusts cannot be read").because(why))
}
