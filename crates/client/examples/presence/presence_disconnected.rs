//! The end of it (Go: "To stop heartbeating without subscription", `connected(false)`).

use hereabouts::calls::presence::Leave;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Leave> {
    client.leave().channels("my-channel").channel_groups("my-channel-group")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    run.call(ask, ask).await?;
    Ok("gone".to_owned())
}
