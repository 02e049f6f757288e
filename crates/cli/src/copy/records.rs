//! Users and channels, copied: page by page, each page compared with what the target has, and what differs written.

use std::collections::HashMap;

use anyhow::Result;
use futures_util::TryStreamExt;
use hereabouts::calls::context::{Get, GetAll, IncludeRecord, ListResult, NewRecord, OnRecord, Remove, Set, Written};
use hereabouts::{Async, Call, Client, Error, ErrorKind};
use serde_json::Value;

use super::Copying;
use super::compare::{changes, filters, parts};
use super::end::End;
use super::report::{Became, Kind};
use crate::context::{Noun, Object, Record, new_record};

/// A record to write: the fields that differ, and what it will have become.
type Change = (Object, Became);

/// Copies all records of a kind.
pub(super) async fn copy<K: Noun>(copying: &Copying, kind: Kind) -> Result<()> {
    let progress = copying.report.progress();
    progress.begin(K::PLURAL);
    let pages = copying.from.pages(all::<K>).map_err(anyhow::Error::from);
    pages.try_for_each_concurrent(copying.concurrency, |page| page_of::<K>(copying, kind, page)).await?;
    progress.end();
    Ok(())
}

/// Removes the records that the source does not have.
pub(super) async fn prune<K: Noun>(copying: &Copying, kind: Kind) -> Result<()> {
    let progress = copying.report.progress();
    progress.begin(&format!("{} to delete", K::PLURAL));
    let pages = copying.to.pages(all::<K>).map_err(anyhow::Error::from);
    let prune_page = async |page: ListResult<K::Metadata>| {
        progress.total(page.total_count);
        let wanted = found::<K>(&copying.from, &ids(&page.data)).await?;
        for record in page.data.iter().filter(|record| !wanted.contains_key(record.id())) {
            // It is asked for by its name as well before anything is deleted.
            if is_missing::<K>(&copying.from, record.id()).await? {
                remove::<K>(copying, kind, record.id()).await?;
            }
        }
        progress.done(page.data.len() as u64);
        Ok(())
    };
    // One page at a time: a record that goes shifts the pages of some servers.
    pages.try_for_each(prune_page).await?;
    progress.end();
    Ok(())
}

/// Everything of all records.
pub(super) fn all<K: Noun>(client: &Client) -> Call<Async, GetAll<K>> {
    whole(client.call(GetAll::default()))
}

fn whole<O: IncludeRecord>(call: Call<Async, O>) -> Call<Async, O> {
    call.include_custom(true).include_status(true).include_type(true)
}

pub(super) fn ids(records: &[impl Record]) -> Vec<String> {
    records.iter().map(|record| record.id().to_owned()).collect()
}

/// The records with these ids that an end has.
async fn found<K: Noun>(end: &End, ids: &[String]) -> Result<HashMap<String, Object>, Error> {
    let mut found = HashMap::new();
    for filter in filters("id", ids) {
        let listed = end.ask(|client| all::<K>(client).filter(&filter).limit(super::end::PAGE)).await?;
        found.extend(listed.data.iter().map(|record| (record.id().to_owned(), record.object())));
    }
    Ok(found)
}

async fn page_of<K: Noun>(copying: &Copying, kind: Kind, page: ListResult<K::Metadata>) -> Result<()> {
    let progress = copying.report.progress();
    progress.total(page.total_count);
    let fields: Vec<&str> = K::TEXTS.iter().copied().chain(["custom"]).collect();
    let there = found::<K>(&copying.to, &ids(&page.data)).await?;
    let mut to_write = Vec::new();
    for record in &page.data {
        let id = record.id();
        let target = there.get(id);
        match changes(&record.object(), target, &fields) {
            None => copying.report.note(kind, Became::Unchanged, id, &[])?,
            Some(mut changes) => {
                changes.insert("id".to_owned(), id.into());
                to_write.push((changes, if target.is_some() { Became::Updated } else { Became::Created }));
            }
        }
    }
    for part in parts(to_write) {
        write::<K>(copying, kind, part).await?;
    }
    progress.done(page.data.len() as u64);
    Ok(())
}

/// Writes records: many in one request where the target can do that, else one by one.
async fn write<K: Noun>(copying: &Copying, kind: Kind, part: Vec<Change>) -> Result<()> {
    if copying.dry_run {
        return part.iter().try_for_each(|change| note(copying, kind, change));
    }
    if copying.bulk.may_be() {
        match write_many::<K>(copying, kind, &part).await? {
            Many::Done => return Ok(()),
            Many::Refused => copying.bulk.refused(),
        }
    }
    for change in &part {
        let id = id_of(&change.0).to_owned();
        match copying.to.ask(|client| set::<K>(client, &change.0)).await {
            Ok(_) => note(copying, kind, change)?,
            Err(error) => fail(copying, kind, &id, error)?,
        }
    }
    Ok(())
}

enum Many {
    Done,
    /// The request as a whole: the target has no such call, or does not take this one.
    Refused,
}

async fn write_many<K: Noun>(copying: &Copying, kind: Kind, part: &[Change]) -> Result<Many> {
    let records: Result<Vec<NewRecord<K>>, String> = part.iter().map(|(object, _)| new_record::<K>(object)).collect();
    let records = records.map_err(anyhow::Error::msg)?;
    let written = match copying.to.ask(|client| K::write(client).records(records.iter().cloned())).await {
        Ok(written) if written.data.len() == part.len() => written.data,
        Ok(_) => return Ok(Many::Refused),
        Err(error) if is_hopeless(&error) => return Err(error.into()),
        Err(_) => return Ok(Many::Refused),
    };
    copying.bulk.worked();
    for ((object, became), record) in part.iter().zip(written) {
        let id = id_of(object);
        match record.result {
            Written::Refused(why) => copying.report.fail(kind, id, &format!("{}: {}", why.location, why.message))?,
            Written::Unchanged => copying.report.note(kind, Became::Unchanged, id, &[])?,
            _ => note(copying, kind, &(object.clone(), *became))?,
        }
    }
    Ok(Many::Done)
}

fn set<K: Noun>(client: &Client, changes: &Object) -> Call<Async, Set<K>> {
    let mut set = Set::<K>::default();
    *set.id_mut() = Some(id_of(changes).to_owned());
    changes.iter().fold(client.call(set), |call, (field, value)| match (field.as_str(), value) {
        ("id", _) => call,
        ("custom", custom) => call.custom(custom),
        (field, value) => K::set(call, field, value.as_str().map(str::to_owned)),
    })
}

async fn is_missing<K: Noun>(end: &End, id: &str) -> Result<bool, Error> {
    let get = |client: &Client| {
        let mut get = Get::<K>::default();
        *get.id_mut() = Some(id.to_owned());
        client.call(get)
    };
    match end.ask(get).await {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

async fn remove<K: Noun>(copying: &Copying, kind: Kind, id: &str) -> Result<()> {
    let call = |client: &Client| {
        let mut remove = Remove::<K>::default();
        *remove.id_mut() = Some(id.to_owned());
        client.call(remove)
    };
    if !copying.dry_run
        && let Err(error) = copying.to.ask(call).await
    {
        return fail(copying, kind, id, error);
    }
    Ok(copying.report.note(kind, Became::Deleted, id, &[])?)
}

fn note(copying: &Copying, kind: Kind, (object, became): &Change) -> Result<()> {
    let fields: Vec<&str> = object.keys().map(String::as_str).filter(|field| *field != "id").collect();
    Ok(copying.report.note(kind, *became, id_of(object), &fields)?)
}

/// Notes that something was refused; what makes everything else fail as well ends the copy.
pub(super) fn fail(copying: &Copying, kind: Kind, id: &str, error: Error) -> Result<()> {
    if is_hopeless(&error) {
        return Err(error.into());
    }
    Ok(copying.report.fail(kind, id, &error.to_string())?)
}

/// Whether there is no point in going on: the server is away, and was for long.
fn is_hopeless(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Usage | ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::RateLimited | ErrorKind::Unavailable
    )
}

fn id_of(object: &Object) -> &str {
    object.get("id").and_then(Value::as_str).unwrap_or_default()
}
