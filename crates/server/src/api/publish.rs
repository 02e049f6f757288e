//! Publish, fire and signal (`docs/protocol/pubsub.md`).

use std::borrow::Cow;

use node::acts::{Publish, Sent};
use node::{Keyset, Operation, Permit, Published};
use wire::pubsub::{Kind, Message, Original, sent};
use wire::route::{Method, PublishVersion};
use wire::{ChannelName, InvalidName, Json, Refusal, Timetoken, decode};

use super::arguments::Arguments;
use super::body::{self, BadBody};
use super::door::Door;
use super::{App, Request};
use crate::edge::{ContentType, Reply};

/// Bytes of JSON text in a signal. Its point is to be small.
const SIGNAL_BYTES: usize = 64;
/// Characters of a `custom_message_type`.
const MESSAGE_TYPE_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=50;

#[allow(clippy::too_many_arguments, reason = "they are the segments of the path")]
pub(super) fn publish(
    app: &App,
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    request: &Request<'_>,
    version: PublishVersion,
    publish_key: &str,
    channel: &str,
    message: Option<&str>,
) -> Result<Reply, Refusal> {
    let permit = enter(door, Sent::Message, publish_key, channel)?;
    let (most, too_large) = match version {
        PublishVersion::First => (app.edge.message_bytes, Refusal::MessageTooLarge),
        PublishVersion::Second => (app.edge.large_message_bytes, Refusal::BodyTooLarge),
    };
    let payload = payload_of(request, message, most, too_large)?;
    let meta = arguments.text("meta").map_err(|_| Refusal::InvalidJson)?;
    let message = Message {
        kind: Kind::Message,
        channel: permit.act().channel.clone(),
        publisher: publisher_of(arguments)?,
        sequence: arguments.number("seqn").ok().flatten().and_then(|number| number.try_into().ok()),
        original: original_of(arguments),
        meta: meta.map(|text| Json::parse(&text).ok_or(Refusal::InvalidJson)).transpose()?,
        message_type: message_type_of(arguments)?,
        payload,
    };
    // Nothing is stored, so `store` and `ttl` have nothing to say; `norep` keeps it from subscribers.
    Ok(told(door.keyset.publish(permit, message, !arguments.on("norep"))))
}

pub(super) fn signal(
    app: &App,
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    request: &Request<'_>,
    publish_key: &str,
    channel: &str,
    message: Option<&str>,
) -> Result<Reply, Refusal> {
    let permit = enter(door, Sent::Signal, publish_key, channel)?;
    let payload = payload_of(request, message, app.edge.message_bytes, Refusal::SignalTooLarge)?;
    if payload.as_str().len() > SIGNAL_BYTES {
        return Err(Refusal::SignalTooLarge);
    }
    let message = Message {
        kind: Kind::Signal,
        channel: permit.act().channel.clone(),
        publisher: publisher_of(arguments)?,
        sequence: None,
        original: None,
        meta: None,
        message_type: message_type_of(arguments)?,
        payload,
    };
    Ok(told(door.keyset.publish(permit, message, true)))
}

fn told(published: Published) -> Reply {
    Reply::json(ContentType::Script, sent(published.timetoken)).giving_way(published.gives_way)
}

/// The checks that come first: the caller may use the channel, knows the publish key, can publish there, and there is
/// room for another message.
fn enter(door: &Door<'_>, kind: Sent, publish_key: &str, channel: &str) -> Result<Permit<Publish>, Refusal> {
    let operation = match kind {
        Sent::Message => Operation::Publish,
        Sent::Signal => Operation::Signal,
    };
    let permit = door.admit(operation, channel_of(channel).map(|channel| Publish { kind, channel }))?;
    check_publish_key(door.keyset, publish_key)?;
    let permit = permit?;
    check_channel(&permit.act().channel)?;
    door.keyset.check_room()?;
    Ok(permit)
}

fn channel_of(segment: &str) -> Result<ChannelName, Refusal> {
    let text = decode(segment).map_err(|why| Refusal::InvalidChannel(why.to_string()))?;
    ChannelName::new(text.as_ref()).map_err(|why| {
        Refusal::InvalidChannel(match why {
            InvalidName::Empty => "''".to_owned(),
            InvalidName::TooLong(_) => "too long".to_owned(),
            InvalidName::Reserved(character) => format!("'{}'", character.escape_default()),
        })
    })
}

fn check_publish_key(keyset: &Keyset, segment: &str) -> Result<(), Refusal> {
    let key = decode(segment).map_err(|_| Refusal::InvalidPublishKey)?;
    if keyset.options().publish_key.as_str() == key { Ok(()) } else { Err(Refusal::InvalidPublishKey) }
}

fn check_channel(channel: &ChannelName) -> Result<(), Refusal> {
    if channel.is_presence() {
        return Err(Refusal::InvalidChannel("presence streams are written by the server".to_owned()));
    }
    if channel.is_too_deep() {
        return Err(Refusal::TooManyLevels);
    }
    Ok(())
}

/// The message: the body of a POST, else the last segment of the path.
fn payload_of(request: &Request<'_>, message: Option<&str>, most: usize, too_large: Refusal) -> Result<Json, Refusal> {
    let text: Cow<'_, str> = match (request.method, message) {
        (Method::Post, None) => match body::text(request.body, request.headers.content_encoding, most) {
            Ok(text) => text,
            Err(BadBody::TooLarge) => return Err(too_large),
            Err(BadBody::Malformed) => return Err(Refusal::InvalidJson),
        },
        (_, Some(segment)) => decode(segment).map_err(|_| Refusal::InvalidJson)?,
        (_, None) => return Err(Refusal::InvalidJson),
    };
    if text.len() > most {
        return Err(too_large);
    }
    Json::parse(&text).ok_or(Refusal::InvalidJson)
}

/// Any text is taken as the publisher's id: it is only passed on.
fn publisher_of(arguments: &Arguments<'_>) -> Result<Option<wire::CompactString>, Refusal> {
    let text = arguments.text("uuid").map_err(|_| Refusal::InvalidPublisher)?;
    Ok(text.map(Into::into))
}

fn message_type_of(arguments: &Arguments<'_>) -> Result<Option<wire::CompactString>, Refusal> {
    let Some(text) = arguments.text("custom_message_type").map_err(|_| Refusal::InvalidMessageType)? else {
        return Ok(None);
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if MESSAGE_TYPE_CHARACTERS.contains(&text.len()) && text.bytes().all(plain) {
        Ok(Some(text.into()))
    } else {
        Err(Refusal::InvalidMessageType)
    }
}

/// `ortt`, an object with a timetoken `t` and perhaps a region `r`. Anything else is passed over.
fn original_of(arguments: &Arguments<'_>) -> Option<Original> {
    let text = arguments.text("ortt").ok()??;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(Original {
        timetoken: timetoken_of(value.get("t")?)?,
        region: value.get("r").and_then(serde_json::Value::as_u64).and_then(|region| region.try_into().ok()),
    })
}

/// A timetoken in JSON: a number or a string.
pub(super) fn timetoken_of(value: &serde_json::Value) -> Option<Timetoken> {
    match value {
        serde_json::Value::String(text) => Timetoken::parse(text),
        serde_json::Value::Number(number) => Timetoken::parse(&number.to_string()),
        _ => None,
    }
}
