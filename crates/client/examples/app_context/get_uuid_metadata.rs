//! The client's own user, with `custom`.

use hereabouts::calls::context::{Get, Users};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Get<Users>> {
    client.get_uuid_metadata().include_custom(true)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let user = run.call(ask, ask).await?.data;
    Ok(format!("{} {:?} {:?}", user.id, user.name, user.custom))
}
