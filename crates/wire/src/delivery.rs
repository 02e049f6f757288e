//! What a subscriber reads: the reply to a subscribe, taken apart (`docs/protocol/pubsub.md`, "Envelope").
//!
//! The counterpart of [`pubsub`](crate::pubsub), which writes them. Servers differ in what they leave out and in how they write numbers,
//! so reading is lenient: only what a subscriber cannot do without is required, and one envelope that cannot be read
//! does not take the others with it.

use std::fmt;

use compact_str::CompactString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::answer::{self, Unreadable};
use crate::json::Json;
use crate::names::ChannelName;
use crate::pubsub::{Kind, Message, Original};
use crate::time::Timetoken;

/// Where a subscriber stands: what it sends with its next poll (`tt` and `tr`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// It has everything up to this point.
    pub timetoken: Timetoken,
    /// The region that handed it out; `None` before the first reply.
    pub region: Option<u32>,
}

/// The reply to a subscribe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where to go on.
    pub cursor: Cursor,
    /// What was waiting, in the order of the reply. One that cannot be read is there as it came.
    pub envelopes: Vec<Result<Envelope, Json>>,
}

/// A message, signal or event as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What was published.
    pub message: Message,
    /// `p`: when, on the timeline of messages.
    pub published: Cursor,
    /// `b`: the channel, pattern or group by which it came. `None` where the request named nothing else.
    pub matched: Option<CompactString>,
}

impl Delivery {
    /// Reads the body of a reply.
    ///
    /// ```
    /// use wire::delivery::Delivery;
    /// let delivery = Delivery::read(br#"{"t":{"t":"17000000000000002","r":1},"m":[
    ///     {"a":"1","f":0,"i":"ann","p":{"t":"17000000000000002","r":1},"k":"demo","c":"room","d":"hi"}, "garbage"]}"#)?;
    /// let ann = delivery.envelopes[0].as_ref().unwrap();
    /// assert_eq!((ann.message.publisher.as_deref(), ann.message.payload.as_str()), (Some("ann"), r#""hi""#));
    /// assert_eq!(ann.matched(), "room");
    /// assert!(delivery.envelopes[1].is_err());
    /// # Ok::<(), wire::answer::Unreadable>(())
    /// ```
    ///
    /// # Errors
    /// [`Unreadable`] when there is no cursor to go on from.
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let reply: Reply = answer::read(body)?;
        let cursor = reply.t.cursor().ok_or_else(|| serde_json::Error::custom("no timetoken"))?;
        let envelopes = reply.m.into_iter().map(|json| Envelope::read(&json).ok_or(json)).collect();
        Ok(Self { cursor, envelopes })
    }
}

impl Envelope {
    /// Reads one envelope.
    #[must_use]
    pub fn read(json: &Json) -> Option<Self> {
        let Parts { e, i, s, p, o, c, d, b, u, cmt } = serde_json::from_str(json.as_str()).ok()?;
        let original = o.and_then(|place| {
            Some(Original { timetoken: place.t.as_deref().and_then(Timetoken::parse)?, region: place.r })
        });
        let message = Message {
            kind: Kind::of(e),
            channel: ChannelName::new(c).ok()?,
            publisher: i,
            sequence: s,
            original,
            meta: u,
            message_type: cmt,
            payload: d,
        };
        Some(Self { message, published: p.cursor()?, matched: b })
    }

    /// The subscription by which it came: `b`, or the channel where there is none.
    #[must_use]
    pub fn matched(&self) -> &str {
        self.matched.as_deref().unwrap_or_else(|| self.message.channel.as_str())
    }
}

#[derive(Deserialize)]
struct Reply {
    t: Place,
    #[serde(default)]
    m: Vec<Json>,
}

#[derive(Default, Deserialize)]
struct Place {
    #[serde(default, deserialize_with = "digits")]
    t: Option<CompactString>,
    #[serde(default)]
    r: Option<u32>,
}

impl Place {
    fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { timetoken: Timetoken::parse(self.t.as_deref()?)?, region: self.r })
    }
}

#[derive(Deserialize)]
struct Parts {
    #[serde(default)]
    e: Option<u32>,
    #[serde(default)]
    i: Option<CompactString>,
    #[serde(default)]
    s: Option<u32>,
    p: Place,
    #[serde(default)]
    o: Option<Place>,
    c: CompactString,
    d: Json,
    #[serde(default)]
    b: Option<CompactString>,
    #[serde(default, deserialize_with = "json")]
    u: Option<Json>,
    #[serde(default)]
    cmt: Option<CompactString>,
}

/// A timetoken as a string, as a number, or left out.
fn digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CompactString>, D::Error> {
    let json = Json::deserialize(deserializer)?;
    Ok(match json.as_str() {
        "null" => None,
        text => Some(text.trim_matches('"').into()),
    })
}

/// Any value; `null` is none.
fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(|json| Some(json).filter(|json| json.as_str() != "null"))
}

/// Messages after `after`, up to and including `until`, may be missing from a reply (`docs/protocol/beyond.md`, "Gaps are told").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The cursor that was asked from.
    pub after: Timetoken,
    /// The newest message that may be missing.
    pub until: Timetoken,
}

impl Gap {
    /// The header that tells of one.
    pub const HEADER: &str = "Hereabouts-Gap";
    /// What the header says in the reply to a first call: this server tells of gaps, and there is none.
    pub const NONE: &str = "none";

    /// Reads the value of the header.
    ///
    /// ```
    /// use wire::delivery::Gap;
    /// let gap = Gap::read("17000000000000001 17000000000000009").unwrap();
    /// assert_eq!(gap.to_string(), "17000000000000001 17000000000000009");
    /// assert!(Gap::read("none").is_none() && Gap::read("1").is_none() && Gap::read("a b").is_none());
    /// ```
    #[must_use]
    pub fn read(value: &str) -> Option<Self> {
        let (after, until) = value.trim().split_once(' ')?;
        Some(Self { after: Timetoken::parse(after)?, until: Timetoken::parse(until.trim_start())? })
    }
}

/// The value of the header.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.after, self.until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SubscribeKey;
    use crate::pubsub::{close_envelope, close_reply, open_reply};

    fn message() -> impl Strategy<Value = Message> {
        let kind = (0..8_u32).prop_map(|number| Kind::of(Some(number)));
        let text = "[a-z \"\\\\é😀]{0,12}";
        let json = prop::sample::select(vec![
            "null",
            "true",
            "-1.50",
            "12345678901234567890",
            "\"a\\u00e9\"",
            "[1,{\"b\":[]}]",
            "{\"z\":1,\"a\":null}",
        ]);
        let json = json.prop_map(|text| Json::parse(text).unwrap());
        let original = (1..u64::from(u32::MAX), prop::option::of(1..100_u32))
            .prop_map(|(ticks, region)| Original { timetoken: Timetoken::from_ticks(ticks), region });
        (
            kind,
            "[a-z.*é-]{1,20}",
            prop::option::of(text),
            prop::option::of(any::<u32>()),
            prop::option::of(original),
            prop::option::of(json.clone().prop_filter("null is none", |json| json.as_str() != "null")),
            prop::option::of("[a-z]{3,8}"),
            json,
        )
            .prop_map(|(kind, channel, publisher, sequence, original, meta, message_type, payload)| Message {
                kind,
                channel: ChannelName::new(channel).unwrap(),
                publisher: publisher.map(CompactString::from),
                sequence,
                original,
                meta,
                message_type: message_type.map(CompactString::from),
                payload,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            sent in prop::collection::vec((message(), 1..=Timetoken::MAX.ticks(), prop::option::of("[a-z.*-]{1,9}")), 0..4),
            cursor in 1..=Timetoken::MAX.ticks(),
        ) {
            let key = SubscribeKey::new("demo").unwrap();
            let mut body = Vec::new();
            open_reply(&mut body, Timetoken::from_ticks(cursor));
            for (index, (message, ticks, matched)) in sent.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                message.write_envelope(&mut body, &key, Timetoken::from_ticks(*ticks));
                close_envelope(&mut body, matched.as_deref());
            }
            close_reply(&mut body);
            let place = |ticks| Cursor { timetoken: Timetoken::from_ticks(ticks), region: Some(1) };
            let read = Delivery::read(&body).unwrap();
            prop_assert_eq!(read.cursor, place(cursor));
            let expected: Vec<Result<Envelope, Json>> = sent
                .into_iter()
                .map(|(message, ticks, matched)| {
                    Ok(Envelope { message, published: place(ticks), matched: matched.map(CompactString::from) })
                })
                .collect();
            prop_assert_eq!(read.envelopes, expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Delivery::read(&body);
        }
    }

    #[test]
    fn servers_may_write_numbers_for_timetokens_and_leave_out_what_is_empty() {
        let cursor = |text: &str| Delivery::read(text.as_bytes()).ok().map(|delivery| delivery.cursor);
        let at = |region| Some(Cursor { timetoken: Timetoken::from_ticks(17), region });
        for (body, expected) in [
            (r#"{"t":{"t":"17","r":12},"m":[]}"#, at(Some(12))),
            (r#"{"t":{"t":17}}"#, at(None)),
            (r#"{"m":[],"t":{"r":null,"t":"17"},"more":{}}"#, at(None)),
            (r#"{"t":{"t":null},"m":[]}"#, None),
            (r#"{"t":{"t":"soon","r":1},"m":[]}"#, None),
            (r#"{"t":{"t":"17","r":1},"m":{}}"#, None),
            (r#"{"status":200}"#, None),
            ("<html>", None),
            (r#"{"t":{"t":"17","r":1},"m":[{"c":"a""#, None),
            ("", None),
        ] {
            assert_eq!(cursor(body), expected, "{body}");
        }
    }

    #[test]
    fn an_envelope_without_channel_payload_or_timetoken_is_kept_as_it_came() {
        let whole = r#"{"p":{"t":"1","r":1},"c":"room","d":1}"#;
        assert!(Envelope::read(&Json::parse(whole).unwrap()).is_some());
        for text in [
            r#"{"c":"room","d":1}"#,
            r#"{"p":{"t":"1"},"d":1}"#,
            r#"{"p":{"t":"1"},"c":"room"}"#,
            r#"{"p":{"t":"1"},"c":"a,b","d":1}"#,
            r#"{"p":{"t":"1"},"c":"room","d":1,"e":"1"}"#,
            "1",
        ] {
            assert_eq!(Envelope::read(&Json::parse(text).unwrap()), None, "{text}");
        }
    }
}
