//! Two users written, and both made members of a channel: once with nothing more, once with data about the membership.

use hereabouts::calls::context::{Change, Channels, MemberIncludes, Set, Setting, Users, Uuid};
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn plain<M>(client: &Caller<M>) -> Call<M, Set<Users>> {
    client.set_uuid_metadata().uuid("some_uuid").set_name("some name")
}

fn with_custom<M>(client: &Caller<M>) -> Call<M, Set<Users>> {
    let custom = json!({"key3": "val1", "key4": "val2"});
    client.set_uuid_metadata().uuid("some_uuid_with_custom").set_name("some name with custom").custom(custom)
}

fn join<M>(client: &Caller<M>) -> Call<M, Change<Channels, Setting>> {
    let includes = MemberIncludes { custom: true, user: true, user_custom: true, ..Default::default() };
    let custom = json!({"key5": "val1", "key6": "val2"});
    client
        .set_channel_members()
        .channel("channel id")
        .uuids([Uuid::uuid("some_uuid"), Uuid::uuid_with_custom("some_uuid_with_custom", custom)])
        .include(includes)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    run.call(plain, plain).await?;
    run.call(with_custom, with_custom).await?;
    Ok(super::users(&run.call(join, join).await?))
}
