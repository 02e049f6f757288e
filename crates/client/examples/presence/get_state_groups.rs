//! The state of another user on channels and on the channels of groups (Go).

use hereabouts::calls::presence::GetState;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, GetState> {
    client.get_state().channels(["ch1", "ch2", "ch3"]).channel_groups(["cg1", "cg2", "cg3"]).uuid("suchUUID")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let states = run.call(ask, ask).await?.channels;
    let lines: Vec<_> = states.iter().map(|(channel, state)| format!("{channel}: {state:?}")).collect();
    Ok(lines.join("\n"))
}
