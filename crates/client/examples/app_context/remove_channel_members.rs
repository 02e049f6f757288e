//! A user no longer a member of a channel; the older flags say what is shown.

use hereabouts::calls::context::{Change, Channels, Removing, Uuid, UuidIncludeEndpoint};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Change<Channels, Removing>> {
    client
        .remove_channel_members()
        .channel("channel id")
        .uuids([Uuid::uuid("some_uuid")])
        .include_custom(true)
        .include_uuid(UuidIncludeEndpoint::UuidWithCustom)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::users(&run.call(ask, ask).await?))
}
