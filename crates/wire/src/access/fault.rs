//! What is wrong with a grant or a revocation, in the words that clients match to the letter
//! (`docs/protocol/access.md`, "Granting and revoking tokens").

use serde_json::{Value, json};

/// Why a token was not granted or not revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantFault {
    /// `timestamp` is missing, no number, or too far from now.
    Timestamp,
    /// There is no `signature`.
    Unsigned,
    /// The signature is wrong.
    Signature,
    /// The body is not what it must be; the text says why.
    Json(&'static str),
    /// `ttl` is missing, no number, or out of range.
    Ttl,
    /// Nothing would be permitted.
    Empty,
    /// A mask is no number of 1 to 255. Where it stands in the body.
    Mask(String),
    /// The token would be longer than a request can carry.
    TooLarge,
    /// A pattern cannot be used.
    Pattern {
        /// Where it stands in the body.
        at: String,
        /// What is wrong with it, a sentence.
        why: String,
    },
    /// The path holds no token of this key set.
    NoToken,
    /// The token has expired, so there is nothing to revoke.
    Expired,
}

impl GrantFault {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Unsigned | Self::Signature => 403,
            Self::Timestamp
            | Self::Json(_)
            | Self::Ttl
            | Self::Empty
            | Self::Mask(_)
            | Self::TooLarge
            | Self::Pattern { .. }
            | Self::NoToken
            | Self::Expired => 400,
        }
    }

    /// The message, and the detail with the place it is about.
    pub(crate) fn texts(&self) -> (&'static str, Value) {
        let detail = |message: &str, location: &str, kind: &str| json!({"message": message, "location": location, "locationType": kind});
        match self {
            Self::Timestamp => (
                "Invalid timestamp",
                detail("It must be in seconds since the epoch, and within 60 seconds of now.", "timestamp", "query"),
            ),
            Self::Unsigned => ("Invalid signature", detail("The request must be signed.", "signature", "query")),
            Self::Signature => (
                "Invalid signature",
                detail("Client and server produced different signatures for the same inputs.", "signature", "query"),
            ),
            Self::Json(why) => ("Invalid JSON", detail(why, "", "body")),
            Self::Ttl => ("Invalid ttl", detail("Range should be 1 to 43200 minute(s).", "ttl", "body")),
            Self::Empty => {
                ("This grant contains no permissions", detail("What are you granting?", "permissions", "body"))
            }
            Self::Mask(at) => (
                "Invalid permissions",
                detail(&format!("Unexpected value: `{at}` must be positive and non-zero."), at, "body"),
            ),
            Self::TooLarge => {
                ("Invalid permissions", detail("The token would be too long for a request.", "permissions", "body"))
            }
            Self::Pattern { at, why } => ("Invalid RegExp", detail(why, at, "body")),
            Self::NoToken => ("Invalid token", detail("It is no token of this key set.", "token", "path")),
            Self::Expired => ("Invalid token", detail("Token is expired.", "token", "path")),
        }
    }
}
