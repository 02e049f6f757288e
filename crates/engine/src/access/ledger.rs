//! What was decided since the start of time: revocations, and grants to auth keys.

use std::collections::HashMap;

use wire::Timestamp;

use super::{KeyTable, TokenId};

/// A token that holds no longer, though it has not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Which.
    pub token: TokenId,
    /// When it expires, and the revocation need not be kept any longer.
    pub until: Timestamp,
}

/// What a key set has revoked, and granted to auth keys.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    revoked: HashMap<TokenId, Timestamp>,
    /// Grants to auth keys.
    pub keys: KeyTable,
}

impl Ledger {
    /// Revokes a token. Twice is as good as once.
    pub fn revoke(&mut self, revocation: Revocation) {
        self.revoked.insert(revocation.token, revocation.until);
    }

    /// Whether a token was revoked.
    #[must_use]
    pub fn is_revoked(&self, token: TokenId) -> bool {
        !self.revoked.is_empty() && self.revoked.contains_key(&token)
    }

    /// Forgets what holds no longer: an expired token is refused for that.
    pub fn prune(&mut self, now: Timestamp) {
        self.revoked.retain(|_, until| now < *until);
        self.keys.prune(now);
    }
}
