//! A page of all users, with a count of them, in an order of two keys.

use std::fmt::Write as _;

use hereabouts::calls::context::{GetAll, SortKey, SortKeyValue, Users};
use hereabouts::{Call, Caller, Error};

use crate::run::Run;

fn ask<M>(client: &Caller<M>) -> Call<M, GetAll<Users>> {
    client
        .get_all_uuid_metadata()
        .include_custom(true)
        .limit(10)
        .include_total_count(true)
        .sort([SortKey::asc(SortKeyValue::Id), SortKey::desc(SortKeyValue::Updated)])
        .page(None)
}

pub(crate) async fn run(run: &Run) -> Result<String, Error> {
    let page = run.call(ask, ask).await?;
    let mut text = format!("{:?} in all", page.total_count);
    for user in &page.data {
        let _ = write!(text, "\n{} {:?} {:?}", user.id, user.name, user.custom);
    }
    Ok(text)
}
