//! A call with parameters of the application's own (Go: `QueryParam`).

use hereabouts::calls::presence::HereNow;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, HereNow> {
    client.here_now().channels("my_channel").query_param([("trace", "7")])
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    Ok(super::listed(&run.call(ask, ask).await?))
}
