//! Percent-encoding of path segments and query values (`docs/protocol/conventions.md`, "Percent-encoding").

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in an encoded component: RFC 3986, "unreserved".
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Bytes that are not UTF-8 once decoded, or a `%` that no two hexadecimal digits follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid percent-encoding or UTF-8")]
pub struct NotUtf8;

/// Decodes a path segment or query value once. A plus sign stays a plus sign.
///
/// ```
/// assert_eq!(wire::decode("a%20b+c").unwrap(), "a b+c");
/// assert!(wire::decode("%zz").is_err() && wire::decode("%ff").is_err());
/// ```
///
/// # Errors
/// [`NotUtf8`] when a `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
pub fn decode(text: &str) -> Result<Cow<'_, str>, NotUtf8> {
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let [_, high, low, ..] = &rest[at..] else { return Err(NotUtf8) };
        if !high.is_ascii_hexdigit() || !low.is_ascii_hexdigit() {
            return Err(NotUtf8);
        }
        rest = &rest[at + 3..];
    }
    percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| NotUtf8)
}

/// Encodes a text as one component of a URL.
///
/// ```
/// assert_eq!(wire::encode("a.*").to_string(), "a.%2A");
/// ```
#[must_use]
pub fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, COMPONENT)
}
