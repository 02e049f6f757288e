//! Reading answers, as clients do: extra keys are passed over, missing ones are put up with where there is something to
//! put in their place, and what cannot be read is said without repeating it.
//!
//! What an area answers is read beside where it is written; what all of them share is here.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer that cannot be read.
///
/// It says where, and never shows what stands there: answers hold tokens, states and messages.
///
/// ```
/// let error = wire::answer::read::<u64>(b"[\"secret\"").unwrap_err();
/// assert_eq!(error.to_string(), "a value is not what it should be (line 1, column 0)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} (line {line}, column {column})")]
pub struct Unreadable {
    why: &'static str,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let why = match error.classify() {
            Category::Eof => "the answer ends too early",
            Category::Syntax => "the answer is no JSON",
            Category::Data | Category::Io => "a value is not what it should be",
        };
        Self { why, line: error.line(), column: error.column() }
    }
}

/// Reads an answer as JSON of this shape.
///
/// # Errors
/// [`Unreadable`]
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    Ok(serde_json::from_slice(body)?)
}

/// What a server refuses in the body of an answer whose HTTP status says that all is well: some do.
///
/// ```
/// let refused = wire::answer::refused_within(br#"{"status":402,"error":1,"message":"Off."}"#).unwrap();
/// assert_eq!((refused.status, refused.message.as_str()), (Some(402), "Off."));
/// assert_eq!(wire::answer::refused_within(br#"{"status":200,"message":"OK"}"#), None);
/// ```
#[must_use]
pub fn refused_within(body: &[u8]) -> Option<Refused> {
    #[derive(serde::Deserialize)]
    struct Probe {
        status: u16,
    }
    let Probe { status } = serde_json::from_slice(body).ok()?;
    if status < 400 { None } else { Refused::read(body) }
}

/// What a server says when it refuses, in whichever of the protocol's shapes (`docs/protocol/conventions.md`, "Error bodies").
///
/// ```
/// use wire::answer::Refused;
/// let body = br#"{"message":"Forbidden","payload":{"channel-groups":[":family"]},"error":true,"status":403}"#;
/// let refused = Refused::read(body).unwrap();
/// assert_eq!((refused.message.as_str(), refused.groups), ("Forbidden", vec!["family".to_owned()]));
/// assert_eq!(Refused::read(br#"[0,"Invalid Key","17000000000000000"]"#).unwrap().message, "Invalid Key");
/// assert!(Refused::read(b"<html>").is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// What the server says, a sentence or a few words. Empty when it says nothing.
    pub message: String,
    /// The status in the body, where there is one.
    pub status: Option<u16>,
    /// The channels that the caller may not use.
    pub channels: Vec<String>,
    /// The groups that the caller may not use.
    pub groups: Vec<String>,
    /// What is wrong, and where.
    pub details: Vec<Detail>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What is wrong.
    pub message: String,
    /// Where: a parameter, or a path in the body. Empty when the server does not say.
    pub location: String,
    /// Which part of the request `location` is of: `body`, `query` or `path`. Empty when the server does not say.
    pub location_type: String,
}

impl Refused {
    /// Reads the body of a refusal; none when it has no shape that the protocol knows.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        match serde_json::from_slice(body).ok()? {
            Value::Array(items) => {
                let message = items.get(1)?.as_str()?.to_owned();
                Some(Self { message, ..Self::default() })
            }
            Value::Object(object) => {
                let error = object.get("error");
                let within = |key| error.and_then(|error| error.get(key));
                let message = [object.get("message"), within("message"), object.get("error_message"), error]
                    .into_iter()
                    .flatten()
                    .find_map(Value::as_str);
                let payload = |key| object.get("payload").and_then(|payload| payload.get(key));
                Some(Self {
                    message: message.unwrap_or_default().to_owned(),
                    status: object.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok()),
                    channels: texts(payload("channels")),
                    // A group carries its namespace, which is empty, before a colon.
                    groups: texts(payload("channel-groups"))
                        .into_iter()
                        .map(|group| group.strip_prefix(':').map(str::to_owned).unwrap_or(group))
                        .collect(),
                    details: details(within("details").or_else(|| object.get("details"))),
                })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}

/// The texts of an array, or a text by itself.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(_) | None => Vec::new(),
    }
}

fn details(value: Option<&Value>) -> Vec<Detail> {
    match value {
        Some(Value::Array(items)) => items.iter().map(Detail::of).collect(),
        Some(one @ (Value::Object(_) | Value::String(_))) => vec![Detail::of(one)],
        Some(_) | None => Vec::new(),
    }
}

impl Detail {
    /// Reads a detail: an object, or a text alone.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match value {
            Value::String(message) => Self { message: message.clone(), ..Self::default() },
            _ => Self { message: text("message"), location: text("location"), location_type: text("locationType") },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::GrantFault;
    use crate::context::{Fault, Kind};
    use crate::{Refusal, Timetoken};

    #[test]
    fn what_the_server_refuses_is_read_as_it_was_meant() {
        let refusals = [
            Refusal::InvalidSubscribeKey,
            Refusal::TokenExpired,
            Refusal::NotGranted(GrantFault::Ttl),
            Refusal::NotRevoked(GrantFault::Expired),
            Refusal::InvalidPublishKey,
            Refusal::InvalidChannel("''".into()),
            Refusal::EmptySubscription,
            Refusal::InvalidFilter("column 3: what is that?".into()),
            Refusal::NoState,
            Refusal::PresenceOff,
            Refusal::ReservedCharacter,
            Refusal::GroupFull,
            Refusal::InvalidInput(Fault::body("set.0.channel.id", "no")),
            Refusal::NoRecord,
            Refusal::Stale(Kind::User),
            Refusal::ContextForbidden,
            Refusal::WrongMethod,
            Refusal::UnknownPath("/v2/presence/nothing".into()),
            Refusal::UnknownPath("/v9".into()),
            Refusal::UriTooLong,
            Refusal::Unavailable,
        ];
        for refusal in refusals {
            let body = refusal.body(Timetoken::ZERO);
            let read = Refused::read(body.as_bytes()).unwrap_or_else(|| panic!("{body}"));
            assert!(!read.message.is_empty() && body.contains(&read.message), "{body}");
            assert!(read.status.is_none_or(|status| status == refusal.status()), "{body}");
            assert_eq!(read.details.is_empty(), !body.contains("details"), "{body}");
        }
        let detail = &Refused::read(Refusal::from(Fault::query("sort", "no")).body(Timetoken::ZERO).as_bytes())
            .unwrap()
            .details[0];
        assert_eq!(*detail, Detail { message: "no".into(), location: "sort".into(), location_type: "query".into() });
    }

    #[test]
    fn what_is_forbidden_is_named_without_the_colon_of_groups() {
        let names = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (channels, groups) in [(&["a", "b"][..], &["g"][..]), (&[][..], &[":odd"][..]), (&["a"][..], &[][..])] {
            let forbidden = Refusal::Forbidden { channels: names(channels), groups: names(groups) };
            let read = Refused::read(forbidden.body(Timetoken::ZERO).as_bytes()).unwrap();
            assert_eq!((read.channels, read.groups), (names(channels), names(groups)));
        }
    }

    #[test]
    fn bodies_of_any_shape_are_a_refusal_or_none() {
        let check = |body: &str, expected: Option<&str>| {
            assert_eq!(Refused::read(body.as_bytes()).map(|refused| refused.message).as_deref(), expected, "{body}");
        };
        check("", None);
        check("<html></html>", None);
        check("null", None);
        check("[]", None);
        check("[0]", None);
        check("{}", Some(""));
        check(r#"{"error":"Expired"}"#, Some("Expired"));
        check(r#"{"error":true,"error_message":"No history"}"#, Some("No history"));
        check(r#"{"error":{"message":5},"payload":7,"details":[[]],"status":99999}"#, Some(""));
    }
}
