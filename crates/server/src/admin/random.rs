//! Keys that nobody can guess.

use rustls::crypto::ring;

/// Bytes of a key that is no secret: no two are alike.
const KEY_BYTES: usize = 16;
/// Bytes of a secret.
const SECRET_BYTES: usize = 32;

/// The system has no random numbers to give.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoRandom;

/// A new key that begins with `prefix`.
pub(super) fn key(prefix: &str) -> Result<String, NoRandom> {
    text::<KEY_BYTES>(prefix)
}

/// A new secret that begins with `prefix`.
pub(super) fn secret(prefix: &str) -> Result<String, NoRandom> {
    text::<SECRET_BYTES>(prefix)
}

fn text<const BYTES: usize>(prefix: &str) -> Result<String, NoRandom> {
    let mut bytes = [0; BYTES];
    ring::default_provider().secure_random.fill(&mut bytes).map_err(|_| NoRandom)?;
    // Digits only, so that a double click takes the whole.
    Ok(bytes.iter().fold(prefix.to_owned(), |text, byte| format!("{text}{byte:02x}")))
}
