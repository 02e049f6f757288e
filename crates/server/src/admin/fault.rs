//! What a caller of the admin API is told when something was not done.

use hyper::StatusCode;
use node::KeysetError;
use serde_json::json;

use super::random::NoRandom;
use crate::config::ConfigError;

/// A refusal: a status and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The request makes no sense.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// It makes sense, and does not fit to what there is.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(super) fn body(&self) -> String {
        json!({"status": self.status.as_u16(), "error": true, "message": self.message}).to_string()
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self::bad(error.to_string())
    }
}

impl From<NoRandom> for Fault {
    fn from(error: NoRandom) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<KeysetError> for Fault {
    fn from(error: KeysetError) -> Self {
        let status = match &error {
            KeysetError::NameTaken(_) | KeysetError::KeyTaken(_) | KeysetError::TooManySecrets(_) => {
                StatusCode::CONFLICT
            }
            KeysetError::Unknown(_) => StatusCode::NOT_FOUND,
            KeysetError::Unfit(_) => StatusCode::BAD_REQUEST,
            KeysetError::Store(_) | KeysetError::HalfRemoved { .. } | KeysetError::Stopping => {
                tracing::error!(%error, "the key sets could not be changed");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, error.to_string())
    }
}
