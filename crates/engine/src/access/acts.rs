//! What can be done, each act with the names that it needs permission for.
//!
//! An act is made from a request, decided upon, and comes back inside a [`Permit`](super::Permit). Whoever acts takes the
//! names out of the permit and from nowhere else.

use std::borrow::Cow;

use smallvec::SmallVec;
use wire::access::{Resource, category};
use wire::context::Kind;
use wire::{ChannelName, GroupName, RecordId};

use super::Operation;
use crate::context::{Manage, Set};
use crate::groups::GroupStream;

/// Names with their kinds, in the order of the request.
pub type Names<'a> = SmallVec<[(Resource, Cow<'a, str>); 2]>;

/// Something that needs permission.
pub trait Act {
    /// Its row in the table.
    fn operation(&self) -> Operation;

    /// The names that it needs permission for.
    fn names(&self) -> Names<'_>;
}

/// Channels, and all channels of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Channels.
    pub channels: Vec<ChannelName>,
    /// Groups.
    pub groups: Vec<GroupName>,
}

fn channel(name: &ChannelName) -> (Resource, Cow<'_, str>) {
    (Resource::Channel, Cow::Borrowed(name.as_str()))
}

fn group(name: &GroupName) -> (Resource, Cow<'_, str>) {
    (Resource::Group, Cow::Borrowed(name.as_str()))
}

fn record(kind: Kind, id: &RecordId) -> (Resource, Cow<'_, str>) {
    let kind = match kind {
        Kind::User => Resource::User,
        Kind::Channel => Resource::Channel,
    };
    (kind, Cow::Borrowed(id.as_str()))
}

impl Places {
    fn names(&self) -> Names<'_> {
        self.channels.iter().map(channel).chain(self.groups.iter().map(group)).collect()
    }
}

/// Publishing a message or a signal.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Which of the two.
    pub kind: Sent,
    /// Where.
    pub channel: ChannelName,
}

/// What a client can publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A message.
    Message,
    /// A signal.
    Signal,
}

impl Act for Publish {
    fn operation(&self) -> Operation {
        match self.kind {
            Sent::Message => Operation::Publish,
            Sent::Signal => Operation::Signal,
        }
    }

    fn names(&self) -> Names<'_> {
        std::iter::once(channel(&self.channel)).collect()
    }
}

/// Listening to channels and groups, and to their presence streams, which have names of their own.
#[derive(Clone, Debug, Default)]
pub struct Listen {
    /// Channels, presence streams and patterns, each once.
    pub channels: Vec<ChannelName>,
    /// Groups and their presence streams, each once.
    pub groups: Vec<GroupStream>,
}

impl Act for Listen {
    fn operation(&self) -> Operation {
        Operation::Subscribe
    }

    fn names(&self) -> Names<'_> {
        let stream = |stream: &'_ GroupStream| (Resource::Group, Cow::Owned(stream.to_string()));
        self.channels.iter().map(channel).chain(self.groups.iter().map(stream)).collect()
    }
}

/// An act on the places of a presence call.
macro_rules! on_places {
    ($($(#[$doc:meta])* $act:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default)]
            pub struct $act(pub Places);

            impl Act for $act {
                fn operation(&self) -> Operation {
                    Operation::$act
                }

                fn names(&self) -> Names<'_> {
                    self.0.names()
                }
            }
        )*
    };
}

on_places! {
    /// Joining or renewing.
    Heartbeat,
    /// Leaving.
    Leave,
    /// Asking who is there.
    HereNow,
    /// Reading a user's states.
    GetState,
    /// Setting a user's state.
    SetState,
}

/// An act on one group.
macro_rules! on_group {
    ($($(#[$doc:meta])* $act:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            pub struct $act(pub GroupName);

            impl Act for $act {
                fn operation(&self) -> Operation {
                    Operation::$act
                }

                fn names(&self) -> Names<'_> {
                    std::iter::once(group(&self.0)).collect()
                }
            }
        )*
    };
}

on_group! {
    /// Reading which channels a group has.
    ListGroup,
    /// Adding channels to a group, or removing them from it.
    ChangeGroup,
    /// Deleting a group.
    DeleteGroup,
}

/// An act that no name limits.
macro_rules! on_everything {
    ($($(#[$doc:meta])* $act:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $act;

            impl Act for $act {
                fn operation(&self) -> Operation {
                    Operation::$act
                }

                fn names(&self) -> Names<'_> {
                    Names::new()
                }
            }
        )*
    };
}

on_everything! {
    /// Asking who is anywhere.
    HereNowEverywhere,
    /// Asking where someone is.
    WhereNow,
    /// Reading the names of all groups.
    ListGroups,
    /// Granting a token.
    GrantToken,
    /// Revoking a token.
    RevokeToken,
    /// Granting permissions to auth keys.
    GrantKeys,
    /// Reading what was granted to auth keys.
    AuditKeys,
}

/// Reading all users or all channels.
#[derive(Clone, Copy, Debug)]
pub struct ListRecords(pub Kind);

impl Act for ListRecords {
    fn operation(&self) -> Operation {
        Operation::ListRecords(self.0)
    }

    fn names(&self) -> Names<'_> {
        std::iter::once((Resource::Category, Cow::Borrowed(category(self.0)))).collect()
    }
}

/// An act on one user or channel, or on what belongs to it.
macro_rules! on_record {
    ($($(#[$doc:meta])* $act:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug)]
            pub struct $act {
                /// Of what kind.
                pub kind: Kind,
                /// Which.
                pub id: RecordId,
            }

            impl Act for $act {
                fn operation(&self) -> Operation {
                    Operation::$act(self.kind)
                }

                fn names(&self) -> Names<'_> {
                    std::iter::once(record(self.kind, &self.id)).collect()
                }
            }
        )*
    };
}

on_record! {
    /// Reading metadata.
    GetRecord,
    /// Setting metadata.
    SetRecord,
    /// Removing metadata.
    RemoveRecord,
    /// Reading the memberships of a user or the members of a channel.
    ListMemberships,
}

/// Setting the metadata of several users or channels.
#[derive(Clone, Debug)]
pub struct WriteRecords {
    /// Of what kind they are.
    pub kind: Kind,
    /// What is set, all of that kind.
    pub sets: Vec<Set>,
}

impl Act for WriteRecords {
    fn operation(&self) -> Operation {
        Operation::WriteRecords(self.kind)
    }

    fn names(&self) -> Names<'_> {
        self.sets.iter().map(|set| record(set.kind, &set.id)).collect()
    }
}

/// Setting or removing memberships of one user, or members of one channel.
#[derive(Clone, Debug)]
pub struct ManageMemberships(pub Manage);

impl Act for ManageMemberships {
    fn operation(&self) -> Operation {
        Operation::ManageMemberships(self.0.owner)
    }

    fn names(&self) -> Names<'_> {
        let manage = &self.0;
        let owner = std::iter::once(record(manage.owner, &manage.id));
        match manage.owner {
            // Whoever manages a channel may take in anybody.
            Kind::Channel => owner.collect(),
            Kind::User => owner.chain(manage.others().map(|id| record(Kind::Channel, id))).collect(),
        }
    }
}
