//! A user made a member of one channel and no longer of another, in one step.

use hereabouts::calls::context::{Change, ChannelMembershipEntry, Managing, MembershipIncludes, Users};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Change<Users, Managing>> {
    let includes = MembershipIncludes { custom: true, channel: true, channel_custom: true, ..Default::default() };
    client
        .manage_memberships()
        .uuid("some_uuid")
        .set([ChannelMembershipEntry::channel("somechannel")])
        .remove([ChannelMembershipEntry::channel("somechannel_with_custom")])
        .include(includes)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::channels(&run.call(ask, ask).await?))
}
