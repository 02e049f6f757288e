//! The secret key of a key set, ready to sign with.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret key as the state of a signature that was just begun: neither the key itself is kept, nor is the work done
/// again that it takes to begin.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// The secret key as it was given, whole.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(begin(key.as_bytes()))
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
        let mut mac = self.0.clone();
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
