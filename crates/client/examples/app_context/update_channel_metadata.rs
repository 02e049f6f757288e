//! A channel read, and one key added to its `custom` if nobody else changed it meanwhile ("Iteratively update existing metadata").

use hereabouts::calls::context::{Channels, Get, Set};
use hereabouts::{Call, Caller, Error};
use serde_json::{Map, Value};

use crate::run::Run;

fn read<M>(client: &Caller<M>) -> Call<M, Get<Channels>> {
    client.get_channel_metadata().channel("channel id").include_custom(true)
}

fn write<M>(client: &Caller<M>, custom: &Map<String, Value>, etag: &str) -> Call<M, Set<Channels>> {
    client.set_channel_metadata().channel("channel id").custom(custom).if_matches_etag(etag).include_custom(true)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let known = run.call(read, read).await?.data;
    let mut custom = known.custom.unwrap_or_default();
    custom.insert("key3".to_owned(), "val3".into());
    let etag = known.etag.unwrap_or_default();
    let (again, etag_again) = (custom.clone(), etag.clone());
    let write = run.call(|client| write(client, &custom, &etag), move |client| write(client, &again, &etag_again));
    Ok(format!("{:?}", write.await?.data.custom))
}
