//! Text of others, made harmless for a terminal: what a user is called must not move the cursor, or turn the line around.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal might obey it, or a person be misled by it: control characters, and those that end lines or turn the
/// direction of text.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with escapes such as `\n` and `\u{1b}` in the place of characters that are harmful.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, |out, character| write!(out, "{}", character.escape_default()))
}

/// The same for JSON text, which stays JSON and keeps its meaning: such characters stand in strings only.
pub(crate) fn harmless_json(text: &str) -> Cow<'_, str> {
    // All of them are in the plane that four digits reach.
    escaped(text, |out, character| write!(out, "\\u{:04x}", u32::from(character)))
}

fn escaped(text: &str, escape: fn(&mut String, char) -> std::fmt::Result) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_harmful(character) {
            // Writing into a String cannot fail.
            true => _ = escape(&mut out, character),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        for (text, shown) in [
            ("Ann Ünder 東京 🙂", "Ann Ünder 東京 🙂"),
            ("\u{1b}[2Jboo", "\\u{1b}[2Jboo"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("ann\u{202e}nimda", "ann\\u{202e}nimda"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"name": "a\u{1b}b\u{9b}c\u{7f}d\u{2028}e\u{202e}"});
        let text = value.to_string();
        let shown = harmless_json(&text);
        assert!(shown.chars().all(|character| !is_harmful(character)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
