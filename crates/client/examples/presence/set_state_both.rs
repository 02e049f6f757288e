//! The state of a user on channels, and on the channels of groups (Go: "Set state for channels in a channel group").

use hereabouts::calls::presence::SetState;
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, SetState> {
    client.set_state()
        .channel_groups(["cg1", "cg2", "cg3"])
        .channels(["ch1", "ch2", "ch3"])
        .state(json!({"age": 20}))
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let set = run.call(ask, ask).await?;
    Ok(format!("{:?}", set.state))
}
