//! The members of a channel, with their metadata.

use hereabouts::calls::context::{Channels, MemberIncludes, Memberships};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Memberships<Channels>> {
    let includes = MemberIncludes { custom: true, user: true, user_custom: true, ..Default::default() };
    client.get_channel_members().channel("channel").include(includes)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::users(&run.call(ask, ask).await?))
}
