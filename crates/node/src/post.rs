//! What the timelines hold: messages and presence events, each encoded once, when somebody first asks for it.

use std::sync::OnceLock;

use engine::filter::{Facts, MessageFilter};
use engine::pubsub::Post;
use wire::presence::{Event, What};
use wire::pubsub::Message;
use wire::{ChannelName, CompactString, Json, SubscribeKey, UserId};

/// A message or event, with its envelope. Most presence events are read by nobody; they are never encoded.
#[derive(Debug)]
pub struct Posted {
    body: Body,
    envelope: OnceLock<Box<[u8]>>,
}

#[derive(Debug)]
enum Body {
    Message(Message),
    Event(Event),
}

/// What an envelope holds beside what was sent.
const ENVELOPE_BYTES: usize = 200;

/// What an event tells beside numbers: a state of up to 32 KiB, or who came and went within an interval.
fn told_bytes(event: &Event) -> usize {
    let state = |state: &Option<Json>| state.as_ref().map_or(0, |state| state.as_str().len());
    match &event.what {
        What::Join(user, with) | What::Leave(user, with) | What::Timeout(user, with) => {
            user.as_str().len() + state(with)
        }
        What::StateChange(user, state) => user.as_str().len() + state.as_str().len(),
        What::Interval(delta) => {
            let users = [&delta.join, &delta.leave, &delta.timeout];
            users.into_iter().flatten().map(|user| user.as_str().len() + size_of::<UserId>()).sum()
        }
    }
}

impl Posted {
    pub(crate) fn message(message: Message) -> Self {
        Self { body: Body::Message(message), envelope: OnceLock::new() }
    }

    pub(crate) fn event(event: Event) -> Self {
        Self { body: Body::Event(event), envelope: OnceLock::new() }
    }

    /// The channel it travels on.
    pub(crate) fn channel(&self) -> ChannelName {
        match &self.body {
            Body::Message(message) => message.channel.clone(),
            Body::Event(event) => event.channel.presence(),
        }
    }

    /// What it costs to keep: its parts, and its envelope once it is encoded.
    pub(crate) fn bytes(&self) -> usize {
        let length = |text: &Option<CompactString>| text.as_ref().map_or(0, CompactString::len);
        match &self.body {
            Body::Message(message) => {
                let meta = message.meta.as_ref().map_or(0, |meta| meta.as_str().len());
                let content = message.payload.as_str().len() + meta;
                let names = message.channel.as_str().len() + length(&message.publisher) + length(&message.message_type);
                2 * (content + names) + ENVELOPE_BYTES
            }
            // What an event tells is in its envelope twice, for subscribers and for filters.
            Body::Event(event) => 3 * (told_bytes(event) + event.channel.as_str().len()) + 2 * ENVELOPE_BYTES,
        }
    }

    /// The envelope, all but `b` and the closing brace.
    pub(crate) fn envelope<'p>(post: &'p Post<Self>, subscribe_key: &SubscribeKey) -> &'p [u8] {
        post.body.envelope.get_or_init(|| {
            let mut out = Vec::with_capacity(256);
            match &post.body.body {
                Body::Message(message) => message.write_envelope(&mut out, subscribe_key, post.timetoken),
                Body::Event(event) => event.write_envelope(&mut out, subscribe_key, post.timetoken),
            }
            out.into()
        })
    }

    /// Whether it tells that this user came.
    pub(crate) fn is_join_of(&self, user: &UserId) -> bool {
        matches!(&self.body, Body::Event(Event { what: What::Join(who, _), .. }) if who == user)
    }

    /// The payload alone, as JSON text.
    pub(crate) fn write_payload(&self, out: &mut Vec<u8>) {
        match &self.body {
            Body::Message(message) => out.extend_from_slice(message.payload.as_str().as_bytes()),
            Body::Event(event) => event.write_payload(out),
        }
    }

    /// Whether a subscriber with this filter wants it. Presence events pass unless they are to be filtered as well.
    pub(crate) fn passes(&self, filter: &MessageFilter, events_too: bool) -> bool {
        match &self.body {
            Body::Message(message) => {
                // Meta that is no object has no keys.
                let meta = message.meta.as_ref().filter(|meta| meta.is_object());
                filter.matches(&Facts::new(meta.map(Json::as_str), message.payload.as_str()))
            }
            Body::Event(event) if events_too => {
                let (mut meta, mut payload) = (Vec::new(), Vec::new());
                event.write_meta(&mut meta);
                event.write_payload(&mut payload);
                // Both were written from valid text.
                let (meta, payload) = (String::from_utf8_lossy(&meta), String::from_utf8_lossy(&payload));
                filter.matches(&Facts::new(Some(&meta), &payload))
            }
            Body::Event(_) => true,
        }
    }
}
