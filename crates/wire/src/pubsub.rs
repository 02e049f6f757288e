//! Publish, signal and subscribe: envelopes and replies (`docs/protocol/pubsub.md`).

use compact_str::CompactString;

use crate::answer::{self, Unreadable};
use crate::json::{Json, push_string};
use crate::names::{ChannelName, SubscribeKey};
use crate::time::{Ticks, Timetoken};

/// The region that every cursor and envelope names. Clients parse it into as little as a signed byte, and one of them
/// leaves it out when it is 0.
pub const REGION: u8 = 1;

/// What is published, as its subscribers receive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Message, signal or event.
    pub kind: Kind,
    /// Where it was published.
    pub channel: ChannelName,
    /// `i`: who published it, when the publisher said so.
    pub publisher: Option<CompactString>,
    /// `s`: the publisher's running number.
    pub sequence: Option<u32>,
    /// `o`: the timetoken that the publisher gives for the original.
    pub original: Option<Original>,
    /// `u`: what filter expressions read.
    pub meta: Option<Json>,
    /// `cmt`: the application's own type of message.
    pub message_type: Option<CompactString>,
    /// `d`
    pub payload: Json,
}

/// The kind of a message, `e` in its envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message: no `e`.
    Message,
    /// A signal: `e` is 1.
    Signal,
    /// What app context tells of a change: `e` is 2.
    Object,
    /// What was done to a message, a reaction for one: `e` is 3.
    Action,
    /// A file that was sent: `e` is 4.
    File,
    /// A kind that this crate has no name for.
    Other(u32),
}

impl Kind {
    /// `e` of its envelopes; none for a message.
    #[must_use]
    pub const fn number(self) -> Option<u32> {
        match self {
            Self::Message => None,
            Self::Signal => Some(1),
            Self::Object => Some(2),
            Self::Action => Some(3),
            Self::File => Some(4),
            Self::Other(number) => Some(number),
        }
    }

    /// The kind that `e` names. Absent and 0 are the same.
    #[must_use]
    pub const fn of(number: Option<u32>) -> Self {
        match number {
            None | Some(0) => Self::Message,
            Some(1) => Self::Signal,
            Some(2) => Self::Object,
            Some(3) => Self::Action,
            Some(4) => Self::File,
            Some(number) => Self::Other(number),
        }
    }
}

/// `ortt`: the timetoken and region of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its timetoken.
    pub timetoken: Timetoken,
    /// Its region, when given.
    pub region: Option<u32>,
}

impl Message {
    /// Appends the envelope, all but `b` and the closing brace: what is the same for every subscriber.
    pub fn write_envelope(&self, out: &mut Vec<u8>, subscribe_key: &SubscribeKey, timetoken: Timetoken) {
        // `f` says whether the message is stored; nothing stores messages yet.
        out.extend_from_slice(br#"{"a":"1","f":0"#);
        if let Some(number) = self.kind.number() {
            out.extend_from_slice(format!(r#","e":{number}"#).as_bytes());
        }
        if let Some(publisher) = &self.publisher {
            out.extend_from_slice(br#","i":"#);
            push_string(out, publisher);
        }
        if let Some(sequence) = self.sequence {
            out.extend_from_slice(format!(r#","s":{sequence}"#).as_bytes());
        }
        write_place(out, subscribe_key, timetoken, self.channel.as_str());
        if let Some(Original { timetoken, region }) = self.original {
            // The publisher's number as it was given: it need not be one of ours, which have 17 digits.
            out.extend_from_slice(format!(r#","o":{{"t":"{}""#, timetoken.ticks()).as_bytes());
            if let Some(region) = region {
                out.extend_from_slice(format!(r#","r":{region}"#).as_bytes());
            }
            out.push(b'}');
        }
        if let Some(meta) = &self.meta {
            out.extend_from_slice(br#","u":"#);
            out.extend_from_slice(meta.as_str().as_bytes());
        }
        out.extend_from_slice(br#","d":"#);
        out.extend_from_slice(self.payload.as_str().as_bytes());
        if let Some(message_type) = &self.message_type {
            out.extend_from_slice(br#","cmt":"#);
            push_string(out, message_type);
        }
    }
}

/// Appends `p`, `k` and `c`, which every envelope has.
pub(crate) fn write_place(out: &mut Vec<u8>, subscribe_key: &SubscribeKey, timetoken: Timetoken, channel: &str) {
    out.extend_from_slice(format!(r#","p":{{"t":"{timetoken}","r":{REGION}}},"k":"#).as_bytes());
    push_string(out, subscribe_key.as_str());
    out.extend_from_slice(br#","c":"#);
    push_string(out, channel);
}

/// Ends an envelope: `b`, the subscription that matched, where the request needs it, and the closing brace.
pub fn close_envelope(out: &mut Vec<u8>, matched: Option<&str>) {
    if let Some(matched) = matched {
        out.extend_from_slice(br#","b":"#);
        push_string(out, matched);
    }
    out.push(b'}');
}

/// Opens a subscribe reply; envelopes follow, a comma between two, then [`close_reply`].
pub fn open_reply(out: &mut Vec<u8>, cursor: Timetoken) {
    out.extend_from_slice(br#"{"t":{"t":""#);
    cursor.write(out);
    out.extend_from_slice(br#"","r":"#);
    out.push(b'0' + REGION);
    out.extend_from_slice(br#"},"m":["#);
}

/// Ends a subscribe reply.
pub fn close_reply(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}");
}

/// The reply to a publish, signal or fire.
#[must_use]
pub fn sent(timetoken: Timetoken) -> String {
    format!(r#"[1,"Sent","{timetoken}"]"#)
}

/// Reads what was answered to a publish, signal or fire: the timetoken of the message.
///
/// ```
/// use wire::{Timetoken, pubsub};
/// let then = Timetoken::from_ticks(17_000_000_000_000_001);
/// assert_eq!(pubsub::read_sent(pubsub::sent(then).as_bytes()), Ok(then));
/// ```
///
/// # Errors
/// [`Unreadable`]
pub fn read_sent(body: &[u8]) -> Result<Timetoken, Unreadable> {
    let (_, _, Ticks(timetoken)): (u8, String, Ticks) = answer::read(body)?;
    Ok(timetoken)
}

/// The reply to a time call.
#[must_use]
pub fn time(now: Timetoken) -> String {
    format!("[{}]", now.ticks())
}

/// Reads what was answered to a time call.
///
/// ```
/// use wire::{Timetoken, pubsub};
/// let now = Timetoken::from_ticks(17_000_000_000_000_000);
/// assert_eq!(pubsub::read_time(pubsub::time(now).as_bytes()), Ok(now));
/// ```
///
/// # Errors
/// [`Unreadable`]
pub fn read_time(body: &[u8]) -> Result<Timetoken, Unreadable> {
    let (Ticks(timetoken),): (Ticks,) = answer::read(body)?;
    Ok(timetoken)
}

/// Appends a text as a JSON string: the parts of a reply of the first version of subscribe.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    push_string(out, text);
}
