//! What a call is about: which request it makes, and what its answer means. No I/O.

use crate::config::Config;
use crate::error::Error;
use crate::places::Places;
use crate::request::{Request, Response};

/// One thing to ask of the server: from options to a request, from an answer to a result.
///
/// The client does the rest: it adds who asks, the token and the signature, sends the request, and turns refusals into errors.
/// An application may make operations of its own, for what this crate has no call for, and run them with
/// [`Caller::call`](crate::Caller::call).
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::{Error, Operation, Request, Response};
///
/// /// How many bytes the server's clock is long.
/// struct ClockBytes;
///
/// impl Operation for ClockBytes {
///     type Output = usize;
///
///     const NAME: &'static str = "clock_bytes";
///
///     fn request(&self, _: &Config) -> Result<Request, Error> {
///         Ok(Request::get(["time", "0"]))
///     }
///
///     fn answer(&self, response: &Response) -> Result<usize, Error> {
///         Ok(response.body.len())
///     }
/// }
///
/// assert_eq!(client.call(ClockBytes).await?, "[17000000000000000]".len());
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
pub trait Operation: Send + Sync + 'static {
    /// What the call results in.
    type Output: Send + 'static;

    /// The documented name of the call.
    const NAME: &'static str;

    /// Whether everyone may do it: then it is sent without token and signature.
    const OPEN: bool = false;

    /// The request for it.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when something that it needs is missing.
    fn request(&self, config: &Config) -> Result<Request, Error>;

    /// What an answer to it means, whose status is 2xx.
    ///
    /// # Errors
    /// [`ErrorKind::MalformedAnswer`](crate::ErrorKind::MalformedAnswer) when it is no answer to this.
    fn answer(&self, response: &Response) -> Result<Self::Output, Error>;

    /// The channels and groups that it is about, for [`Status`](crate::Status).
    fn affects(&self) -> Places {
        Places::default()
    }

    /// The state that it sets on these channels and groups for the user of the client, if it does. Subscriptions repeat it
    /// whenever the user joins there again.
    fn sets_state(&self) -> Option<(Places, wire::Json)> {
        None
    }

    /// Texts of this operation that no error may show, beside the keys and the token of the client.
    fn secrets(&self) -> Vec<&str> {
        Vec::new()
    }
}
