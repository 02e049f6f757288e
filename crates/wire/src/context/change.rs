//! A change of app context, as a subscriber reads it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{About, Action, Custom, ETag, Kind, Moment, TextField};
use crate::json::Json;
use crate::names::RecordId;

/// What an event tells: what changed, and the fields that the change named.
///
/// ```
/// use wire::{Json, context::{About, Change, TextField}};
/// let payload = Json::parse(r#"{"source":"objects","version":"2.0","event":"set","type":"uuid",
///     "data":{"id":"ann","name":"Ann","email":null,"updated":"2025-09-15T19:51:51.757001Z","eTag":"e1"}}"#).unwrap();
/// let change = Change::read(&payload).unwrap();
/// assert!(matches!(&change.about, About::User(id) if id.as_str() == "ann"));
/// assert_eq!(change.text(TextField::Name), Some(Some("Ann")), "set");
/// assert_eq!(change.text(TextField::Email), Some(None), "cleared");
/// assert_eq!(change.text(TextField::Status), None, "as it was");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub about: About,
    /// How.
    pub action: Action,
    /// The text fields that it named; `None` for one that was cleared.
    pub texts: BTreeMap<TextField, Option<String>>,
    /// `custom`, whole, if it named that; `Some(None)` when it was cleared.
    pub custom: Option<Option<Custom>>,
    /// When. Absent from a removal.
    pub updated: Option<Moment>,
    /// The new version. Absent from a removal.
    pub etag: Option<ETag>,
}

impl Change {
    /// Reads the payload `d` of an event. None when it is no event of app context.
    #[must_use]
    pub fn read(payload: &Json) -> Option<Self> {
        let value: Value = serde_json::from_str(payload.as_str()).ok()?;
        if value["source"] != "objects" {
            return None;
        }
        let action = match value["event"].as_str()? {
            "set" => Action::Set,
            "delete" => Action::Delete,
            _ => return None,
        };
        let data = value["data"].as_object()?;
        let about = about(value["type"].as_str()?, data)?;
        let mut change = Self { about, action, texts: BTreeMap::new(), custom: None, updated: None, etag: None };
        for field in change.fields() {
            match data.get(field.as_str()) {
                None => {}
                Some(Value::Null) => drop(change.texts.insert(*field, None)),
                Some(text) => drop(change.texts.insert(*field, Some(text.as_str()?.to_owned()))),
            }
        }
        change.custom = match data.get("custom") {
            None => None,
            Some(Value::Null) => Some(None),
            Some(custom) => Some(Some(Custom::of(custom).ok()?)),
        };
        change.updated = data.get("updated").and_then(Value::as_str).and_then(|text| text.parse().ok());
        change.etag = data.get("eTag").and_then(Value::as_str).map(ETag::new);
        Some(change)
    }

    /// A text field: none if the change did not name it, `Some(None)` if it was cleared.
    #[must_use]
    pub fn text(&self, field: TextField) -> Option<Option<&str>> {
        self.texts.get(&field).map(Option::as_deref)
    }

    fn fields(&self) -> &'static [TextField] {
        match self.about {
            About::User(_) => Kind::User.fields(),
            About::Channel(_) => Kind::Channel.fields(),
            About::Membership { .. } => TextField::OF_MEMBERSHIP,
        }
    }
}

fn about(kind: &str, data: &Map<String, Value>) -> Option<About> {
    let id = |value: Option<&Value>| RecordId::new(value?.as_str()?).ok();
    let end = |name: &str| id(data.get(name)?.get("id"));
    Some(match kind {
        "uuid" => About::User(id(data.get("id"))?),
        "channel" => About::Channel(id(data.get("id"))?),
        "membership" => About::Membership { user: end("uuid")?, channel: end("channel")? },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{Data, Event, Told};
    use super::*;

    fn about() -> impl Strategy<Value = About> {
        let id = || "[a-z]{1,5}".prop_map(|text| RecordId::new(text).unwrap());
        prop_oneof![
            id().prop_map(About::User),
            id().prop_map(About::Channel),
            (id(), id()).prop_map(|(user, channel)| About::Membership { user, channel }),
        ]
    }

    fn change() -> impl Strategy<Value = Change> {
        let texts = prop::collection::btree_map(
            prop::sample::select(TextField::ALL.to_vec()),
            prop::option::of("[a-z\"é]{0,5}"),
            0..5,
        );
        let custom = prop::sample::select(vec![None, Some(None), Some(Custom::of(&json!({"a": 1.5, "b": null})).ok())]);
        let version = prop::option::of((0..4_000_000_000_000_000_i64).prop_map(Moment::from_micros));
        (about(), any::<bool>(), texts, custom, version).prop_map(|(about, set, texts, custom, updated)| {
            let action = if set { Action::Set } else { Action::Delete };
            let etag = updated.map(|_| ETag::new("e1"));
            let mut change = Change { about, action, texts, custom, updated, etag };
            let fields = change.fields();
            change.texts.retain(|field, _| fields.contains(field));
            change
        })
    }

    fn told(change: &Change) -> Event {
        let texts =
            change.texts.iter().map(|(field, text)| (field.as_str(), Told::Text(text.as_deref().map(Into::into))));
        let mut data: Data<'_> = texts.collect();
        data.extend(change.custom.as_ref().map(|custom| ("custom", Told::Custom(custom.as_ref()))));
        data.extend(change.updated.map(|updated| ("updated", Told::text(updated.to_string()))));
        data.extend(change.etag.as_ref().map(|etag| ("eTag", Told::text(etag.as_str()))));
        Event::new(change.about.clone(), change.action, data)
    }

    proptest! {
        #[test]
        fn what_is_told_is_read(change in change()) {
            prop_assert_eq!(Change::read(&told(&change).payload), Some(change));
        }
    }

    #[test]
    fn what_is_no_change_is_not_read() {
        for value in [
            json!(1),
            json!({"source": "actions", "event": "set", "type": "uuid", "data": {"id": "ann"}}),
            json!({"source": "objects", "event": "eat", "type": "uuid", "data": {"id": "ann"}}),
            json!({"source": "objects", "event": "set", "type": "dog", "data": {"id": "ann"}}),
            json!({"source": "objects", "event": "set", "type": "uuid", "data": {}}),
            json!({"source": "objects", "event": "set", "type": "uuid", "data": {"id": "ann", "name": 1}}),
            json!({"source": "objects", "event": "set", "type": "membership", "data": {"id": "ann"}}),
        ] {
            assert_eq!(Change::read(&Json::of(&value)), None, "{value}");
        }
    }
}
