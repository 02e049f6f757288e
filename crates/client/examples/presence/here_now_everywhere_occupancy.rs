//! How many are on each channel of the key set (Go: "Return occupancy for all channels").

use hereabouts::calls::presence::HereNow;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, HereNow> {
    client.here_now().include_uuids(false).include_state(false)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::listed(&run.call(ask, ask).await?))
}
