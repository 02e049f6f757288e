//! What is wrong with a request, and where.

use serde_json::json;

/// The first fault of a request: one detail of a 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: {message}")]
pub struct Fault {
    /// What is wrong, for a person.
    pub message: String,
    /// The parameter, the dot-separated path in the body (empty for the whole body), or `uuid` or `channel`.
    pub location: String,
    /// Which part of the request `location` is of.
    pub place: Place,
}

/// A part of a request, `locationType` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `body`
    Body,
    /// `query`
    Query,
    /// `path`
    Path,
}

impl Place {
    /// What the wire calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Query => "query",
            Self::Path => "path",
        }
    }
}

impl Fault {
    /// A fault at this place of the body.
    #[must_use]
    pub fn body(location: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), location: location.into(), place: Place::Body }
    }

    /// A fault of this query parameter.
    #[must_use]
    pub fn query(parameter: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), location: parameter.into(), place: Place::Query }
    }

    /// A fault of the id in the path.
    #[must_use]
    pub fn path(location: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), location: location.into(), place: Place::Path }
    }

    /// The same fault of a part of a larger body: `name` below `set.0` is `set.0.name`.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.location = match self.location.is_empty() {
            true => prefix.into(),
            false => format!("{prefix}.{}", self.location),
        };
        self
    }

    pub(crate) fn detail(&self) -> serde_json::Value {
        json!({"message": self.message, "location": self.location, "locationType": self.place.as_str()})
    }
}
