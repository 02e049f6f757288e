//! Setting the metadata of a user or channel.

use wire::context::{About, Action, Answered, Content, Event, Fault, Kind, Moment, Record, Told};
use wire::{RecordId, Refusal};

use super::change::{check_size, object};
use super::{Change, CustomMode, etag};

/// A request to create or change one user or channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// What it is.
    pub kind: Kind,
    /// Whose metadata.
    pub id: RecordId,
    /// What is to change.
    pub change: Change,
    /// On what condition.
    pub condition: Condition,
}

/// `If-Match`: which version of a record there must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Any, or none.
    #[default]
    None,
    /// Any.
    Exists,
    /// The one with this eTag.
    Is(Box<str>),
}

/// What became of a record that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The record as it is now.
    pub record: Record,
    /// What that took.
    pub effect: Effect,
    /// What is told of it, unless nothing changed. The store adds the channels of a user: [`Event::also_on`].
    pub event: Option<Event>,
}

/// Whether a record changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was not there before.
    Created,
    /// It is another now.
    Changed,
    /// It is what it was: nothing is to be written.
    Unchanged,
}

/// A command that the records of the moment do not allow. Nothing is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It would make a record that is not allowed, or needs one that is not there.
    #[error(transparent)]
    Invalid(Fault),
    /// Its condition does not hold for the user or channel.
    #[error("the record has another version")]
    Stale(Kind),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Invalid(fault)
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(fault) => Self::InvalidInput(fault),
            Refused::Stale(kind) => Self::Stale(kind),
        }
    }
}

/// The id in a path, decoded and checked.
///
/// # Errors
/// A [`Fault`] of the path, at `uuid` or `channel`.
pub fn record_id(kind: Kind, segment: &str) -> Result<RecordId, Fault> {
    let text = wire::decode(segment).map_err(|error| Fault::path(kind.as_str(), error.to_string()))?;
    RecordId::new(&*text).map_err(|error| Fault::path(kind.as_str(), error.to_string()))
}

impl Condition {
    /// What the value of `If-Match` asks for.
    #[must_use]
    pub fn of(header: Option<&str>) -> Self {
        let Some(value) = header.map(str::trim).filter(|value| !value.is_empty()) else { return Self::None };
        let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        if bare == "*" { Self::Exists } else { Self::Is(bare.into()) }
    }

    /// Whether a client that sends this value as `If-None-Match` has the record already, and is answered 304.
    ///
    /// ```
    /// # use engine::context::Condition;
    /// # use wire::context::{Content, ETag, Moment, Record};
    /// # let id = wire::RecordId::new("ann").unwrap();
    /// let record = Record { id, content: Content::default(), updated: Moment::default(), etag: ETag::new("e1") };
    /// assert!(Condition::has_already(Some("\"e1\""), &record));
    /// assert!(!Condition::has_already(Some("e2"), &record) && !Condition::has_already(None, &record));
    /// ```
    #[must_use]
    pub fn has_already(if_none_match: Option<&str>, record: &Record) -> bool {
        let condition = Self::of(if_none_match);
        condition != Self::None && condition.check(Kind::User, Some(record)).is_ok()
    }

    pub(super) fn check(&self, kind: Kind, current: Option<&Record>) -> Result<(), Refused> {
        let holds = match (self, current) {
            (Self::None, _) | (Self::Exists, Some(_)) => true,
            (Self::Is(etag), Some(record)) => record.etag.as_str() == &**etag,
            (Self::Exists | Self::Is(_), None) => false,
        };
        if holds { Ok(()) } else { Err(Refused::Stale(kind)) }
    }
}

impl Set {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first [`Fault`] of the body.
    pub fn parse(kind: Kind, id: RecordId, body: &[u8], mode: CustomMode, condition: Condition) -> Result<Self, Fault> {
        let change = Change::parse(kind.fields(), &object(body)?, mode)?;
        Self::checked(kind, id, change, condition)
    }

    pub(super) fn checked(kind: Kind, id: RecordId, change: Change, condition: Condition) -> Result<Self, Fault> {
        change.check_size(&id, kind.fields())?;
        Ok(Self { kind, id, change, condition })
    }

    /// What becomes of the record.
    ///
    /// # Errors
    /// [`Refused`] when the condition does not hold or the record would become too large.
    pub fn apply(&self, current: Option<&Record>, now: Moment) -> Result<Written, Refused> {
        self.condition.check(self.kind, current)?;
        let nothing = Content::default();
        let before = current.map_or(&nothing, |record| &record.content);
        let content = self.change.apply(before);
        if let Some(record) = current.filter(|record| record.content == content) {
            return Ok(Written { record: record.clone(), effect: Effect::Unchanged, event: None });
        }
        check_size(&self.id, self.kind.fields(), &content)?;
        let now = current.map_or(now, |record| record.updated.next(now));
        let etag = etag::of_record(current, &content, now);
        let effect = if current.is_some() { Effect::Changed } else { Effect::Created };
        let record = Record { id: self.id.clone(), content, updated: now, etag };
        let mut data = self.change.told(before, &record.content);
        data.insert("updated", Told::text(now.to_string()));
        data.insert("eTag", Told::text(record.etag.as_str()));
        let event = Event::new(about(self.kind, &self.id), Action::Set, data);
        Ok(Written { record, effect, event: Some(event) })
    }
}

impl Written {
    /// What a bulk write answers for it.
    #[must_use]
    pub fn answered(&self) -> Answered {
        let Record { id, updated, etag, .. } = self.record.clone();
        match self.effect {
            Effect::Created => Answered::Created(id, updated, etag),
            Effect::Changed => Answered::Changed(id, updated, etag),
            Effect::Unchanged => Answered::Unchanged(id, updated, etag),
        }
    }
}

pub(super) fn about(kind: Kind, id: &RecordId) -> About {
    match kind {
        Kind::User => About::User(id.clone()),
        Kind::Channel => About::Channel(id.clone()),
    }
}
