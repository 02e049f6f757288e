//! Every field of a channel.

use hereabouts::calls::context::{Channels, Set};
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Set<Channels>> {
    client
        .set_channel_metadata()
        .include_custom(true)
        .channel("channel id")
        .set_name("Channel Name")
        .set_status("Archived")
        .set_type("Archived")
        .description("Description")
        .custom(json!({"key1": "val1", "key2": "val2"}))
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let channel = run.call(ask, ask).await?.data;
    Ok(format!("{} {:?} {:?} {:?}", channel.id, channel.name, channel.description, channel.custom))
}
