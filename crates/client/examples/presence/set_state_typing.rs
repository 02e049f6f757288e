//! A state of one key (Go: "Basic usage").

use hereabouts::calls::presence::SetState;
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, SetState> {
    client.set_state().channels("ch").state(json!({"is_typing": true}))
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let set = run.call(ask, ask).await?;
    Ok(format!("{:?}", set.state))
}
