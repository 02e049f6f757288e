//! The kinds of records and the fields a client may set.

use serde::{Deserialize, Serialize};

/// Whom a record describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A user, `uuid` on the wire.
    User,
    /// A channel.
    Channel,
}

impl Kind {
    /// What the wire calls it, in paths, bodies and events.
    ///
    /// ```
    /// assert_eq!(wire::context::Kind::User.as_str(), "uuid");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "uuid",
            Self::Channel => "channel",
        }
    }

    /// The other end of a membership.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::User => Self::Channel,
            Self::Channel => Self::User,
        }
    }

    /// The text fields of such a record, in the order of replies.
    #[must_use]
    pub const fn fields(self) -> &'static [TextField] {
        use TextField::{Description, Email, ExternalId, Name, ProfileUrl, Status, Type};
        match self {
            Self::User => &[Name, ExternalId, ProfileUrl, Email, Type, Status],
            Self::Channel => &[Name, Description, Type, Status],
        }
    }
}

/// A field that holds text or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TextField {
    /// `name`
    Name,
    /// `externalId`, of users
    ExternalId,
    /// `profileUrl`, of users
    ProfileUrl,
    /// `email`, of users
    Email,
    /// `description`, of channels
    Description,
    /// `type`
    Type,
    /// `status`
    Status,
}

impl TextField {
    /// Every field.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::ExternalId, Self::ProfileUrl, Self::Email, Self::Description, Self::Type, Self::Status];
    /// The text fields of a membership.
    pub const OF_MEMBERSHIP: &'static [Self] = &[Self::Type, Self::Status];

    /// What the wire calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ExternalId => "externalId",
            Self::ProfileUrl => "profileUrl",
            Self::Email => "email",
            Self::Description => "description",
            Self::Type => "type",
            Self::Status => "status",
        }
    }

    /// The most characters it may hold.
    #[must_use]
    pub const fn max_characters(self) -> usize {
        match self {
            Self::Name | Self::ExternalId | Self::ProfileUrl | Self::Description => 2048,
            Self::Email => 320,
            Self::Type | Self::Status => 50,
        }
    }
}
