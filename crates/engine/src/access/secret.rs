//! The secret key of a key set, ready to sign with.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wire::Timestamp;

/// A secret key as the state of a signature that was just begun: neither the key itself is kept, nor is the work done
/// again that it takes to begin.
#[derive(Clone)]
pub struct Secret {
    begun: Hmac<Sha256>,
    id: SecretId,
    until: Option<Timestamp>,
}

/// Tells the secret keys of a key set from each other, and from those that were there before. Says nothing of the key to
/// whoever does not know it, and is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SecretId([u8; 16]);

/// What is signed for the id. No request and no token is signed like this: theirs have a line end in the text.
const ID: &[u8] = b"the id of this secret";

impl Secret {
    /// The secret key as it was given, whole.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let begun = begin(key.as_bytes());
        let mut mac = begun.clone();
        mac.update(ID);
        let mut id = [0; 16];
        id.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        Self { begun, id: SecretId(id), until: None }
    }

    /// The same, good before this moment only.
    #[must_use]
    pub fn ending(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// When it is good no longer; none when nothing is said.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether it is good at this moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    pub(super) fn id(&self) -> SecretId {
        self.id
    }

    /// HMAC-SHA256 over the pieces, one behind the other.
    #[must_use]
    pub fn sign(&self, pieces: &[&[u8]]) -> [u8; 32] {
        self.over(pieces).finalize().into_bytes().into()
    }

    /// Whether `signature` is that over the pieces. Takes as long whatever part of it is right.
    #[must_use]
    pub fn verifies(&self, pieces: &[&[u8]], signature: &[u8]) -> bool {
        self.over(pieces).verify_slice(signature).is_ok()
    }

    fn over(&self, pieces: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.begun.clone();
        pieces.iter().for_each(|piece| mac.update(piece));
        mac
    }
}

#[allow(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn begin(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Debug for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret id]")
    }
}
