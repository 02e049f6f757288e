//! The two kinds of records.

use serde::de::DeserializeOwned;
use wire::context::answer::{ChannelMember, ChannelMembership, ChannelMetadata, UserMetadata};

use super::include::{Included, MemberIncludes, MembershipIncludes};
use crate::calls::{require_channel, user_or_own};
use crate::config::Config;
use crate::error::Error;

/// Users: who there is.
#[derive(Clone, Copy, Debug)]
pub enum Users {}

/// Channels: where one can be.
#[derive(Clone, Copy, Debug)]
pub enum Channels {}

/// A kind of records: what the wire and the documents call it, and what is read of it.
pub trait Kind: Send + Sync + 'static + sealed::Sealed {
    /// What is read of a record.
    type Metadata: DeserializeOwned + Send + 'static;
    /// What is read of a membership, seen from a record of this kind.
    type Membership: DeserializeOwned + Send + 'static;
    /// What may be shown of a membership, seen from a record of this kind.
    type Includes: Into<Included>;
    /// The kind at the other end of a membership.
    type Other: Kind;

    /// What the wire calls one of them.
    const NAME: &'static str;
    /// The segment of paths.
    const SEGMENT: &'static str;
    /// The documented names of the calls.
    const CALLS: Calls;

    /// The id that a call is about: the one that it names, or else that of the client's own user, if it is a user that is wanted.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when there is none.
    fn id<'i>(named: Option<&'i String>, config: &'i Config) -> Result<&'i str, Error>;
}

/// The documented names of the calls about a kind.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "each is the name of the call that it is named after")]
pub struct Calls {
    pub get_all: &'static str,
    pub get: &'static str,
    pub set: &'static str,
    pub remove: &'static str,
    pub write: &'static str,
    pub get_memberships: &'static str,
    /// Setting, removing and managing memberships.
    pub changes: [&'static str; 3],
}

impl Kind for Users {
    type Metadata = UserMetadata;
    type Membership = ChannelMembership;
    type Includes = MembershipIncludes;
    type Other = Channels;

    const NAME: &'static str = "uuid";
    const SEGMENT: &'static str = "uuids";
    const CALLS: Calls = Calls {
        get_all: "get_all_uuid_metadata",
        get: "get_uuid_metadata",
        set: "set_uuid_metadata",
        remove: "remove_uuid_metadata",
        write: "write_uuid_metadata",
        get_memberships: "get_memberships",
        changes: ["set_memberships", "remove_memberships", "manage_memberships"],
    };

    fn id<'i>(named: Option<&'i String>, config: &'i Config) -> Result<&'i str, Error> {
        user_or_own(named, config)
    }
}

impl Kind for Channels {
    type Metadata = ChannelMetadata;
    type Membership = ChannelMember;
    type Includes = MemberIncludes;
    type Other = Users;

    const NAME: &'static str = "channel";
    const SEGMENT: &'static str = "channels";
    const CALLS: Calls = Calls {
        get_all: "get_all_channel_metadata",
        get: "get_channel_metadata",
        set: "set_channel_metadata",
        remove: "remove_channel_metadata",
        write: "write_channel_metadata",
        get_memberships: "get_channel_members",
        changes: ["set_channel_members", "remove_channel_members", "manage_channel_members"],
    };

    fn id<'i>(named: Option<&'i String>, _: &'i Config) -> Result<&'i str, Error> {
        require_channel(named)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Users {}
    impl Sealed for super::Channels {}
}
