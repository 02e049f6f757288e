//! What a body asks to change: of each field, that it stays, is cleared, or gets a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use wire::RecordId;
use wire::context::{Content, Custom, Data, Fault, NotFlat, Scalar, TextField, Told};

/// A change of a record's content, checked, and not yet applied to anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The text fields that the body names; none clears.
    texts: Vec<(TextField, Option<Box<str>>)>,
    custom: CustomChange,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum CustomChange {
    #[default]
    Keep,
    Clear,
    Replace(Custom),
    /// RFC 7396: null takes a key away.
    Merge(BTreeMap<String, Scalar>),
}

/// What a body does with an object in `custom`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CustomMode {
    /// The object takes the place of the one before.
    #[default]
    Replace,
    /// The object is merged into the one before, as RFC 7396 says.
    Merge,
}

impl CustomMode {
    /// What the `Content-Type` of a request asks for.
    ///
    /// ```
    /// use engine::context::CustomMode;
    /// assert_eq!(CustomMode::of(Some("Application/Merge-Patch+JSON; charset=utf-8")), CustomMode::Merge);
    /// assert_eq!(CustomMode::of(Some("application/json")), CustomMode::Replace);
    /// ```
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Self {
        let media = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
        if media.eq_ignore_ascii_case("application/merge-patch+json") { Self::Merge } else { Self::Replace }
    }
}

/// The most bytes of a record as compact JSON, without `updated` and `eTag`.
pub(super) const MAX_RECORD_BYTES: usize = 32 * 1024;

impl Change {
    /// Reads the members of an object that are these fields, and `custom`. All others are passed over.
    ///
    /// # Errors
    /// The [`Fault`] of the first field that is wrong, in the order of `fields`, `custom` last.
    pub fn parse(fields: &[TextField], object: &Map<String, Value>, mode: CustomMode) -> Result<Self, Fault> {
        let mut texts = Vec::new();
        for field in fields {
            let Some(value) = object.get(field.as_str()) else { continue };
            let text = text(*field, value).map_err(|why| Fault::body(field.as_str(), why))?;
            texts.push((*field, text));
        }
        Ok(Self { texts, custom: CustomChange::parse(object.get("custom"), mode)? })
    }

    /// The content that this makes of another.
    #[must_use]
    pub fn apply(&self, before: &Content) -> Content {
        let mut after = before.clone();
        for (field, text) in &self.texts {
            after.set(*field, text.clone());
        }
        match &self.custom {
            CustomChange::Keep => {}
            CustomChange::Clear => after.custom = None,
            CustomChange::Replace(custom) => after.custom = Some(custom.clone()),
            CustomChange::Merge(patch) => {
                let mut entries = before.custom.as_ref().map(Custom::entries).unwrap_or_default();
                for (key, value) in patch {
                    match value {
                        Scalar::Null => _ = entries.remove(key),
                        value => _ = entries.insert(key.clone(), value.clone()),
                    }
                }
                after.custom = Some(Custom::of_entries(&entries));
            }
        }
        after
    }

    /// What an event says of the fields that were named: their values now, null where there is none any more. Null for a
    /// field that was null already says nothing: some clients send it for whatever their caller leaves out, and others
    /// do not survive hearing it.
    pub(super) fn told<'c>(&'c self, before: &Content, after: &'c Content) -> Data<'c> {
        let mut data = Data::new();
        for (field, _) in &self.texts {
            if before.text(*field).is_some() || after.text(*field).is_some() {
                data.insert(field.as_str(), Told::Text(after.text(*field).map(Into::into)));
            }
        }
        if self.custom != CustomChange::Keep && (before.custom.is_some() || after.custom.is_some()) {
            data.insert("custom", Told::Custom(after.custom.as_ref()));
        }
        data
    }

    /// Refuses what is too large by itself, whatever record it is applied to.
    pub(super) fn check_size(&self, id: &RecordId, fields: &[TextField]) -> Result<(), Fault> {
        check_size(id, fields, &self.apply(&Content::default()))
    }
}

impl CustomChange {
    fn parse(value: Option<&Value>, mode: CustomMode) -> Result<Self, Fault> {
        let parsed = match value {
            None => return Ok(Self::Keep),
            Some(Value::Null) => return Ok(Self::Clear),
            Some(value) => match mode {
                CustomMode::Replace => Custom::of(value).map(Self::Replace),
                CustomMode::Merge => Custom::scalars(value).map(Self::Merge),
            },
        };
        parsed.map_err(|error| {
            let location = match &error {
                NotFlat::NotAnObject => "custom".into(),
                NotFlat::Nested(key) | NotFlat::Nul(key) => format!("custom.{key}"),
            };
            Fault::body(location, error.to_string())
        })
    }
}

/// The object that a body is.
///
/// # Errors
/// A [`Fault`] of the whole body when it is no JSON, or no object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Fault::body("", "Must be a JSON object.")),
        Err(error) => Err(not_json(&error)),
    }
}

pub(super) fn not_json(error: &serde_json::Error) -> Fault {
    Fault::body("", format!("Must be JSON: line {}, column {}.", error.line(), error.column()))
}

pub(super) fn check_size(id: &RecordId, fields: &[TextField], content: &Content) -> Result<(), Fault> {
    match wire::context::size(id, fields, content) > MAX_RECORD_BYTES {
        true => Err(Fault::body("", format!("A record has at most {MAX_RECORD_BYTES} bytes as JSON."))),
        false => Ok(()),
    }
}

fn text(field: TextField, value: &Value) -> Result<Option<Box<str>>, String> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.as_str(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            return Err("Must be text or null.".into());
        }
    };
    if text.chars().count() > field.max_characters() {
        return Err(format!("Must have at most {} characters.", field.max_characters()));
    }
    if field == TextField::Name && text.trim().is_empty() {
        return Err("Must not be empty or blank.".into());
    }
    // PostgreSQL has no text with this character, and both databases must agree.
    if text.contains('\0') {
        return Err("Must not hold the character U+0000.".into());
    }
    Ok(Some(text.into()))
}
