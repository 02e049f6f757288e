//! What is asked, as an operation says it and as a transport sends it; and what was answered.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use wire::encode;
pub use wire::route::Method;

use crate::origin::Origin;

/// What is asked of the server.
///
/// An operation says what is asked for; the client adds where it goes, who asks, and the signature.
///
/// ```
/// use hereabouts::{Method, Request};
///
/// let request = Request::new(Method::Post, ["v1", "things"]).with("limit", "10").with_some("page", None::<String>);
/// let request = request.header("x-trace", "7").json(r#"{"a":1}"#);
/// assert_eq!(request.target(), "/v1/things?limit=10");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// How it asks.
    pub method: Method,
    /// The path, encoded, from its first slash on.
    pub path: String,
    /// The parameters, not encoded, in the order in which they are sent.
    pub query: Vec<(String, String)>,
    /// Headers beside those of HTTP itself.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// How long the whole answer may take, where the client's own setting does not fit.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request with this method, for a path of these segments. Each is encoded.
    ///
    /// ```
    /// use hereabouts::{Method, Request};
    /// let request = Request::new(Method::Get, ["time", "a/b"]).with("uuid", "ann & bob");
    /// assert_eq!(request.target(), "/time/a%2Fb?uuid=ann%20%26%20bob");
    /// ```
    #[must_use]
    pub fn new<'s>(method: Method, segments: impl IntoIterator<Item = &'s str>) -> Self {
        let mut path = String::with_capacity(64);
        for segment in segments {
            // Writing into a String cannot fail.
            let _ = write!(path, "/{}", encode(segment));
        }
        Self { method, path, query: Vec::new(), headers: Vec::new(), body: None, timeout: None }
    }

    /// A `GET`.
    #[must_use]
    pub fn get<'s>(segments: impl IntoIterator<Item = &'s str>) -> Self {
        Self::new(Method::Get, segments)
    }

    /// The same with a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a parameter, if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with a header, if there is a value.
    #[must_use]
    pub fn header_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// The same with a body that is merged with what is there, by RFC 7396.
    #[must_use]
    pub fn merge_patch(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.body = Some(text.into());
        self.header("content-type", "application/merge-patch+json")
    }

    /// The same with a body of JSON.
    #[must_use]
    pub fn json(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.body = Some(text.into());
        self.header("content-type", "application/json")
    }

    /// Path and query, as they stand in the request line.
    #[must_use]
    pub fn target(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            let sign = if index == 0 { '?' } else { '&' };
            // Writing into a String cannot fail.
            let _ = write!(target, "{sign}{}={}", encode(name), encode(value));
        }
        target
    }
}

/// Neither path, query nor body: they may hold tokens, signatures, states and messages.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A request as a transport sends it.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// How it asks.
    pub method: Method,
    /// Where it goes.
    pub origin: Origin,
    /// Path and query, encoded and signed: they must stand in the request line exactly so.
    pub target: String,
    /// Headers beside those of HTTP itself.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Vec<u8>>,
    /// How long the whole answer may take.
    pub timeout: Duration,
    /// The most bytes of the answer's body, decompressed, that are to be read.
    pub answer_bytes_max: usize,
}

impl Outgoing {
    /// The whole URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.origin, self.target)
    }
}

/// Not the target, the headers or the body: they may hold tokens, signatures, states and messages.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("method", &self.method).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// What the server answered.
///
/// ```
/// use hereabouts::Response;
///
/// let mut response = Response::new(429, "{}");
/// response.headers.push(("retry-after".into(), "7".into()));
/// assert_eq!(response.header("retry-after"), Some("7"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with this status and body.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Not the body: it may hold tokens, states and messages.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
