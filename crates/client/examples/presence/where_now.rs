//! Where the client's own user is (all presence documents).

use hereabouts::calls::presence::WhereNow;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, WhereNow> {
    client.where_now()
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let mut channels = run.call(ask, ask).await?.channels;
    channels.sort();
    Ok(channels.join("\n"))
}
