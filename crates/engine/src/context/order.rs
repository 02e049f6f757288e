//! The order of texts and of values (`docs/protocol/app-context.md`, "Text order").
//!
//! Texts compare in three rounds, the next only on a tie:
//!
//! 1. the letters and digits alone, without case;
//! 2. the letters and digits alone, at the first that differs a lower-case letter before any other;
//! 3. the whole texts by code point.
//!
//! The order is total: texts that tie are equal. A key is a text made into bytes whose plain comparison is the same
//! order, so that every database sorts alike; equal keys mean equal texts.
//!
//! What is a letter, and which its lower case is, comes from the Unicode tables of the compiler. Keys made by another
//! version ([`UNICODE`]) may sort otherwise: whoever stores keys notes the version and makes them anew when it changes.

use std::cmp::Ordering;

use wire::context::{Moment, Scalar};

/// The version of Unicode that keys depend on.
pub const UNICODE: (u8, u8, u8) = char::UNICODE_VERSION;

/// Compares two texts in the order of lists and of `<` and `>` in filters.
///
/// ```
/// use engine::context::order::compare;
/// let mut names = ["x_with", "XB", "x", "10", "xid", "2", "1"];
/// names.sort_by(|left, right| compare(left, right));
/// assert_eq!(names, ["1", "10", "2", "x", "XB", "xid", "x_with"]);
/// ```
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    let folded = |text| letters(text).map(fold);
    let cased = |text| letters(text).map(case);
    folded(left).cmp(folded(right)).then_with(|| cased(left).cmp(cased(right))).then_with(|| left.cmp(right))
}

/// The bytes that stand for a text: compared as bytes they have the order of [`compare`].
///
/// About twice as long as the text when it is lower case. Whoever needs short keys for an index may cut them and
/// compare the rest where the cut ones tie.
#[must_use]
pub fn text_key(text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(2 * text.len() + 2);
    push_text(&mut key, text);
    key
}

/// The bytes that stand for a value of `custom`, in the order of `custom.NAME`: text, numbers, false, true. None for
/// null, which is unset.
#[must_use]
pub fn custom_key(value: &Scalar) -> Option<Vec<u8>> {
    super::Value::of_scalar(value).custom_key()
}

pub(super) const TEXT: u8 = 1;
pub(super) const NUMBER: u8 = 2;
pub(super) const FALSE: u8 = 3;
pub(super) const TRUE: u8 = 4;

pub(super) fn push_text(key: &mut Vec<u8>, text: &str) {
    // Round 1. A zero ends it, so that a shorter text comes first; no letter or digit has one.
    for letter in letters(text).map(fold) {
        key.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    key.push(0);
    // Round 2. Lower-case letters at the end say nothing and are left out: the zero sorts where they would.
    let start = key.len();
    let mut end = start;
    for (unfolded, letter) in letters(text).map(case) {
        if unfolded {
            key.push(2);
            key.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            end = key.len();
        } else {
            key.push(1);
        }
    }
    key.truncate(end);
    key.push(0);
    // Round 3. The bytes of UTF-8 have the order of code points.
    key.extend_from_slice(text.as_bytes());
}

/// The bytes that stand for a number.
#[must_use]
pub fn number_key(number: f64) -> [u8; 8] {
    // Zero has two forms, which are equal.
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    // A negative number is the larger the smaller its bits are.
    let flipped = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    flipped.to_be_bytes()
}

/// The bytes that stand for a moment.
#[must_use]
pub fn moment_key(moment: Moment) -> [u8; 8] {
    (moment.micros().cast_unsigned() ^ 1 << 63).to_be_bytes()
}

fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|character| character.is_alphanumeric())
}

/// Simple lower case. Only U+0130 has a longer one, which begins with the simple one.
fn fold(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

/// Whether the letter is another than its lower case, and then which.
fn case(letter: char) -> (bool, char) {
    match fold(letter) == letter {
        true => (false, '\0'),
        false => (true, letter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(sorted: &[&str]) {
        for (at, left) in sorted.iter().enumerate() {
            for right in &sorted[at + 1..] {
                assert_eq!(compare(left, right), Ordering::Less, "{left:?} {right:?}");
                assert_eq!(compare(right, left), Ordering::Greater, "{right:?} {left:?}");
                assert!(text_key(left) < text_key(right), "keys of {left:?} {right:?}");
            }
        }
    }

    #[test]
    fn punctuation_is_passed_over_and_case_comes_second() {
        check(&["x", "XB", "xid", "x_with"]);
        check(&["2aiuiG", "2aQC4L"]);
        check(&["", " ", "-", "1", "10", "2", "a", "A", "ab", "a-c"]);
        check(&["ab", "aB", "Ab", "AB"]);
        check(&["a b", "a-b", "ab"]);
        check(&["zebra", "émile", "Émile", "ж", "Ж"]);
    }

    #[test]
    fn letters_with_one_lower_case_still_differ() {
        check(&["k", "K", "\u{212a}"]);
        check(&["i", "I", "\u{130}"]);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[aAbB kK\u{212a}\u{130}iIıςσΣ_\u{0}é1-]{0,6}", "[ab]{0,3}[- ]?[AB]{0,3}"]
    }

    proptest! {
        #[test]
        fn keys_have_the_order_of_texts(left in text(), right in text()) {
            prop_assert_eq!(compare(&left, &right), text_key(&left).cmp(&text_key(&right)));
            prop_assert_eq!(compare(&left, &right) == Ordering::Equal, left == right);
        }

        #[test]
        fn keys_have_the_order_of_numbers(left in any::<f64>(), right in any::<f64>()) {
            prop_assume!(left.is_finite() && right.is_finite());
            prop_assert_eq!(left.partial_cmp(&right), Some(number_key(left).cmp(&number_key(right))));
        }

        #[test]
        fn keys_have_the_order_of_moments(left in any::<i64>(), right in any::<i64>()) {
            let key = |micros| moment_key(Moment::from_micros(micros));
            prop_assert_eq!(left.cmp(&right), key(left).cmp(&key(right)));
        }
    }

    #[test]
    fn both_zeros_have_one_key() {
        assert_eq!(number_key(0.0), number_key(-0.0));
    }
}
