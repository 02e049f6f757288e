//! What a request says, whichever of the equal ways it says it in.

use std::collections::{BTreeMap, BTreeSet};

use hereabouts::Outgoing;
use serde_json::{Map, Value};
use testkit::vectors::Message;
use wire::decode;
use wire::route::{Method, Route};
use wire::target::Target;

/// A request, taken apart and put in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Normal {
    pub(crate) method: String,
    pub(crate) segments: Vec<String>,
    pub(crate) query: BTreeMap<String, String>,
    /// A parameter was repeated, which no call does.
    repeats: bool,
    if_match: Option<String>,
    merges: bool,
    pub(crate) body: Option<Value>,
    /// A body that is no JSON.
    raw_body: Option<Vec<u8>>,
}

impl Normal {
    pub(crate) fn of_message(message: &Message) -> Self {
        Self::of(&message.method, &message.target, &message.headers, message.body.as_deref())
    }

    pub(crate) fn of_outgoing(outgoing: &Outgoing) -> Self {
        Self::of(outgoing.method.as_str(), &outgoing.target, &outgoing.headers, outgoing.body.as_deref())
    }

    fn of(method: &str, target: &str, headers: &[(String, String)], body: Option<&[u8]>) -> Self {
        let text = |text: &str| decode(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned);
        let target = Target::new(target);
        let (mut query, mut repeats) = (BTreeMap::new(), false);
        for (key, value) in target.pairs().filter(|(_, value)| !value.is_empty()) {
            repeats |= query.insert(text(key), text(value)).is_some();
        }
        let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let body = body.filter(|body| !body.is_empty());
        let json = body.and_then(|body| serde_json::from_slice(body).ok());
        Self {
            method: method.to_owned(),
            segments: target.segments().map(text).collect(),
            query,
            repeats,
            if_match: header("if-match").filter(|etag| !etag.is_empty()),
            merges: header("content-type").is_some_and(|kind| kind.contains("merge-patch")),
            raw_body: body.filter(|_| json.is_none()).map(<[u8]>::to_vec),
            body: json,
        }
    }

    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned()
    }

    pub(crate) fn if_match(&self) -> Option<&str> {
        self.if_match.as_deref()
    }

    /// The keys in the path: the subscribe key, and the publish key where there is one.
    pub(crate) fn keys(&self) -> (Option<&str>, Option<&str>) {
        let path: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        match path[..] {
            ["publish" | "signal", publish, subscribe, ..] | ["v2", "publish", publish, subscribe, ..] => {
                (Some(subscribe), Some(publish))
            }
            ["v2", "presence", _, subscribe, ..]
            | ["v1", "channel-registration", _, subscribe, ..]
            | ["v2", "objects", subscribe, ..]
            | ["v3", "pam", subscribe, ..] => (Some(subscribe), None),
            _ => (None, None),
        }
    }

    /// Without what the client says of itself, and with defaults and lists in one form.
    pub(crate) fn canonical(mut self) -> Self {
        for name in ["pnsdk", "instanceid", "requestid", "signature"] {
            self.query.remove(name);
        }
        if let Some(count) = self.query.remove("count") {
            match count.to_lowercase().as_str() {
                "1" | "true" => _ = self.query.insert("count".into(), "true".into()),
                "0" | "false" => {}
                _ => _ = self.query.insert("count".into(), count),
            }
        }
        if let Some(include) = self.query.remove("include") {
            let mut names: BTreeSet<&str> = include.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
            if names.remove("totalCount") {
                self.query.insert("count".into(), "true".into());
            }
            // A field of the other end brings its default fields.
            for end in ["channel", "uuid"] {
                if names.iter().any(|name| name.strip_prefix(end).is_some_and(|rest| rest.starts_with('.'))) {
                    names.insert(end);
                }
            }
            if !names.is_empty() {
                self.query.insert("include".into(), names.into_iter().collect::<Vec<_>>().join(","));
            }
        }
        if let Some(sort) = self.query.get_mut("sort") {
            let key = |key: &str| if key.contains(':') { key.to_owned() } else { format!("{key}:asc") };
            *sort = sort.split(',').map(key).collect::<Vec<_>>().join(",");
        }
        for name in ["add", "remove", "channel-group"] {
            if let Some(list) = self.query.get_mut(name) {
                *list = list.split(',').filter(|item| !item.is_empty()).collect::<Vec<_>>().join(",");
            }
        }
        for name in ["state", "meta"] {
            if let Some(object) = self.query.get_mut(name)
                && let Ok(value) = serde_json::from_str::<Value>(object)
            {
                *object = value.to_string();
            }
        }
        if self.segments.last().is_some_and(|verb| verb == "heartbeat") {
            self.query.entry("heartbeat".into()).or_insert_with(|| "300".into());
        }
        match self.segments.last().map(String::as_str) {
            Some("grant") => self.body = self.body.map(without_empty),
            Some("uuids" | "channels") if self.method == "PATCH" => self.body = self.body.map(arrays),
            _ => {}
        }
        self
    }

    /// The route that it takes.
    pub(crate) fn with_route<T>(message: &Message, with: impl FnOnce(Route<'_>) -> Option<T>) -> Option<T> {
        let target = Target::new(&message.target);
        with(Route::of(Method::of(&message.method), &target).ok()?)
    }
}

/// Without empty objects, which say nothing in a grant.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(members.filter(|(_, value)| !value.as_object().is_some_and(Map::is_empty)).collect())
        }
        other => other,
    }
}

/// With both arrays of a change of memberships.
fn arrays(mut value: Value) -> Value {
    if let Value::Object(body) = &mut value {
        for key in ["set", "delete"] {
            let entry = body.entry(key).or_insert(Value::Null);
            if entry.is_null() {
                *entry = Value::Array(Vec::new());
            }
        }
    }
    value
}
