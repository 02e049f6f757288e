//! A message to all subscribers of a channel (all documents: "Request execution").

use hereabouts::calls::pubsub::Publish;
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Publish> {
    client.publish().channel("myChannel").message("Hello from the Rust client")
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let sent = run.call(ask, ask).await?;
    Ok(format!("TT: {}", sent.timetoken))
}
