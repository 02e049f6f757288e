//! Whether a request is signed with the secret key (`docs/protocol/access.md`, "Request signatures").

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use wire::Timestamp;

use super::secret::SecretId;
use super::{Credentials, Guard, Secret};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How far the clocks of client and server may be apart, in seconds.
const SKEW: u64 = 60;

/// What is wrong with the signature of a request. Told in different words by different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// It does not say when it was signed, or it was at another time than now.
    Timestamp,
    /// There is none.
    Missing,
    /// It is another than it must be.
    Wrong,
}

/// Checks the signature of a request, its time first. Answers with the secret that it was signed with.
pub(super) fn check(guard: &Guard, shown: &Credentials<'_>, now: Timestamp) -> Result<SecretId, SignatureFault> {
    let signature = shown.signature();
    match shown.timestamp() {
        Some(at) if at.abs_diff(now.seconds()) <= SKEW => {}
        // Without either, it is not signed at all.
        _ => return Err(SignatureFault::Timestamp),
    }
    let signature = signature.ok_or(SignatureFault::Missing)?.map_err(|_| SignatureFault::Wrong)?;
    let (subscribe_key, publish_key) = (guard.subscribe_key().as_str(), guard.publish_key().as_str());
    let signed = shown.signed();
    let matching = |pieces: &[&[u8]], given: &[u8]| {
        let mut good = guard.secrets().iter().filter(|secret| secret.holds(now));
        good.find(|secret| secret.verifies(pieces, given)).map(Secret::id)
    };
    let signed_with = match signature.strip_prefix("v2.") {
        Some(second) => {
            let given = decode(second)?;
            let texts = signed.second(publish_key);
            texts.iter().find_map(|(head, body)| matching(&[head.as_bytes(), body], &given))
        }
        None => {
            let given = decode(&signature)?;
            let texts = signed.first(subscribe_key, publish_key);
            texts.iter().find_map(|text| matching(&[text.as_bytes()], &given))
        }
    };
    signed_with.ok_or(SignatureFault::Wrong)
}

/// The bytes of a signature. Older clients write the alphabet of ordinary base64.
fn decode(text: &str) -> Result<Vec<u8>, SignatureFault> {
    let text = text.replace('+', "-").replace('/', "_");
    BASE64.decode(text).map_err(|_| SignatureFault::Wrong)
}
