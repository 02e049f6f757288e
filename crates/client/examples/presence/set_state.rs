//! The state of the client's own user on some channels (all presence documents).

use hereabouts::calls::presence::SetState;
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, SetState> {
    client.set_state().channels(["ch1", "ch2", "ch3"]).state(json!({"age": 20}))
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let set = run.call(ask, ask).await?;
    Ok(format!("{:?}", set.state))
}
