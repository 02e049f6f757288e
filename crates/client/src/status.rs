//! How a call ended, beside its result.

use crate::error::{Error, ErrorKind};
use crate::places::Places;

/// A result together with the status of the call: what [`Call::envelope`](crate::Call::envelope) gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<T> {
    /// What the call results in.
    pub result: T,
    /// How it ended.
    pub status: Status,
}

/// How a call ended.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::Category;
///
/// let status = client.heartbeat().channels("stairs").envelope().await?.status;
/// assert_eq!((status.category, status.operation, status.is_error()), (Category::Acknowledgment, "heartbeat", false));
/// assert_eq!(status.affected.channels, ["stairs"]);
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// In one word.
    pub category: Category,
    /// Which call it was, by its documented name.
    pub operation: &'static str,
    /// The HTTP status, if there was an answer.
    pub status_code: Option<u16>,
    /// The channels and groups that the call is about.
    pub affected: Places,
}

/// How a call ended, or what became of a subscription, in one word.
///
/// ```
/// use hereabouts::Category;
///
/// assert_eq!(Category::AccessDenied.name(), "AccessDenied");
/// assert!(Category::Timeout.is_error() && !Category::Reconnected.is_error());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// The server did what was asked.
    Acknowledgment,
    /// The caller may not do this.
    AccessDenied,
    /// The server does not take the request.
    BadRequest,
    /// There is no such thing.
    NotFound,
    /// Someone else changed the record.
    ETagMismatch,
    /// Too many requests.
    RateLimited,
    /// The server failed.
    ServerError,
    /// There was no answer in time.
    Timeout,
    /// The server cannot be reached.
    NetworkIssues,
    /// What came is not an answer.
    MalformedResponse,
    /// The call could not be made.
    Cancelled,
    /// A subscription receives.
    Connected,
    /// A subscription receives again.
    Reconnected,
    /// A subscription receives, and what it is subscribed to has changed.
    SubscriptionChanged,
    /// A subscription ended because it was asked to.
    Disconnected,
    /// A subscription ended although it was not asked to.
    UnexpectedDisconnect,
}

impl Category {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledgment => "Acknowledgment",
            Self::AccessDenied => "AccessDenied",
            Self::BadRequest => "BadRequest",
            Self::NotFound => "NotFound",
            Self::ETagMismatch => "ETagMismatch",
            Self::RateLimited => "RateLimited",
            Self::ServerError => "ServerError",
            Self::Timeout => "Timeout",
            Self::NetworkIssues => "NetworkIssues",
            Self::MalformedResponse => "MalformedResponse",
            Self::Cancelled => "Cancelled",
            Self::Connected => "Connected",
            Self::Reconnected => "Reconnected",
            Self::SubscriptionChanged => "SubscriptionChanged",
            Self::Disconnected => "Disconnected",
            Self::UnexpectedDisconnect => "UnexpectedDisconnect",
        }
    }

    /// Whether something went wrong.
    #[must_use]
    pub const fn is_error(self) -> bool {
        !matches!(
            self,
            Self::Acknowledgment | Self::Connected | Self::Reconnected | Self::SubscriptionChanged | Self::Disconnected
        )
    }
}

impl From<ErrorKind> for Category {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage => Self::Cancelled,
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Connection => Self::NetworkIssues,
            ErrorKind::AccessDenied => Self::AccessDenied,
            ErrorKind::BadRequest => Self::BadRequest,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::ETagMismatch => Self::ETagMismatch,
            ErrorKind::RateLimited => Self::RateLimited,
            ErrorKind::Unavailable => Self::ServerError,
            ErrorKind::Redirected | ErrorKind::MalformedAnswer | ErrorKind::AnswerTooLarge => Self::MalformedResponse,
        }
    }
}

impl Status {
    /// Of a call that the server did.
    pub(crate) fn done(operation: &'static str, status_code: u16, affected: Places) -> Self {
        Self { category: Category::Acknowledgment, operation, status_code: Some(status_code), affected }
    }

    /// Of a call that failed.
    pub(crate) fn failed(operation: &'static str, error: &Error, affected: Places) -> Self {
        Self { category: error.kind().into(), operation, status_code: error.status(), affected }
    }

    /// Whether the call failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.category.is_error()
    }
}
