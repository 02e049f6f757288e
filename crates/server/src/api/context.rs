//! Calls of app context (`docs/protocol/app-context.md`; what is beyond it, `docs/protocol/beyond.md`).
//!
//! Each checks in the order of the page: permission, switch, id, query, body; `If-Match` and the change are the store's.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use engine::context::{Bulk, Condition, CustomMode, List, Manage, Query, Remove, Set, include, record_id};
use node::acts::{
    Act, GetRecord, ListMemberships, ListRecords, ManageMemberships, RemoveRecord, SetRecord, WriteRecords,
};
use node::{ContextError, Operation, Permit};
use store::StoreError;
use wire::context::{self as shape, Fault, Kind};
use wire::target::Target;
use wire::{RecordId, Refusal};

use super::body;
use super::door::Door;
use super::{Answer, App, Request, refuse};
use crate::edge::{ContentType, Reply};

/// How long the store may take. Clients give up after ten seconds themselves.
const ANSWER_WITHIN: Duration = Duration::from_secs(9);

pub(super) fn list_records(
    app: &Arc<App>,
    door: &Door<'_>,
    target: &Target<'_>,
    kind: Kind,
) -> Result<Answer, Refusal> {
    let permit = enter(door, Operation::ListRecords(kind), Ok(ListRecords(kind)))??;
    let query = Query::parse(List::Records(kind), target)?;
    let (keyset, shown) = (Arc::clone(door.keyset), query.include);
    Ok(soon(app, async move {
        let page = keyset.records(permit, query).await?;
        Ok(json(shape::records(kind, &page, shown)))
    }))
}

/// A bulk write, which is beyond the interface.
pub(super) fn write_records(
    app: &Arc<App>,
    door: &Door<'_>,
    request: &Request<'_>,
    kind: Kind,
) -> Result<Answer, Refusal> {
    let bulk = body_of(app, request).and_then(|body| Ok(Bulk::parse(kind, &body, custom_mode(request))?));
    let act = bulk.as_ref().map(|bulk| WriteRecords { kind, sets: bulk.sets.clone() }).map_err(Clone::clone);
    let permit = enter(door, Operation::WriteRecords(kind), act)??;
    let (keyset, bulk) = (Arc::clone(door.keyset), bulk?);
    Ok(soon(app, async move {
        let results = keyset.set_records(permit).await?;
        Ok(json(shape::bulk(&bulk.answers(&results))))
    }))
}

pub(super) fn get_record(
    app: &Arc<App>,
    door: &Door<'_>,
    target: &Target<'_>,
    request: &Request<'_>,
    kind: Kind,
    id: &str,
) -> Result<Answer, Refusal> {
    let act = id_of(kind, id).map(|id| GetRecord { kind, id });
    let permit = enter(door, Operation::GetRecord(kind), act)??;
    let shown = include(target, None)?.own;
    let keyset = Arc::clone(door.keyset);
    let known = text(request.headers.if_none_match).map(Cow::into_owned);
    let app = Arc::clone(app);
    Ok(soon(&Arc::clone(&app), async move {
        Ok(match keyset.record(permit).await? {
            None => refuse(&app, &Refusal::NoRecord),
            Some(record) if Condition::has_already(known.as_deref(), &record) => Reply::not_modified(),
            Some(record) => json(shape::record(kind, &record, shown)),
        })
    }))
}

pub(super) fn set_record(
    app: &Arc<App>,
    door: &Door<'_>,
    target: &Target<'_>,
    request: &Request<'_>,
    kind: Kind,
    id: &str,
) -> Result<Answer, Refusal> {
    let act = id_of(kind, id).map(|id| SetRecord { kind, id });
    let permit = enter(door, Operation::SetRecord(kind), act)??;
    let shown = include(target, None)?.own;
    let keyset = Arc::clone(door.keyset);
    let set =
        Set::parse(kind, permit.act().id.clone(), &body_of(app, request)?, custom_mode(request), condition(request))?;
    Ok(soon(app, async move {
        let written = keyset.set_record(permit, set).await?;
        Ok(json(shape::record(kind, &written.record, shown)))
    }))
}

pub(super) fn remove_record(
    app: &Arc<App>,
    door: &Door<'_>,
    request: &Request<'_>,
    kind: Kind,
    id: &str,
) -> Result<Answer, Refusal> {
    let act = id_of(kind, id).map(|id| RemoveRecord { kind, id });
    let permit = enter(door, Operation::RemoveRecord(kind), act)??;
    let keyset = Arc::clone(door.keyset);
    let integrity = keyset.options().context.referential_integrity;
    let remove = Remove { kind, id: permit.act().id.clone(), condition: condition(request), integrity };
    Ok(soon(app, async move {
        keyset.remove_record(permit, remove).await?;
        Ok(json(shape::removed()))
    }))
}

pub(super) fn list_memberships(
    app: &Arc<App>,
    door: &Door<'_>,
    target: &Target<'_>,
    owner: Kind,
    id: &str,
) -> Result<Answer, Refusal> {
    let act = id_of(owner, id).map(|id| ListMemberships { kind: owner, id });
    let permit = enter(door, Operation::ListMemberships(owner), act)??;
    let query = Query::parse(List::Memberships { owner, id: permit.act().id.clone() }, target)?;
    let (keyset, shown) = (Arc::clone(door.keyset), query.include);
    Ok(soon(app, async move {
        let page = keyset.memberships(permit, query).await?;
        Ok(json(shape::memberships(owner.other(), &page, shown)))
    }))
}

pub(super) fn manage_memberships(
    app: &Arc<App>,
    door: &Door<'_>,
    target: &Target<'_>,
    request: &Request<'_>,
    owner: Kind,
    id: &str,
) -> Result<Answer, Refusal> {
    let keyset = Arc::clone(door.keyset);
    let integrity = keyset.options().context.referential_integrity;
    let id = id_of(owner, id);
    let read = id.clone().and_then(|id| {
        let body = body_of(app, request)?;
        Ok(Manage::parse(owner, id, &body, custom_mode(request), integrity)?)
    });
    // Who is named in the body needs permission as well. One that cannot be read names nobody but the owner; what is wrong with
    // it is told to those who may manage the owner, and after what is wrong with the query.
    let (act, wrong) = match read {
        Ok(manage) => (Ok(manage), None),
        Err(refusal) => (id.map(|id| Manage::nothing(owner, id)), Some(refusal)),
    };
    let permit = enter(door, Operation::ManageMemberships(owner), act.map(ManageMemberships))??;
    let query = Query::parse(List::Memberships { owner, id: permit.act().0.id.clone() }, target)?;
    if let Some(refusal) = wrong {
        return Err(refusal);
    }
    let shown = query.include;
    Ok(soon(app, async move {
        let page = keyset.manage(permit, query).await?;
        Ok(json(shape::memberships(owner.other(), &page, shown)))
    }))
}

/// The checks that come first: the caller may do it, and there is app context.
fn enter<A: Act>(
    door: &Door<'_>,
    operation: Operation,
    act: Result<A, Refusal>,
) -> Result<Result<Permit<A>, Refusal>, Refusal> {
    let permit = door.admit(operation, act)?;
    if door.keyset.options().context.enabled { Ok(permit) } else { Err(Refusal::ContextForbidden) }
}

fn id_of(kind: Kind, id: &str) -> Result<RecordId, Refusal> {
    Ok(record_id(kind, id)?)
}

/// Answers when the store has.
fn soon(app: &Arc<App>, work: impl Future<Output = Result<Reply, ContextError>> + Send + 'static) -> Answer {
    let app = Arc::clone(app);
    Answer::soon(async move {
        match tokio::time::timeout(ANSWER_WITHIN, work).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(ContextError::Refused(refused))) => refuse(&app, &refused.into()),
            // Nobody knows whether it was done, which only an answer that comes too late leaves open as well.
            Ok(Err(error @ ContextError::Store(StoreError::InDoubt | StoreError::Slow))) => {
                tracing::error!(%error, "a call of app context may have been done or not");
                refuse(&app, &Refusal::ContextTooSlow)
            }
            Ok(Err(error @ (ContextError::Store(_) | ContextError::Stopping))) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "a call of app context was not done");
                refuse(&app, &Refusal::ContextFailed)
            }
            Err(_) => {
                tracing::error!(
                    seconds = ANSWER_WITHIN.as_secs(),
                    "the store did not answer a call of app context in time"
                );
                refuse(&app, &Refusal::ContextTooSlow)
            }
        }
    })
}

fn json(body: String) -> Reply {
    Reply::json(ContentType::BareJson, body)
}

/// The body, decompressed. What cannot be read is no JSON either.
fn body_of<'r>(app: &App, request: &Request<'r>) -> Result<Cow<'r, [u8]>, Refusal> {
    match body::text(request.body, request.headers.content_encoding, app.edge.body_bytes) {
        Ok(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text.as_bytes())),
        Ok(Cow::Owned(text)) => Ok(Cow::Owned(text.into_bytes())),
        Err(body::BadBody::TooLarge) => Err(Refusal::BodyTooLarge),
        Err(body::BadBody::Malformed) => Err(Fault::body("", "Must be JSON in UTF-8.").into()),
    }
}

fn custom_mode(request: &Request<'_>) -> CustomMode {
    CustomMode::of(text(request.headers.content_type).as_deref())
}

fn condition(request: &Request<'_>) -> Condition {
    Condition::of(text(request.headers.if_match).as_deref())
}

fn text(header: Option<&[u8]>) -> Option<Cow<'_, str>> {
    header.map(String::from_utf8_lossy)
}
