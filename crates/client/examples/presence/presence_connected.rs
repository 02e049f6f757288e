//! One sign of life without a subscription (Go: "Heartbeat without subscription", `connected(true)`).

use hereabouts::calls::presence::Heartbeat;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Heartbeat> {
    client.heartbeat().channels("my-channel").channel_groups("my-channel-group")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    run.call(ask, ask).await?;
    Ok("present".to_owned())
}
