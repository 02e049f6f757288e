//! One channel, with `custom`.

use hereabouts::calls::context::{Channels, Get};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Get<Channels>> {
    client.get_channel_metadata().include_custom(true).channel("channel")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let channel = run.call(ask, ask).await?.data;
    Ok(format!("{} {:?} {:?}", channel.id, channel.name, channel.custom))
}
