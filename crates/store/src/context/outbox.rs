//! Events as they are kept until they were told.

use wire::context::{About, Action, Event, Kind};
use wire::{ChannelName, Json, RecordId};

use super::rows::damaged;
use crate::StoreError;

/// What an event is about (a kind, or none for a membership; the ids; whether it was set), its payload, and where it is told.
type Kept = (Option<Kind>, Vec<RecordId>, bool, Json, Vec<ChannelName>);

/// The text to keep.
pub(crate) fn text(event: &Event) -> Result<String, StoreError> {
    let (kind, ids) = match &event.about {
        About::User(id) => (Some(Kind::User), vec![id]),
        About::Channel(id) => (Some(Kind::Channel), vec![id]),
        About::Membership { user, channel } => (None, vec![user, channel]),
    };
    let set = event.action == Action::Set;
    serde_json::to_string(&(kind, ids, set, &event.payload, &event.channels)).map_err(damaged)
}

/// The event that was kept as this text.
pub(crate) fn event(text: &str) -> Result<Event, StoreError> {
    let (kind, mut ids, set, payload, channels): Kept = serde_json::from_str(text).map_err(damaged)?;
    let mut next = || if ids.is_empty() { Err(damaged("an event lacks an id")) } else { Ok(ids.remove(0)) };
    let about = match kind {
        Some(Kind::User) => About::User(next()?),
        Some(Kind::Channel) => About::Channel(next()?),
        None => About::Membership { user: next()?, channel: next()? },
    };
    Ok(Event { about, action: if set { Action::Set } else { Action::Delete }, payload, channels })
}
