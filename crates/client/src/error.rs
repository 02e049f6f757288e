//! What can go wrong with a call: a kind to match, and a cause to print.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wire::Timestamp;
pub use wire::answer::Detail;
use wire::answer::{Refused, Unreadable};

use crate::request::Response;
use crate::retry_after::retry_after;

/// Why a call failed.
///
/// Printed, it is one line that says what happened; its [`source`](StdError::source) says why. Neither ever shows a token, a
/// signature, a secret or a state.
///
/// ```
/// use hereabouts::{Config, ErrorKind, blocking::Client};
///
/// let client = Client::new(Config::new("demo"))?;
/// let error = client.publish().channel("lobby").message("hi").sync().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Usage);
/// assert_eq!(error.to_string(), "publish: this call needs a publish key");
/// # Ok::<(), hereabouts::Error>(())
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    message: String,
    status: Option<u16>,
    refused: Refused,
    retry_after: Option<Duration>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What kind of failure it is: by whom it can be mended.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::ErrorKind;
///
/// # let client = Client::new(Config::new("guarded-sub").publish_key("guarded-pub").origin(testkit::example::origin()))?;
/// match client.publish().channel("lobby").message("hi").await {
///     Ok(sent) => println!("sent at {}", sent.timetoken),
///     Err(error) => match error.kind() {
///         ErrorKind::AccessDenied => println!("a token is needed for {:?}", error.channels()),
///         ErrorKind::RateLimited => println!("again in {:?}", error.retry_after()),
///         ErrorKind::BadRequest => println!("{}: {:?}", error.message(), error.details()),
///         _ => println!("{error}"),
///     },
/// }
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call cannot be made: a key, a user or a channel is missing, or the configuration makes no sense. Nothing was sent.
    Usage,
    /// There was no answer in time. Whether the server did what was asked is not known.
    Timeout,
    /// The server cannot be reached, or the connection was lost.
    Connection,
    /// The caller may not do this (401, 403). [`Error::channels`] and [`Error::groups`] say with what.
    AccessDenied,
    /// The server does not take the request (400, and other 4xx that have no kind here).
    BadRequest,
    /// There is no such user or channel, or no such path (404).
    NotFound,
    /// The eTag named is not that of the record: someone else changed it (412).
    ETagMismatch,
    /// Too many requests (429). [`Error::retry_after`] says when to come back.
    RateLimited,
    /// The server failed, or cannot do it now (5xx).
    Unavailable,
    /// The server sent the client elsewhere (3xx), and the client does not follow.
    Redirected,
    /// What came is not an answer of this protocol: a page of some other server, or one that was cut.
    MalformedAnswer,
    /// The answer is longer than the client reads ([`Config::answer_bytes_max`](crate::Config::answer_bytes_max)).
    AnswerTooLarge,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            message: message.into(),
            status: None,
            refused: Refused::default(),
            retry_after: None,
            cause: None,
        }))
    }

    /// A call that cannot be made.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// No answer in time; for transports.
    #[must_use]
    pub fn timeout(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Timeout, "there was no answer in time").because(cause)
    }

    /// No connection, or a lost one; for transports. The cause must not show the URL, which may hold a token.
    #[must_use]
    pub fn connection(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Connection, "the server cannot be reached").because(cause)
    }

    /// An answer of more bytes than are read; for transports.
    #[must_use]
    pub fn answer_too_large(bytes_max: usize) -> Self {
        Self::new(ErrorKind::AnswerTooLarge, format!("the answer has more than {bytes_max} bytes"))
    }

    /// An answer that cannot be read.
    #[must_use]
    pub fn malformed(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::MalformedAnswer, "the answer is not one of this protocol").because(cause)
    }

    /// What an answer with another status than 2xx means.
    pub(crate) fn of(response: &Response, now: Timestamp) -> Self {
        let mut error = Self::refused(response.status, Refused::read(&response.body));
        error.0.retry_after = retry_after(response, now);
        error
    }

    /// What it means that a server refuses, with this status and these words.
    pub(crate) fn refused(status: u16, refused: Option<Refused>) -> Self {
        let kind = match status {
            300..=399 => ErrorKind::Redirected,
            401 | 403 => ErrorKind::AccessDenied,
            404 => ErrorKind::NotFound,
            412 => ErrorKind::ETagMismatch,
            429 => ErrorKind::RateLimited,
            400..=499 => ErrorKind::BadRequest,
            500..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::MalformedAnswer,
        };
        let message = match (&refused, kind) {
            (_, ErrorKind::Redirected) => "the server redirects, and redirects are not followed",
            (Some(refused), _) if !refused.message.is_empty() => &refused.message,
            _ => "the server refuses, and does not say why",
        };
        let mut error = Self::new(kind, message);
        error.0.status = Some(status);
        error.0.refused = refused.unwrap_or_default();
        error
    }

    pub(crate) fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into().into());
        self
    }

    /// The same, of this operation.
    pub(crate) fn during(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// The same without these texts, should the server have repeated them.
    pub(crate) fn without<'s>(mut self, secrets: impl IntoIterator<Item = &'s str>) -> Self {
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            let hide = |text: &mut String| {
                if text.contains(secret) {
                    *text = text.replace(secret, "…");
                }
            };
            hide(&mut self.0.message);
            self.0.refused.details.iter_mut().for_each(|detail| hide(&mut detail.message));
        }
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Which call failed, by its documented name; none when no call was made yet.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// What happened: the server's own words, where it said something.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The channels that the caller may not use.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        &self.0.refused.channels
    }

    /// The channel groups that the caller may not use.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.0.refused.groups
    }

    /// What is wrong with the request, and where, as far as the server says.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.refused.details
    }

    /// How long the server wants to be left alone, if it says so: at most a day.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::malformed(unreadable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, message, status, refused, .. } = &*self.0;
        if let Some(operation) = operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(message)?;
        if let Some(status) = status {
            write!(f, " (status {status})")?;
        }
        for (what, names) in [("channels", &refused.channels), ("groups", &refused.groups)] {
            if !names.is_empty() {
                write!(f, "; {what}: {}", names.join(", "))?;
            }
        }
        for detail in &refused.details {
            match detail.location.as_str() {
                "" => write!(f, "; {}", detail.message)?,
                location => write!(f, "; {location}: {}", detail.message)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, cause, .. } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", kind).field("message", &self.to_string());
        if let Some(cause) = cause {
            debug.field("cause", &cause.to_string());
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}
