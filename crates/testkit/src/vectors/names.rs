//! The names that stand in double braces.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::Keys;

/// Numbers the names of a process, so that no two runs of a vector meet on one server.
static FRESH: AtomicU64 = AtomicU64::new(1);

/// What the names of one run stand for.
pub(super) struct Names(BTreeMap<String, Value>);

impl Names {
    pub(super) fn new(keys: Keys, now: u64) -> Self {
        let known = [("sub", keys.subscribe), ("pub", keys.publish), ("secret", keys.secret)];
        let mut names: BTreeMap<_, _> = known.map(|(name, text)| (name.to_owned(), Value::from(text))).into();
        names.insert("now".to_owned(), now.into());
        Self(names)
    }

    pub(super) fn save(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn get(&mut self, name: &str) -> Value {
        let fresh = || format!("{name}-{:08x}", FRESH.fetch_add(1, Ordering::Relaxed)).into();
        self.0.entry(name.to_owned()).or_insert_with(fresh).clone()
    }

    /// Replaces names in a text.
    pub(super) fn fill_text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = first_name(rest) {
            out.push_str(before);
            match self.get(name) {
                Value::String(text) => out.push_str(&text),
                other => out.push_str(&other.to_string()),
            }
            rest = after;
        }
        out + rest
    }

    /// Replaces names in all texts of a value, keys of objects included. A text that is a name and nothing else becomes
    /// what the name stands for, whatever its type.
    pub(super) fn fill(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => match first_name(text) {
                Some(("", name, "")) => self.get(name),
                _ => self.fill_text(text).into(),
            },
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(key, value)| (self.fill_text(key), self.fill(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

/// What stands before the first name, the name, and what stands after it.
fn first_name(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word.then_some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OPEN;
    use serde_json::json;

    #[test]
    fn a_name_is_the_same_everywhere_in_a_run_and_fresh_in_the_next() {
        let (mut one, mut two) = (Names::new(OPEN, 0), Names::new(OPEN, 0));
        assert_eq!(one.fill_text("{{ch}}"), one.fill_text("{{ch}}"));
        assert_ne!(one.fill_text("{{ch}}"), two.fill_text("{{ch}}"));
        assert_eq!(one.fill_text("/a/{{sub}}/{{pub}}"), "/a/sub/pub");
    }

    #[test]
    fn a_text_that_is_a_name_takes_the_type_of_what_was_saved() {
        let mut names = Names::new(OPEN, 0);
        names.save("n", json!(7));
        assert_eq!(
            names.fill(&json!({"{{sub}}": ["{{n}}", "n={{n}}", {"a": 1}]})),
            json!({"sub": [7, "n=7", {"a": 1}]})
        );
    }

    #[test]
    fn braces_that_hold_no_name_are_text() {
        assert_eq!(Names::new(OPEN, 0).fill_text(r#"{"a":{"b":{}}}"#), r#"{"a":{"b":{}}}"#);
    }
}
