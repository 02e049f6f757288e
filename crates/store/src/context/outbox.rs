//! Events as they are kept until they were told.

use serde_json::value::RawValue;
use wire::context::{About, Action, Event, Kind};
use wire::{ChannelName, Json, RecordId};

use super::rows::damaged;
use crate::StoreError;

/// What an event is about (a kind, or none for a membership; the ids; whether it was set), its payload, and where it is told.
type Kept<P> = (Option<Kind>, Vec<RecordId>, bool, P, Vec<ChannelName>);

/// The text to keep.
pub(crate) fn text(event: &Event) -> Result<String, StoreError> {
    let (kind, ids) = match &event.about {
        About::User(id) => (Some(Kind::User), vec![id]),
        About::Channel(id) => (Some(Kind::Channel), vec![id]),
        About::Membership { user, channel } => (None, vec![user, channel]),
    };
    let payload: &RawValue = serde_json::from_str(event.payload.as_str()).map_err(damaged)?;
    let set = event.action == Action::Set;
    serde_json::to_string(&(kind, ids, set, payload, &event.channels)).map_err(damaged)
}

/// The event that was kept as this text.
pub(crate) fn event(text: &str) -> Result<Event, StoreError> {
    let (kind, mut ids, set, payload, channels): Kept<&RawValue> = serde_json::from_str(text).map_err(damaged)?;
    let mut next = || if ids.is_empty() { Err(damaged("an event lacks an id")) } else { Ok(ids.remove(0)) };
    let about = match kind {
        Some(Kind::User) => About::User(next()?),
        Some(Kind::Channel) => About::Channel(next()?),
        None => About::Membership { user: next()?, channel: next()? },
    };
    let payload = Json::parse(payload.get()).ok_or_else(|| damaged("an event lacks its payload"))?;
    Ok(Event { about, action: if set { Action::Set } else { Action::Delete }, payload, channels })
}
