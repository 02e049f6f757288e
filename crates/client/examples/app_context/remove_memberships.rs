//! A user no longer a member of a channel; the older flags say what is shown.

use hereabouts::calls::context::{Change, ChannelIncludeEndpoint, ChannelMembershipEntry, Removing, Users};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Change<Users, Removing>> {
    client
        .remove_memberships()
        .uuid("some_uuid")
        .channel_memberships([ChannelMembershipEntry::channel("somechannel")])
        .include_custom(true)
        .include_channel(ChannelIncludeEndpoint::ChannelWithCustom)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::channels(&run.call(ask, ask).await?))
}
