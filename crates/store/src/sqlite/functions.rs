//! What SQL asks of us: to look into `custom`, the key of a text, and whether a text matches a pattern. So all are what the
//! engine does.

use engine::context::filter::Pattern;
use engine::context::{Value, order};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Result};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use wire::context::Scalar;

use crate::context::sql::UNSET;

pub(super) fn register(db: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("custom_key", 2, flags, |call| {
        Ok(entry(call)?.and_then(|scalar| Value::of_scalar(&scalar).custom_key()))
    })?;
    db.create_scalar_function("custom_text", 2, flags, |call| {
        Ok(entry(call)?.and_then(|scalar| match scalar {
            Scalar::Text(text) => Some(text),
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => None,
        }))
    })?;
    db.create_scalar_function("text_key", 1, flags, |call| {
        Ok(text(call, 0)?.map_or_else(|| UNSET.to_vec(), order::text_key))
    })?;
    db.create_scalar_function("matches", 2, flags, |call| {
        let Some(text) = text(call, 0)? else { return Ok(None) };
        // A statement asks many rows about one pattern.
        let pattern = call.get_or_create_aux(1, |value| -> std::result::Result<_, rusqlite::Error> {
            let pieces = value.as_str().unwrap_or_default();
            Ok(Pattern::new(pieces.split('\0').map(str::to_owned)))
        })?;
        Ok(Some(pattern.matches(text)))
    })
}

fn text<'c>(call: &'c Context<'_>, argument: usize) -> Result<Option<&'c str>> {
    match call.get_raw(argument) {
        ValueRef::Null => Ok(None),
        value => Ok(Some(value.as_str()?)),
    }
}

/// The entry of `custom` (the first argument) that is called so (the second).
fn entry(call: &Context<'_>) -> Result<Option<Scalar>> {
    let (Some(custom), Some(name)) = (text(call, 0)?, text(call, 1)?) else { return Ok(None) };
    let mut json = serde_json::Deserializer::from_str(custom);
    json.deserialize_map(Find { name }).map_err(|error| rusqlite::Error::UserFunctionError(Box::new(error)))
}

/// Reads an object for one of its members, and passes over the others without keeping them.
struct Find<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<Scalar>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == self.name {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}
