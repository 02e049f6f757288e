//! A channel removed.

use hereabouts::calls::context::{Channels, Remove};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Remove<Channels>> {
    client.remove_channel_metadata().channel("channel id")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let removed = run.call(ask, ask).await?;
    Ok(format!("status {}", removed.status))
}
