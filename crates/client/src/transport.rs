//! How requests get to the server and answers back: one method.

use std::pin::Pin;

use crate::error::Error;
use crate::request::{Outgoing, Response};

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
pub use http::HttpTransport;

/// A future on the heap. It can be sent to another thread, but for wasm32, where there is none and the futures of a browser
/// cannot be.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// A future on the heap. It can be sent to another thread, but for wasm32, where there is none and the futures of a browser
/// cannot be.
#[cfg(target_arch = "wasm32")]
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Sends requests. A test needs no socket: it hands a client a transport of its own.
///
/// ```
/// use hereabouts::{BoxFuture, Client, Config, Error, Outgoing, Response, Transport};
///
/// /// Always answers the same.
/// struct Always(Response);
///
/// impl Transport for Always {
///     fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>> {
///         assert!(request.target.starts_with("/time/0"));
///         let response = self.0.clone();
///         Box::pin(async move { Ok(response) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Error> {
/// let client = Client::with_transport(Config::new("demo"), Always(Response::new(200, "[17000000000000000]")))?;
/// assert_eq!(client.time().await?.to_string(), "17000000000000000");
/// # Ok(()) }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and reads its whole answer, whatever its status.
    ///
    /// Dropping the future gives the exchange up. A transport keeps to `timeout` and `answer_bytes_max`; it does not repeat
    /// a request, and does not follow redirects unless it was told to.
    ///
    /// # Errors
    /// [`Error::timeout`], [`Error::connection`] or [`Error::answer_too_large`].
    fn send(&self, request: Outgoing) -> BoxFuture<Result<Response, Error>>;
}
