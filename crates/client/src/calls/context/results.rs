//! The documented names of results, for reading the documents beside the code.

use super::{ChannelMember, ChannelMembership, ChannelMetadata, ListResult, RecordResult, RemovedResult, UserMetadata};

/// What `get_all_uuid_metadata` results in.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::calls::context::GetAllUuidMetadataResult;
///
/// let users: GetAllUuidMetadataResult = client.get_all_uuid_metadata().await?;
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
pub type GetAllUuidMetadataResult = ListResult<UserMetadata>;
/// What `get_uuid_metadata` results in.
pub type GetUuidMetadataResult = RecordResult<UserMetadata>;
/// What `set_uuid_metadata` results in.
pub type SetUuidMetadataResult = RecordResult<UserMetadata>;
/// What `remove_uuid_metadata` results in.
pub type RemoveUuidMetadataResult = RemovedResult;
/// What `get_all_channel_metadata` results in.
pub type GetAllChannelMetadataResult = ListResult<ChannelMetadata>;
/// What `get_channel_metadata` results in.
pub type GetChannelMetadataResult = RecordResult<ChannelMetadata>;
/// What `set_channel_metadata` results in.
pub type SetChannelMetadataResult = RecordResult<ChannelMetadata>;
/// What `remove_channel_metadata` results in.
pub type RemoveChannelMetadataResult = RemovedResult;
/// What `get_memberships` results in.
pub type GetMembershipsResult = ListResult<ChannelMembership>;
/// What `set_memberships` results in.
pub type SetMembershipsResult = ListResult<ChannelMembership>;
/// What `remove_memberships` results in.
pub type RemoveMembershipsResult = ListResult<ChannelMembership>;
/// What `manage_memberships` results in.
pub type ManageMembershipsResult = ListResult<ChannelMembership>;
/// What `get_channel_members` results in.
pub type GetChannelMembersResult = ListResult<ChannelMember>;
/// What `set_channel_members` results in.
pub type SetChannelMembersResult = ListResult<ChannelMember>;
/// What `remove_channel_members` results in.
pub type RemoveChannelMembersResult = ListResult<ChannelMember>;
/// What `manage_channel_members` results in.
pub type ManageChannelMembersResult = ListResult<ChannelMember>;
