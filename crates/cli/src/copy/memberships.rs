//! Memberships, copied.
//!
//! The interface lists them by channel and by user, and has no list of all. So both are walked: the members of every channel that has
//! metadata, then, of every user that has metadata, the memberships of channels that have none. A membership neither of whose ends
//! has metadata is found by nobody who does not know its name: `--channel` and `--user` name more to look at.

use std::collections::HashMap;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use hereabouts::calls::context::{
    Change, Channels, Entry, IncludeMemberships, Managing, MemberIncludes, MembershipIncludes, Memberships, OnRecord,
    Users,
};
use hereabouts::{Async, Call, Client, Error, ErrorKind};
use serde_json::Value;

use super::compare::{MEMBERSHIP, changes, filters, parts};
use super::end::{End, PAGE};
use super::records::{all, fail, ids};
use super::report::{Became, Kind};
use super::{Copying, Walk};
use crate::context::{Noun, Object, Record};

/// A kind whose memberships are walked.
trait Side: Noun {
    /// What a filter calls the id of the other end.
    const OTHER_ID: &'static str;

    /// The call that shows memberships whole, and whether their other ends have metadata.
    fn whole<O: IncludeMemberships<Owner = Self>>(call: Call<Async, O>) -> Call<Async, O>;
}

impl Side for Channels {
    const OTHER_ID: &'static str = "uuid.id";

    fn whole<O: IncludeMemberships<Owner = Self>>(call: Call<Async, O>) -> Call<Async, O> {
        call.include(MemberIncludes { custom: true, status: true, type_: true, ..Default::default() })
    }
}

impl Side for Users {
    const OTHER_ID: &'static str = "channel.id";

    fn whole<O: IncludeMemberships<Owner = Self>>(call: Call<Async, O>) -> Call<Async, O> {
        call.include(MembershipIncludes {
            custom: true,
            status: true,
            type_: true,
            channel: true,
            ..Default::default()
        })
    }
}

/// Which memberships of an owner are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// Those that the other walk does not find.
    WithoutMetadata,
}

/// Copies memberships, and removes those that the source does not have if that was asked for.
pub(super) async fn copy(copying: &Copying) -> Result<()> {
    let rest = if copying.walk == Walk::Both { Wanted::WithoutMetadata } else { Wanted::All };
    if copying.walk != Walk::Users {
        walk::<Channels>(copying, &copying.channels, Wanted::All).await?;
    }
    if copying.walk != Walk::Channels {
        walk::<Users>(copying, &copying.users, rest).await?;
    }
    Ok(())
}

/// Walks all owners of a kind, and those that were named beside.
async fn walk<K: Side>(copying: &Copying, named: &[String], wanted: Wanted) -> Result<()> {
    let progress = copying.report.progress();
    progress.begin(&format!("memberships of {}", K::PLURAL));
    let pages = copying.from.pages(all::<K>).map_ok(|page| {
        progress.total(page.total_count);
        ids(&page.data)
    });
    let named = stream::once(async { Ok(named.to_vec()) });
    let owners = named.chain(pages).map_ok(|ids| stream::iter(ids.into_iter().map(Ok::<_, Error>))).try_flatten();
    owners
        .map_err(anyhow::Error::from)
        .try_for_each_concurrent(copying.concurrency, async |owner| {
            copy_of::<K>(copying, &owner, wanted).await?;
            progress.done(1);
            Ok(())
        })
        .await?;
    progress.end();
    if copying.delete {
        prune::<K>(copying, wanted).await?;
    }
    Ok(())
}

fn memberships<K: Side>(client: &Client, owner: &str) -> Call<Async, Memberships<K>> {
    let mut memberships = Memberships::<K>::default();
    *memberships.id_mut() = Some(owner.to_owned());
    K::whole(client.call(memberships))
}

/// Copies the memberships of one owner, a page at a time.
async fn copy_of<K: Side>(copying: &Copying, owner: &str, wanted: Wanted) -> Result<()> {
    let mut pages = std::pin::pin!(copying.from.pages(|client| memberships::<K>(client, owner)));
    while let Some(page) = pages.try_next().await? {
        let listed: Vec<_> = page.data.iter().filter(|found| is_wanted::<K>(copying, found, wanted)).collect();
        let ids: Vec<String> = listed.iter().map(|found| found.id().to_owned()).collect();
        let there = found::<K>(&copying.to, owner, &ids).await?;
        let mut to_write = Vec::new();
        for membership in listed {
            let (id, target) = (membership.id(), there.get(membership.id()));
            match changes(&membership.object(), target, MEMBERSHIP) {
                None => copying.report.note(Kind::Membership, Became::Unchanged, &name::<K>(owner, id), &[])?,
                Some(changes) => {
                    let became = if target.is_some() { Became::Updated } else { Became::Created };
                    to_write.push((changes, (id.to_owned(), became)));
                }
            }
        }
        for part in parts(to_write) {
            write::<K>(copying, owner, part).await?;
        }
    }
    Ok(())
}

fn is_wanted<K: Side>(copying: &Copying, membership: &K::Membership, wanted: Wanted) -> bool {
    let object = membership.object();
    let other = object.get(<K::Other as hereabouts::calls::context::Kind>::NAME);
    let found_by_the_other_walk = other.is_some_and(|other| other.get("updated").is_some())
        || copying.channels.iter().any(|named| named == membership.id());
    wanted == Wanted::All || !found_by_the_other_walk
}

/// The memberships of an owner with these other ends that an end has.
async fn found<K: Side>(end: &End, owner: &str, ids: &[String]) -> Result<HashMap<String, Object>, Error> {
    let mut found = HashMap::new();
    for filter in filters(K::OTHER_ID, ids) {
        let listed = end.ask(|client| memberships::<K>(client, owner).filter(&filter).limit(PAGE)).await?;
        found.extend(listed.data.iter().map(|membership| (membership.id().to_owned(), membership.object())));
    }
    Ok(found)
}

/// What is to be written of a membership: its fields, its other end, and what it will have become.
type Writing = (Object, (String, Became));

/// Writes memberships of one owner in one request; when that is refused, halves of it, until it is known which one is wrong.
async fn write<K: Side>(copying: &Copying, owner: &str, part: Vec<Writing>) -> Result<()> {
    let mut waiting = vec![part];
    while let Some(mut part) = waiting.pop() {
        if !copying.dry_run
            && let Err(error) = copying.to.ask(|client| setting::<K>(client, owner, &part)).await
        {
            match part.len() {
                0 | 1 => {
                    let id = part.first().map_or("", |(_, (id, _))| id);
                    fail(copying, Kind::Membership, &name::<K>(owner, id), error)?;
                }
                more if matches!(
                    error.kind(),
                    ErrorKind::BadRequest | ErrorKind::NotFound | ErrorKind::AccessDenied
                ) =>
                {
                    let rest = part.split_off(more / 2);
                    waiting.extend([rest, part]);
                }
                _ => return Err(error.into()),
            }
            continue;
        }
        for (fields, (id, became)) in &part {
            let fields: Vec<&str> = fields.keys().map(String::as_str).collect();
            copying.report.note(Kind::Membership, *became, &name::<K>(owner, id), &fields)?;
        }
    }
    Ok(())
}

fn changing<K: Side>(client: &Client, owner: &str) -> Call<Async, Change<K, Managing>> {
    let mut change = Change::<K, Managing>::default();
    *change.id_mut() = Some(owner.to_owned());
    // It is answered with a page of the list, which nobody reads.
    client.call(change).limit(1)
}

fn setting<K: Side>(client: &Client, owner: &str, part: &[Writing]) -> Call<Async, Change<K, Managing>> {
    changing::<K>(client, owner).set(part.iter().map(|(fields, (id, _))| entry::<K>(id, fields)))
}

fn entry<K: Side>(id: &str, fields: &Object) -> Entry<K::Other> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    fields.iter().fold(K::other(id), |entry, (field, value)| match field.as_str() {
        "custom" => entry.custom(value),
        "status" => entry.status(text(value)),
        "type" => entry.type_(text(value)),
        _ => entry,
    })
}

/// Removes the memberships that the source does not have.
async fn prune<K: Side>(copying: &Copying, wanted: Wanted) -> Result<()> {
    let progress = copying.report.progress();
    progress.begin(&format!("memberships of {} to delete", K::PLURAL));
    let owners = copying.to.pages(all::<K>).map_ok(|page| {
        progress.total(page.total_count);
        stream::iter(ids(&page.data).into_iter().map(Ok::<_, Error>))
    });
    owners
        .try_flatten()
        .map_err(anyhow::Error::from)
        .try_for_each_concurrent(copying.concurrency, async |owner| {
            prune_of::<K>(copying, &owner, wanted).await?;
            progress.done(1);
            Ok(())
        })
        .await?;
    progress.end();
    Ok(())
}

async fn prune_of<K: Side>(copying: &Copying, owner: &str, wanted: Wanted) -> Result<()> {
    let mut pages = std::pin::pin!(copying.to.pages(|client| memberships::<K>(client, owner)));
    while let Some(page) = pages.try_next().await? {
        let listed = page.data.iter().filter(|found| is_wanted::<K>(copying, found, wanted));
        let ids: Vec<String> = listed.map(|found| found.id().to_owned()).collect();
        let there = found::<K>(&copying.from, owner, &ids).await?;
        let surplus: Vec<&String> = ids.iter().filter(|id| !there.contains_key(*id)).collect();
        let removing = |client: &Client| changing::<K>(client, owner).remove(surplus.iter().map(|id| K::other(id)));
        if !copying.dry_run && !surplus.is_empty() {
            copying.to.ask(removing).await?;
        }
        for id in surplus {
            copying.report.note(Kind::Membership, Became::Deleted, &name::<K>(owner, id), &[])?;
        }
    }
    Ok(())
}

/// A membership as a report names it: the user, then the channel.
fn name<K: Side>(owner: &str, other: &str) -> String {
    if K::WORD == Users::WORD { format!("{owner} in {other}") } else { format!("{other} in {owner}") }
}
