//! Who is on the channels of some groups (all presence documents: "Here now for channel groups").

use hereabouts::calls::presence::HereNow;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, HereNow> {
    client.here_now().channel_groups(["cg1", "cg2", "cg3"]).include_uuids(true).include_state(true)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::listed(&run.call(ask, ask).await?))
}
