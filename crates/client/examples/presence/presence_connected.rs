//! Present without a subscription, by heartbeats from now on (Go: "Heartbeat without subscription", `Connected(true)`).

use hereabouts::{Caller, Error, SetPresence};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> SetPresence<M> {
    client.presence().connected(true).channels("my-channel").channel_groups("my-channel-group")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    run.presence(ask, ask).await?;
    Ok("present".to_owned())
}
