//! A user removed.

use hereabouts::calls::context::{Remove, Users};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Remove<Users>> {
    client.remove_uuid_metadata().uuid("Some UUID")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let removed = run.call(ask, ask).await?;
    Ok(format!("status {}", removed.status))
}
