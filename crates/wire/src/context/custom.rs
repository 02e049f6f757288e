//! `custom`: a flat object of the application's own.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

/// A flat object as canonical JSON text: compact, keys in the order of bytes, each once.
///
/// So two objects that differ in the order of keys alone are equal, and a reply copies the text.
///
/// ```
/// use wire::context::{Custom, Scalar};
/// let custom = Custom::of(&serde_json::json!({"b": 1, "a": null})).unwrap();
/// assert_eq!(custom.as_str(), r#"{"a":null,"b":1}"#);
/// assert_eq!(custom.get("b"), Some(Scalar::Number(1.into())));
/// assert_eq!(Custom::of(&serde_json::json!({"a": []})), Err(wire::context::NotFlat::Nested("a".into())));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Custom(Box<str>);

/// A value of `custom`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `null`: there, and unset all the same.
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, whole as long as it was sent whole.
    Number(Number),
    /// A string.
    Text(String),
}

/// A value that cannot be `custom`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFlat {
    /// It is no object.
    #[error("Must be an object or null.")]
    NotAnObject,
    /// This key holds an object or an array.
    #[error("Must be text, a number, true, false or null.")]
    Nested(String),
    /// This key, or its text, holds the character U+0000, which databases cannot hold in a text.
    #[error("Must not hold the character U+0000.")]
    Nul(String),
}

impl Custom {
    /// The object, if it is one and flat.
    ///
    /// # Errors
    /// [`NotFlat`] says what is wrong, and with which key.
    pub fn of(value: &Value) -> Result<Self, NotFlat> {
        Self::scalars(value).map(|entries| Self::of_entries(&entries))
    }

    /// The keys and values of a flat object.
    ///
    /// # Errors
    /// [`NotFlat`] says what is wrong, and with which key.
    pub fn scalars(value: &Value) -> Result<BTreeMap<String, Scalar>, NotFlat> {
        let Value::Object(object) = value else { return Err(NotFlat::NotAnObject) };
        // In the order of keys whatever the map's own order is, so that the first fault is always the same.
        let sorted: BTreeMap<_, _> = object.iter().collect();
        sorted.into_iter().map(|(key, value)| Ok((key.clone(), Scalar::of(key, value)?))).collect()
    }

    /// The object with these keys and values.
    #[must_use]
    pub fn of_entries(entries: &BTreeMap<String, Scalar>) -> Self {
        // Keys are strings and numbers are finite: there is always a text.
        Self(serde_json::to_string(entries).unwrap_or_else(|_| "{}".into()).into())
    }

    /// What [`Custom::as_str`] gave before, for whoever kept it.
    #[must_use]
    pub fn stored(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The canonical JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys and values.
    #[must_use]
    pub fn entries(&self) -> BTreeMap<String, Scalar> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Scalar> {
        self.entries().remove(key)
    }
}

impl fmt::Display for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Into JSON text only: the object, its text as it is.
impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl Scalar {
    fn of(key: &str, value: &Value) -> Result<Self, NotFlat> {
        if key.contains('\0') {
            return Err(NotFlat::Nul(key.into()));
        }
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) if text.contains('\0') => return Err(NotFlat::Nul(key.into())),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => return Err(NotFlat::Nested(key.into())),
        })
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of("", &value).map_err(serde::de::Error::custom)
    }
}
