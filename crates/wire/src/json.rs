//! JSON text that was checked once and is passed on as it came.

use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

/// A JSON value, kept as the text its sender wrote: digits and key order survive. Cheap to clone.
///
/// ```
/// use wire::Json;
/// assert_eq!(Json::parse(" [1, 2] ").unwrap().as_str(), "[1, 2]");
/// assert!(Json::parse("{oops").is_none());
/// assert!(Json::parse("{\"a\":1}").unwrap().is_object());
/// ```
#[derive(Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The value, if `text` is exactly one JSON value (white space around it is dropped).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let raw: Box<RawValue> = serde_json::from_str(text).ok()?;
        Some(Self(raw.into()))
    }

    /// The JSON text of a value of ours; null when it has none, as a map whose keys are no texts.
    #[must_use]
    pub fn of(value: &impl serde::Serialize) -> Self {
        Self(serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()).into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value as a type of the application's own.
    ///
    /// ```
    /// use wire::Json;
    /// assert_eq!(Json::parse(r#"{"a":[1,2]}"#).unwrap().read::<std::collections::BTreeMap<String, Vec<u8>>>().unwrap()["a"], [1, 2]);
    /// ```
    ///
    /// # Errors
    /// That it has another shape.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// Whether the value is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.as_str().starts_with('{')
    }

    /// Whether the value is an object without keys.
    #[must_use]
    pub fn is_empty_object(&self) -> bool {
        self.as_str()
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .is_some_and(|inside| inside.trim().is_empty())
    }

    /// The members of an object, in their order, each as JSON text. Nothing when the value is no object.
    #[must_use]
    pub fn members(&self) -> Vec<(String, Self)> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Vec<(String, Json)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push((key, Json(value.into())));
                }
                Ok(members)
            }
        }
        let mut deserializer = serde_json::Deserializer::from_str(self.as_str());
        serde::Deserializer::deserialize_map(&mut deserializer, Members).unwrap_or_default()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Json {}

/// Into JSON text only: the text of the value, as it is.
impl serde::Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// From JSON text only: the text of the value is what is kept.
impl<'de> serde::Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    // Names hardly ever hold what must be escaped, and a list of who is here holds a thousand of them.
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().fold(true, |all, byte| all & plain(byte)) {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing into a Vec cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::push_string;

    proptest! {
        #[test]
        fn a_text_is_written_as_json_has_it(text in any::<String>(), spoilt in "[ -~]{0,40}[\"\\\\\u{0}-\u{1f}\u{7f}\u{2028}é]?[ -~]{0,5}") {
            for text in [text, spoilt] {
                let mut out = b"[".to_vec();
                push_string(&mut out, &text);
                prop_assert_eq!(out, format!("[{}", serde_json::to_string(&text).unwrap()).into_bytes());
            }
        }
    }
}
