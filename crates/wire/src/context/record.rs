//! Users, channels and memberships as they are kept.

use std::fmt;

use compact_str::CompactString;

use super::{Custom, Kind, Moment, TextField};
use crate::names::RecordId;

/// What a client sets: text fields and `custom`.
///
/// ```
/// use wire::context::{Content, TextField};
/// let content = Content::default().with(TextField::Name, "Ann");
/// assert_eq!(content.text(TextField::Name), Some("Ann"));
/// assert_eq!(content.text(TextField::Email), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    texts: [Option<Box<str>>; TextField::ALL.len()],
    /// `custom`
    pub custom: Option<Custom>,
}

impl Content {
    /// The text of a field, if it is set.
    #[must_use]
    pub fn text(&self, field: TextField) -> Option<&str> {
        self.texts[field as usize].as_deref()
    }

    /// Sets or clears a field.
    pub fn set(&mut self, field: TextField, text: Option<impl Into<Box<str>>>) {
        self.texts[field as usize] = text.map(Into::into);
    }

    /// The same with a field set.
    #[must_use]
    pub fn with(mut self, field: TextField, text: &str) -> Self {
        self.set(field, Some(text));
        self
    }

    /// The same with this `custom`.
    #[must_use]
    pub fn with_custom(mut self, custom: Custom) -> Self {
        self.custom = Some(custom);
        self
    }
}

/// The metadata of a user or of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub id: RecordId,
    /// What was set.
    pub content: Content,
    /// When it last changed.
    pub updated: Moment,
    /// New with every change.
    pub etag: ETag,
}

/// That a user is a member of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub user: RecordId,
    /// Where.
    pub channel: RecordId,
    /// `type`, `status` and `custom`.
    pub content: Content,
    /// When it last changed.
    pub updated: Moment,
    /// The same for equal contents.
    pub etag: ETag,
}

impl Membership {
    /// The id at one end.
    #[must_use]
    pub fn end(&self, kind: Kind) -> &RecordId {
        match kind {
            Kind::User => &self.user,
            Kind::Channel => &self.channel,
        }
    }
}

/// A membership as a list shows it: with the metadata of its other end, if there is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The membership.
    pub membership: Membership,
    /// The channel of a user's membership, or the user of a channel's.
    pub record: Option<Record>,
}

/// The version of a record, opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(CompactString);

impl ETag {
    /// The eTag with that text.
    #[must_use]
    pub fn new(text: impl Into<CompactString>) -> Self {
        Self(text.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
