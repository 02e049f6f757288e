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

/// A call of app context, and the way into its key set.
pub(super) struct Asked<'r> {
    pub(super) app: &'r Arc<App>,
    pub(super) door: &'r Door<'r>,
    pub(super) target: &'r Target<'r>,
    pub(super) request: &'r Request<'r>,
}

impl Asked<'_> {
    pub(super) fn list_records(&self, kind: Kind) -> Result<Answer, Refusal> {
        let permit = self.enter(Operation::ListRecords(kind), Ok(ListRecords(kind)))??;
        let query = Query::parse(List::Records(kind), self.target)?;
        let (keyset, shown) = (Arc::clone(self.door.keyset), query.include);
        Ok(self.soon(async move {
            let page = keyset.records(permit, query).await?;
            Ok(json(shape::records(kind, &page, shown)))
        }))
    }

    /// A bulk write, which is beyond the interface.
    pub(super) fn write_records(&self, kind: Kind) -> Result<Answer, Refusal> {
        let bulk = self.body().and_then(|body| Ok(Bulk::parse(kind, &body, self.custom_mode())?));
        let act = bulk.as_ref().map(|bulk| WriteRecords { kind, sets: bulk.sets.clone() }).map_err(Clone::clone);
        let permit = self.enter(Operation::WriteRecords(kind), act)??;
        let (keyset, bulk) = (Arc::clone(self.door.keyset), bulk?);
        Ok(self.soon(async move {
            let results = keyset.set_records(permit).await?;
            Ok(json(shape::bulk(&bulk.answers(&results))))
        }))
    }

    pub(super) fn get_record(&self, kind: Kind, id: &str) -> Result<Answer, Refusal> {
        let permit = self.enter_by_id(Operation::GetRecord(kind), kind, id, |id| GetRecord { kind, id })?;
        let shown = include(self.target, None)?.own;
        let known = text(self.request.headers.if_none_match).map(Cow::into_owned);
        let (app, keyset) = (Arc::clone(self.app), Arc::clone(self.door.keyset));
        Ok(self.soon(async move {
            Ok(match keyset.record(permit).await? {
                None => refuse(&app, &Refusal::NoRecord),
                Some(record) if Condition::has_already(known.as_deref(), &record) => Reply::not_modified(),
                Some(record) => json(shape::record(kind, &record, shown)),
            })
        }))
    }

    pub(super) fn set_record(&self, kind: Kind, id: &str) -> Result<Answer, Refusal> {
        let permit = self.enter_by_id(Operation::SetRecord(kind), kind, id, |id| SetRecord { kind, id })?;
        let shown = include(self.target, None)?.own;
        let id = permit.act().id.clone();
        let set = Set::parse(kind, id, &self.body()?, self.custom_mode(), self.condition())?;
        let keyset = Arc::clone(self.door.keyset);
        Ok(self.soon(async move {
            let written = keyset.set_record(permit, set).await?;
            Ok(json(shape::record(kind, &written.record, shown)))
        }))
    }

    pub(super) fn remove_record(&self, kind: Kind, id: &str) -> Result<Answer, Refusal> {
        let permit = self.enter_by_id(Operation::RemoveRecord(kind), kind, id, |id| RemoveRecord { kind, id })?;
        let (id, condition, integrity) = (permit.act().id.clone(), self.condition(), self.has_integrity());
        let keyset = Arc::clone(self.door.keyset);
        Ok(self.soon(async move {
            keyset.remove_record(permit, Remove { kind, id, condition, integrity }).await?;
            Ok(json(shape::removed()))
        }))
    }

    pub(super) fn list_memberships(&self, owner: Kind, id: &str) -> Result<Answer, Refusal> {
        let act = |id| ListMemberships { kind: owner, id };
        let permit = self.enter_by_id(Operation::ListMemberships(owner), owner, id, act)?;
        let query = Query::parse(List::Memberships { owner, id: permit.act().id.clone() }, self.target)?;
        let (keyset, shown) = (Arc::clone(self.door.keyset), query.include);
        Ok(self.soon(async move {
            let page = keyset.memberships(permit, query).await?;
            Ok(json(shape::memberships(owner.other(), &page, shown)))
        }))
    }

    pub(super) fn manage_memberships(&self, owner: Kind, id: &str) -> Result<Answer, Refusal> {
        let id = id_of(owner, id);
        let read = id.clone().and_then(|id| {
            let body = self.body()?;
            Ok(Manage::parse(owner, id, &body, self.custom_mode(), self.has_integrity())?)
        });
        // Who is named in the body needs permission as well. One that cannot be read names nobody but the owner; what is wrong
        // with it is told to those who may manage the owner, and after what is wrong with the query.
        let (act, wrong) = match read {
            Ok(manage) => (Ok(manage), None),
            Err(refusal) => (id.map(|id| Manage::nothing(owner, id)), Some(refusal)),
        };
        let permit = self.enter(Operation::ManageMemberships(owner), act.map(ManageMemberships))??;
        let query = Query::parse(List::Memberships { owner, id: permit.act().0.id.clone() }, self.target)?;
        if let Some(refusal) = wrong {
            return Err(refusal);
        }
        let (keyset, shown) = (Arc::clone(self.door.keyset), query.include);
        Ok(self.soon(async move {
            let page = keyset.manage(permit, query).await?;
            Ok(json(shape::memberships(owner.other(), &page, shown)))
        }))
    }

    /// The checks that come first: the caller may do it, and there is app context.
    fn enter<A: Act>(
        &self,
        operation: Operation,
        act: Result<A, Refusal>,
    ) -> Result<Result<Permit<A>, Refusal>, Refusal> {
        let permit = self.door.admit(operation, act)?;
        if self.door.keyset.options().context.enabled { Ok(permit) } else { Err(Refusal::ContextForbidden) }
    }

    /// The same for an act on what the path names, and then that it names something.
    fn enter_by_id<A: Act>(
        &self,
        operation: Operation,
        kind: Kind,
        id: &str,
        act: impl FnOnce(RecordId) -> A,
    ) -> Result<Permit<A>, Refusal> {
        self.enter(operation, id_of(kind, id).map(act))?
    }

    /// The body, decompressed. What cannot be read is no JSON either.
    fn body(&self) -> Result<Cow<'_, [u8]>, Refusal> {
        match body::text(self.request.body, self.request.headers.content_encoding, self.app.edge.body_bytes) {
            Ok(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text.as_bytes())),
            Ok(Cow::Owned(text)) => Ok(Cow::Owned(text.into_bytes())),
            Err(body::BadBody::TooLarge) => Err(Refusal::BodyTooLarge),
            Err(body::BadBody::Malformed) => Err(Fault::body("", "Must be JSON in UTF-8.").into()),
        }
    }

    fn custom_mode(&self) -> CustomMode {
        CustomMode::of(text(self.request.headers.content_type).as_deref())
    }

    fn condition(&self) -> Condition {
        Condition::of(text(self.request.headers.if_match).as_deref())
    }

    fn has_integrity(&self) -> bool {
        self.door.keyset.options().context.referential_integrity
    }

    /// Answers when the store has.
    fn soon(&self, work: impl Future<Output = Result<Reply, ContextError>> + Send + 'static) -> Answer {
        let app = Arc::clone(self.app);
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
}

fn id_of(kind: Kind, id: &str) -> Result<RecordId, Refusal> {
    Ok(record_id(kind, id)?)
}

fn json(body: String) -> Reply {
    Reply::json(ContentType::BareJson, body)
}

fn text(header: Option<&[u8]>) -> Option<Cow<'_, str>> {
    header.map(String::from_utf8_lossy)
}
