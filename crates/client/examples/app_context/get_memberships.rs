//! The channels that a user is a member of, with their metadata.

use hereabouts::calls::context::{MembershipIncludes, Memberships, Users};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Memberships<Users>> {
    let includes = MembershipIncludes { custom: true, channel: true, channel_custom: true, ..Default::default() };
    client.get_memberships().include(includes).uuid("Some UUID")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::channels(&run.call(ask, ask).await?))
}
