//! Who is on some channels (Python-asyncio: a list of names; Python-Twisted: several arguments).

use hereabouts::calls::presence::HereNow;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, HereNow> {
    client.here_now().channels(["cool_channel1", "cool_channel2"]).include_uuids(true)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::listed(&run.call(ask, ask).await?))
}
