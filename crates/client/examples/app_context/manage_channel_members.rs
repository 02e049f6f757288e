//! One user made a member of a channel and another no longer one, in one step.

use hereabouts::calls::context::{Change, Channels, Managing, MemberIncludes, Uuid};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Change<Channels, Managing>> {
    let includes = MemberIncludes { custom: true, user: true, user_custom: true, ..Default::default() };
    client
        .manage_channel_members()
        .channel("channel id")
        .set([Uuid::uuid("some_uuid")])
        .remove([Uuid::uuid("some_uuid_with_custom")])
        .include(includes)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::users(&run.call(ask, ask).await?))
}
