//! `like`: stars for any run of characters, letters without regard to case.
//!
//! Matching takes time in proportion to text and pattern: the pieces between stars are searched one after the other,
//! each where the last one ended. The earliest place is always a good one, so nothing is ever tried twice.

use std::borrow::Cow;

/// Whether the whole text matches the pattern.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (folded(text), folded(pattern));
    pieces_match(&text, pattern.split('*'))
}

/// Whether the text is these pieces in this order, with anything between two of them. Letters with case. The two filter
/// languages write patterns in their own ways and share this.
pub(crate) fn pieces_match<'p>(text: &str, mut pieces: impl DoubleEndedIterator<Item = &'p str>) -> bool {
    let Some(head) = pieces.next() else { return text.is_empty() };
    let Some(tail) = pieces.next_back() else { return text == head };
    let Some(mut text) = text.strip_prefix(head).and_then(|text| text.strip_suffix(tail)) else { return false };
    pieces.all(|piece| {
        let Some((_, after)) = text.split_once(piece) else { return false };
        text = after;
        true
    })
}

/// The text in lower case, letter by letter. The usual lower case of a whole text writes a final sigma in its own way,
/// and then a piece of a word would differ from the same piece inside the word.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return text.chars().flat_map(char::to_lowercase).collect();
    }
    let capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
    if capitals { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}
