//! The versions of records.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};
use wire::context::{Content, ETag, Moment, Record, TextField};

/// The eTag of a user or channel that became this content at that moment: 32 hexadecimal digits.
///
/// It depends on the eTag before it, so it is new also when the content goes back to what it was.
pub(super) fn of_record(before: Option<&Record>, content: &Content, now: Moment) -> ETag {
    let before = before.map_or("", |record| record.etag.as_str());
    let digest = digest(content).chain_update(before).chain_update(now.micros().to_be_bytes()).finalize();
    let text = digest[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    ETag::new(text)
}

/// The eTag of a membership with this content: ten bytes in base64. Equal contents have equal eTags.
pub(super) fn of_membership(content: &Content) -> ETag {
    ETag::new(STANDARD_NO_PAD.encode(&digest(content).finalize()[..10]))
}

fn digest(content: &Content) -> Sha256 {
    let mut digest = Sha256::new();
    let custom = content.custom.as_ref().map(wire::context::Custom::as_str);
    for text in TextField::ALL.into_iter().map(|field| content.text(field)).chain([custom]) {
        // The length before a text, and one more than it so that nothing differs from empty, keeps fields apart.
        let length = text.map_or(0, |text| text.len() as u64 + 1);
        digest.update(length.to_be_bytes());
        digest.update(text.unwrap_or_default());
    }
    digest
}
