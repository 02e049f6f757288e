//! Who is on a channel, with their states (all presence documents: "Returning state").

use hereabouts::calls::presence::HereNow;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, HereNow> {
    client.here_now().channels("my_channel").include_uuids(true).include_state(true)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::listed(&run.call(ask, ask).await?))
}
