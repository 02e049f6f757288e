//! App context: users, channels, and who is a member of what.
//!
//! Calls about users and calls about channels are the same operations of two kinds ([`Users`], [`Channels`]); memberships are
//! seen from either end. Names of the documents that say *uuid* have a newer one beside them that says *user*.

mod change;
mod entry;
mod fields;
mod get;
mod get_all;
mod include;
mod kind;
mod list;
mod memberships;
mod remove;
mod results;
mod set;
mod write;

pub use change::{Change, Managing, OneList, Removing, Setting, Verb};
pub use entry::{ChannelMemberEntry, ChannelMembershipEntry, Entry, Uuid};
pub use fields::{Fields, NewRecord, Text};
pub use get::Get;
pub use get_all::GetAll;
pub use include::{
    ChannelIncludeEndpoint, IncludeMemberships, IncludeRecord, Included, MemberIncludes, MembershipIncludes, OfRecords,
    UuidIncludeEndpoint,
};
pub use kind::{Calls, Channels, Kind, Users};
pub use list::{Listing, ListingOptions, SortKey, SortKeyValue};
pub use memberships::Memberships;
pub use remove::Remove;
pub use results::*;
pub use set::Set;
pub use wire::context::Moment;
pub use wire::context::answer::{
    ChannelMember, ChannelMembership, ChannelMetadata, ListResult, PageCursor as Page, RecordResult, RemovedResult,
    UserMetadata, WriteResult, Written, WrittenRecord,
};
pub use write::Write;

use crate::calls::{OnChannel, OnUser};
use crate::config::Config;
use crate::operation::Operation;
use crate::request::{Method, Request};

/// The request for the list of a kind, or for one record of it, or for the memberships of one.
fn request<K: Kind>(config: &Config, method: Method, id: Option<&str>, memberships: bool) -> Request {
    let path = ["v2", "objects", &config.subscribe_key, K::SEGMENT].into_iter().chain(id);
    Request::new(method, path.chain(memberships.then_some(K::Other::SEGMENT)))
}

/// Operations about one user or channel.
pub trait OnRecord: Operation {
    /// What it is about.
    type Kind: Kind;

    /// The id that it names, if any.
    fn id_mut(&mut self) -> &mut Option<String>;
}

impl<O: OnRecord<Kind = Users>> OnUser for O {
    fn user_mut(&mut self) -> &mut Option<String> {
        self.id_mut()
    }
}

impl<O: OnRecord<Kind = Channels>> OnChannel for O {
    fn channel_mut(&mut self) -> &mut Option<String> {
        self.id_mut()
    }
}
