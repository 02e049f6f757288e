//! What an application gives to be sent as JSON.

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;

/// A value as JSON text, or why there is none: builders take what they are given, and the call says what was wrong.
#[derive(Clone, Default)]
pub(crate) enum Json {
    /// Nothing was given.
    #[default]
    Absent,
    /// A value.
    Text(String),
    /// Something that cannot be JSON.
    Broken(String),
}

impl Json {
    pub(crate) fn of(value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::Text(text),
            // It says what was wrong with the type; the value is not in it.
            Err(why) => Self::Broken(why.to_string()),
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// The text; `what` is what it is the value of.
    pub(crate) fn require(&self, what: &str) -> Result<&str, Error> {
        match self {
            Self::Absent => Err(Error::usage(format!("this call needs a {what}"))),
            Self::Text(text) => Ok(text),
            Self::Broken(why) => Err(Error::usage(format!("the {what} cannot be JSON: {why}"))),
        }
    }

    /// The text, if it is an object.
    pub(crate) fn require_object(&self, what: &str) -> Result<&str, Error> {
        let text = self.require(what)?;
        if text.starts_with('{') { Ok(text) } else { Err(Error::usage(format!("the {what} must be an object"))) }
    }

    /// The value, if one was given.
    pub(crate) fn value(&self, what: &str) -> Result<Option<Value>, Error> {
        if !self.is_given() {
            return Ok(None);
        }
        let value = serde_json::from_str(self.require(what)?);
        value.map(Some).map_err(|_| Error::usage(format!("the {what} cannot be JSON")))
    }
}
