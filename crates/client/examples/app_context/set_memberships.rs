//! Two channels written, and a user made a member of both: once with nothing more, once with data about the membership.

use hereabouts::calls::context::{ChannelMembershipEntry, Change, Channels, MembershipIncludes, Set, Setting, Users};
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn plain<M>(client: &Caller<M>) -> Call<M, Set<Channels>> {
    client.set_channel_metadata().channel("somechannel").set_name("some name")
}

fn with_custom<M>(client: &Caller<M>) -> Call<M, Set<Channels>> {
    let custom = json!({"key3": "val1", "key4": "val2"});
    client.set_channel_metadata().channel("somechannel_with_custom").set_name("some name with custom").custom(custom)
}

fn join<M>(client: &Caller<M>) -> Call<M, Change<Users, Setting>> {
    let includes = MembershipIncludes { custom: true, channel: true, channel_custom: true, ..Default::default() };
    let custom = json!({"key5": "val1", "key6": "val2"});
    client
        .set_memberships()
        .uuid("some_uuid")
        .channel_memberships([
            ChannelMembershipEntry::channel("somechannel"),
            ChannelMembershipEntry::channel_with_custom("somechannel_with_custom", custom),
        ])
        .include(includes)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    run.call(plain, plain).await?;
    run.call(with_custom, with_custom).await?;
    Ok(super::channels(&run.call(join, join).await?))
}
