//! What subscribers hear of a change.

use serde_json::{Map, Value, json};

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
    pub fn new(about: About, action: Action, mut data: Map<String, Value>) -> Self {
        let mut event = Self { about, action, payload: Json::of(&Value::Null), channels: Vec::new() };
        match event.about.clone() {
            About::User(id) | About::Channel(id) => {
                data.insert("id".into(), id.as_str().into());
                event.also_on([&id]);
            }
            About::Membership { user, channel } => {
                data.insert("channel".into(), json!({"id": channel.as_str()}));
                data.insert("uuid".into(), json!({"id": user.as_str()}));
                event.also_on([&channel, &user]);
            }
        }
        let word = match action {
            Action::Set => "set",
            Action::Delete => "delete",
        };
        event.payload = Json::of(
            &json!({"source": "objects", "version": "2.0", "event": word, "type": event.about.as_str(), "data": data}),
        );
        event
    }

    /// Tells it on the channels with these ids as well. An id that is no channel's name, or that names a presence
    /// stream, is heard by nobody.
    pub fn also_on<'i>(&mut self, ids: impl IntoIterator<Item = &'i RecordId>) {
        let mut told: std::collections::HashSet<ChannelName> = self.channels.iter().cloned().collect();
        for id in ids {
            let Ok(channel) = ChannelName::new(id.as_str()) else { continue };
            if !channel.is_presence() && told.insert(channel.clone()) {
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
