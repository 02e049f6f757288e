//! The end of it (Go: "To stop heartbeating without subscription", `Connected(false)`).

use hereabouts::{Caller, Error, SetPresence};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> SetPresence<M> {
    client.presence().connected(false).channels("my-channel").channel_groups("my-channel-group")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    run.presence(ask, ask).await?;
    Ok("gone".to_owned())
}
