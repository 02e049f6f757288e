//! Every field of a user.

use hereabouts::calls::context::{Set, Users};
use hereabouts::{Call, Caller, Error};
use serde_json::json;

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, Set<Users>> {
    client
        .set_uuid_metadata()
        .include_custom(true)
        .uuid("Some UUID")
        .set_name("Some Name")
        .set_status("Active")
        .set_type("User")
        .email("test@example.com")
        .profile_url("http://example.com")
        .external_id("1234567890")
        .custom(json!({"key1": "val1", "key2": "val2"}))
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let user = run.call(ask, ask).await?.data;
    Ok(format!("{} {:?} {:?} {:?}", user.id, user.name, user.email, user.custom))
}
