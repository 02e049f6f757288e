//! What subscribers hear of a change.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::Custom;
use crate::json::Json;
use crate::names::{ChannelName, RecordId};
use crate::pubsub::{self, Message};

/// An effective change, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What changed.
    pub about: About,
    /// How.
    pub action: Action,
    /// `d`, whole. Cheap to clone: an event may be told on many channels.
    pub payload: Json,
    /// Where it is told, each channel once.
    pub channels: Vec<ChannelName>,
}

/// Which record an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// `uuid`
    User(RecordId),
    /// `channel`
    Channel(RecordId),
    /// `membership`
    Membership {
        /// Who.
        user: RecordId,
        /// Where.
        channel: RecordId,
    },
}

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was created or changed.
    Set,
    /// It was removed.
    Delete,
}

/// What an event tells of a record, by the name of each member of `data`. Ids come by themselves.
pub type Data<'d> = BTreeMap<&'d str, Told<'d>>;

/// A member of `data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Told<'d> {
    /// A text, or null for one that is unset.
    Text(Option<Cow<'d, str>>),
    /// `custom`, or null.
    Custom(Option<&'d Custom>),
    /// One end of a membership.
    End {
        /// Its id.
        id: &'d str,
    },
}

impl<'d> Told<'d> {
    /// A text that is set.
    #[must_use]
    pub fn text(text: impl Into<Cow<'d, str>>) -> Self {
        Self::Text(Some(text.into()))
    }
}

/// `d`, its members in the order of their names, as those of `data` are.
#[derive(Serialize)]
struct Payload<'d> {
    data: Data<'d>,
    event: &'d str,
    source: &'d str,
    #[serde(rename = "type")]
    kind: &'d str,
    version: &'d str,
}

impl About {
    /// `type` of the event.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::User(_) => "uuid",
            Self::Channel(_) => "channel",
            Self::Membership { .. } => "membership",
        }
    }
}

impl Event {
    /// The event, told on the channels that have the ids of the record. `data` is what is told beside these ids.
    #[must_use]
    pub fn new(about: About, action: Action, data: Data<'_>) -> Self {
        let payload = payload(&about, action, data);
        let mut event = Self { about, action, payload, channels: Vec::new() };
        match event.about.clone() {
            About::User(id) | About::Channel(id) => event.also_on([&id]),
            About::Membership { user, channel } => event.also_on([&channel, &user]),
        }
        event
    }

    /// Tells it on the channels with these ids as well. An id that is no channel's name, or that names a presence
    /// stream, is heard by nobody.
    pub fn also_on<'i>(&mut self, ids: impl IntoIterator<Item = &'i RecordId>) {
        let named = |id: &RecordId| ChannelName::new(id.as_str()).ok().filter(|channel| !channel.is_presence());
        let mut ids = ids.into_iter().filter_map(named).peekable();
        // Most users are nowhere a member.
        if ids.peek().is_none() {
            return;
        }
        let mut told: HashSet<ChannelName> = self.channels.iter().cloned().collect();
        for channel in ids {
            if told.insert(channel.clone()) {
                self.channels.push(channel);
            }
        }
    }

    /// The event as the timelines of pub/sub carry it, one for each channel.
    pub fn messages(&self) -> impl Iterator<Item = Message> + '_ {
        self.channels.iter().map(|channel| Message {
            kind: pubsub::Kind::Object,
            channel: channel.clone(),
            publisher: None,
            sequence: None,
            original: None,
            meta: None,
            message_type: None,
            payload: self.payload.clone(),
        })
    }
}

fn payload<'d>(about: &'d About, action: Action, mut data: Data<'d>) -> Json {
    match about {
        About::User(id) | About::Channel(id) => _ = data.insert("id", Told::text(id.as_str())),
        About::Membership { user, channel } => {
            data.insert("channel", Told::End { id: channel.as_str() });
            data.insert("uuid", Told::End { id: user.as_str() });
        }
    }
    let event = match action {
        Action::Set => "set",
        Action::Delete => "delete",
    };
    Json::of(&Payload { data, event, source: "objects", kind: about.as_str(), version: "2.0" })
}
