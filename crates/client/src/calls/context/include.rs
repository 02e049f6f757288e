//! Which parts of a record an answer shows.

use super::kind::{Channels, Kind, Users};
use crate::call::Call;
use crate::operation::Operation;
use crate::request::Request;

/// What is shown of a record beside its default fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfRecords {
    /// `custom`
    pub custom: bool,
    /// `status`
    pub status: bool,
    /// `type`
    pub type_: bool,
}

impl OfRecords {
    /// What calls that read show unless they are told otherwise.
    pub(crate) const READ: Self = Self { custom: false, status: true, type_: true };

    fn names(self) -> impl Iterator<Item = &'static str> {
        let names = [(self.custom, "custom"), (self.status, "status"), (self.type_, "type")];
        names.into_iter().filter_map(|(yes, name)| yes.then_some(name))
    }

    /// The request that asks for it.
    pub(crate) fn ask(self, request: Request) -> Request {
        with_include(request, &self.names().map(str::to_owned).collect::<Vec<_>>())
    }
}

fn with_include(request: Request, names: &[String]) -> Request {
    request.with_some("include", (!names.is_empty()).then(|| names.join(",")))
}

/// Operations whose answers show records.
pub trait IncludeRecord: Operation {
    /// What is shown so far.
    fn include_mut(&mut self) -> &mut OfRecords;
}

/// Which fields of records an answer shows.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use serde_json::json;
///
/// client.set_user_metadata().user("kim").set_status("busy").custom(json!({"team": "x"})).await?;
/// let kim = client.get_user_metadata().user("kim").include_custom(true).include_status(true).include_type(false).await?;
/// assert_eq!((kim.data.status.as_deref(), kim.data.custom.is_some()), (Some("busy"), true));
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M, O: IncludeRecord> Call<M, O> {
    /// Whether the answer shows `custom`. Default: no.
    pub fn include_custom(mut self, yes: bool) -> Self {
        self.operation.include_mut().custom = yes;
        self
    }

    /// Whether the answer shows `status`. Default: yes, but no for calls that set something or are about memberships.
    pub fn include_status(mut self, yes: bool) -> Self {
        self.operation.include_mut().status = yes;
        self
    }

    /// Whether the answer shows `type`. Default: yes, but no for calls that set something or are about memberships.
    pub fn include_type(mut self, yes: bool) -> Self {
        self.operation.include_mut().type_ = yes;
        self
    }
}

/// What is shown of memberships, whichever end they are seen from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Included {
    pub(crate) own: OfRecords,
    pub(crate) joined: Option<OfRecords>,
    pub(crate) total_count: bool,
}

impl Included {
    /// The request that asks for it, for memberships whose other end is of kind `K`.
    pub(crate) fn ask<K: Kind>(self, request: Request) -> Request {
        let mut names: Vec<String> = self.own.names().map(str::to_owned).collect();
        if let Some(joined) = self.joined {
            names.push(K::NAME.to_owned());
            names.extend(joined.names().map(|name| format!("{}.{name}", K::NAME)));
        }
        with_include(request, &names).with_some("count", self.total_count.then_some("true"))
    }
}

/// What is shown of a user's memberships: an argument of `include`.
///
/// ```
/// use hereabouts::calls::context::MembershipIncludes;
///
/// let includes = MembershipIncludes { custom: true, channel: true, channel_custom: true, ..Default::default() };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MembershipIncludes {
    /// How many memberships there are in all.
    pub total_count: bool,
    /// `custom` of the membership.
    pub custom: bool,
    /// `status` of the membership.
    pub status: bool,
    /// `type` of the membership.
    pub type_: bool,
    /// The metadata of the channel.
    pub channel: bool,
    /// `custom` of the channel.
    pub channel_custom: bool,
    /// `status` of the channel.
    pub channel_status: bool,
    /// `type` of the channel.
    pub channel_type: bool,
}

/// What is shown of a channel's members: an argument of `include`.
///
/// ```
/// use hereabouts::calls::context::MemberIncludes;
///
/// let includes = MemberIncludes { total_count: true, custom: true, user: true, user_custom: true, ..Default::default() };
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemberIncludes {
    /// How many members there are in all.
    pub total_count: bool,
    /// `custom` of the membership.
    pub custom: bool,
    /// `status` of the membership.
    pub status: bool,
    /// `type` of the membership.
    pub type_: bool,
    /// The metadata of the user.
    pub user: bool,
    /// `custom` of the user.
    pub user_custom: bool,
    /// `status` of the user.
    pub user_status: bool,
    /// `type` of the user.
    pub user_type: bool,
}

/// What is shown of a membership, of its other end, and whether they are counted.
fn included(own: OfRecords, other: bool, joined: OfRecords, total_count: bool) -> Included {
    let joined = (other || joined != OfRecords::default()).then_some(joined);
    Included { own, joined, total_count }
}

impl From<MembershipIncludes> for Included {
    fn from(asked: MembershipIncludes) -> Self {
        let own = OfRecords { custom: asked.custom, status: asked.status, type_: asked.type_ };
        let joined =
            OfRecords { custom: asked.channel_custom, status: asked.channel_status, type_: asked.channel_type };
        included(own, asked.channel, joined, asked.total_count)
    }
}

impl From<MemberIncludes> for Included {
    fn from(asked: MemberIncludes) -> Self {
        let own = OfRecords { custom: asked.custom, status: asked.status, type_: asked.type_ };
        let joined = OfRecords { custom: asked.user_custom, status: asked.user_status, type_: asked.user_type };
        included(own, asked.user, joined, asked.total_count)
    }
}

/// How much of the channel a membership shows: an argument of the older `include_channel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelIncludeEndpoint {
    /// Its default fields.
    Channel,
    /// These and its `custom`.
    ChannelWithCustom,
}

/// How much of the user a member shows: an argument of the older `include_user`, or `include_uuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UuidIncludeEndpoint {
    /// The default fields.
    Uuid,
    /// These and `custom`.
    UuidWithCustom,
}

/// Operations whose answers show memberships of a record of this kind.
pub trait IncludeMemberships: Operation {
    /// Whose memberships.
    type Owner: Kind;

    /// What is shown so far.
    fn included_mut(&mut self) -> &mut Included;
}

/// What of memberships an answer shows.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::calls::context::{ChannelMembershipEntry, MembershipIncludes};
///
/// client.set_channel_metadata().channel("dome").set_name("Dome").await?;
/// client.set_memberships().user("sam").channel_memberships([ChannelMembershipEntry::channel("dome")]).await?;
/// let includes = MembershipIncludes { channel: true, status: true, ..Default::default() };
/// let sam = client.get_memberships().user("sam").include(includes).await?;
/// assert_eq!(sam.data[0].channel.name.as_deref(), Some("Dome"));
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M, O: IncludeMemberships> Call<M, O> {
    /// What is shown of the memberships: [`MembershipIncludes`] of a user's, [`MemberIncludes`] of a channel's. It replaces what was
    /// said before. Default: nothing but the id at the other end.
    pub fn include(mut self, includes: <O::Owner as Kind>::Includes) -> Self {
        *self.operation.included_mut() = includes.into();
        self
    }
}

impl<M, O: IncludeMemberships<Owner = Users>> Call<M, O> {
    /// How much of the channel is shown; the older form of [`include`](Self::include).
    pub fn include_channel(mut self, level: ChannelIncludeEndpoint) -> Self {
        let custom = level == ChannelIncludeEndpoint::ChannelWithCustom;
        self.operation.included_mut().joined = Some(OfRecords { custom, ..OfRecords::default() });
        self
    }
}

impl<M, O: IncludeMemberships<Owner = Channels>> Call<M, O> {
    /// How much of the user is shown; the older form of [`include`](Self::include).
    pub fn include_user(mut self, level: UuidIncludeEndpoint) -> Self {
        let custom = level == UuidIncludeEndpoint::UuidWithCustom;
        self.operation.included_mut().joined = Some(OfRecords { custom, ..OfRecords::default() });
        self
    }

    /// The same as [`include_user`](Self::include_user), by its documented name.
    pub fn include_uuid(self, level: UuidIncludeEndpoint) -> Self {
        self.include_user(level)
    }
}
