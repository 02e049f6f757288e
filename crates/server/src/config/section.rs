//! A table of settings as the structs read it: one call a setting, which says what is allowed.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::error::ConfigError;
use super::unknown::Known;
use super::value::{Content, Place, Value};

/// A complete table: every setting is there, or known to be absent.
pub(super) struct Section<'v> {
    table: &'v Value,
    known: &'v Known,
}

impl<'v> Section<'v> {
    /// All settings.
    pub(super) fn root(table: &'v Value, known: &'v Known) -> Self {
        Self { table, known }
    }

    /// The table `name` in this one.
    pub(super) fn section(&self, name: &str) -> Result<Self, ConfigError> {
        Ok(Self { table: self.value(name)?, known: self.known })
    }

    /// The tables of the list `name`, each laid over a copy of `template`.
    pub(super) fn tables(&self, name: &str, template: &Value, expected: &str) -> Result<Vec<Value>, ConfigError> {
        let over_template = |item: Value| {
            if !matches!(item.content, Content::Table(_)) {
                return Err(item.unsuitable("a table of settings"));
            }
            let mut table = template.clone();
            table.overlay(item, self.known)?;
            Ok(table)
        };
        self.value(name)?.items(expected)?.into_iter().map(over_template).collect()
    }

    /// A table of [`Section::tables`].
    pub(super) fn of(&self, table: &'v Value) -> Self {
        Self { table, known: self.known }
    }

    /// Which settings there are.
    pub(super) fn known(&self) -> Known {
        self.known.clone()
    }

    /// This table, to make a template of.
    pub(super) fn table(&self) -> &'v Value {
        self.table
    }

    /// Whether nobody but the defaults said anything about `name`.
    pub(super) fn is_built_in(&self, name: &str) -> bool {
        self.value(name).is_ok_and(|value| value.origin.place == Place::BuiltIn)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        let value = self.value(name)?;
        match &value.content {
            Content::Flag(flag) => Some(*flag),
            Content::Loose(text) => text.parse().ok(),
            _ => None,
        }
        .ok_or_else(|| value.unsuitable("true or false"))
    }

    /// How many.
    pub(super) fn count(&self, name: &str, range: RangeInclusive<u64>) -> Result<usize, ConfigError> {
        // A machine that cannot count so far has no room for as many either.
        self.whole(name, range).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// A time in seconds.
    pub(super) fn seconds(&self, name: &str, range: RangeInclusive<u64>) -> Result<Duration, ConfigError> {
        self.whole(name, range).map(Duration::from_secs)
    }

    /// A time in minutes.
    pub(super) fn minutes(&self, name: &str, range: RangeInclusive<u64>) -> Result<Duration, ConfigError> {
        self.whole(name, range).map(|minutes| Duration::from_secs(minutes * 60))
    }

    fn whole(&self, name: &str, range: RangeInclusive<u64>) -> Result<u64, ConfigError> {
        let value = self.value(name)?;
        let whole = match &value.content {
            Content::Whole(number) => u64::try_from(*number).ok(),
            Content::Loose(text) => text.parse().ok(),
            _ => None,
        };
        whole.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            value.unsuitable(&format!("a whole number from {least} to {most}"))
        })
    }

    /// How many a second; 0 is no limit, and none.
    pub(super) fn rate(&self, name: &str) -> Result<Option<u32>, ConfigError> {
        let most = 1_000_000;
        self.whole(name, 0..=most).map(|number| u32::try_from(number).ok().filter(|number| *number > 0))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, ConfigError> {
        let find = |text: &str| choices.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        self.parsed(name, &listed(&words), find)
    }

    /// Any text.
    pub(super) fn text(&self, name: &str) -> Result<&'v str, ConfigError> {
        let value = self.value(name)?;
        match &value.content {
            Content::Text(text) | Content::Loose(text) => Ok(text),
            _ => Err(value.unsuitable("text")),
        }
    }

    /// Text that means something.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let value = self.value(name)?;
        match &value.content {
            Content::Text(text) | Content::Loose(text) => parse(text),
            _ => None,
        }
        .ok_or_else(|| value.unsuitable(expected))
    }

    /// A list of texts that mean something, which may be empty.
    pub(super) fn list_or_none<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let items = self.value(name)?.items(&format!("a list of {expected}"))?;
        items.iter().map(|item| item.parsed(expected, &parse)).collect()
    }

    /// A list of texts that mean something; `None` when the setting is not given.
    pub(super) fn list<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, ConfigError> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let list = format!("a list of {expected}, at least one");
        let items = value.items(&list)?;
        if items.is_empty() {
            return Err(value.unsuitable(&list));
        }
        items.iter().map(|item| item.parsed(expected, &parse)).collect::<Result<_, _>>().map(Some)
    }

    /// The value of a setting that may be left out.
    pub(super) fn given(&self, name: &str) -> Option<&'v Value> {
        self.table.get(name).filter(|value| !matches!(value.content, Content::Absent))
    }

    /// The complaint that the value of `name` is not `expected`.
    pub(super) fn unsuitable(&self, name: &str, expected: &str) -> ConfigError {
        match self.value(name) {
            Ok(value) => value.unsuitable(expected),
            Err(missing) => missing,
        }
    }

    /// The complaint that the value of `low` is more than the value of `high`; either may have been the mistake.
    pub(super) fn exceeds(&self, low: &str, high: &str) -> ConfigError {
        match self.value(high) {
            Ok(most) => {
                self.unsuitable(low, &format!("at most {}, which is {}", most.origin.in_passing(), most.shown()))
            }
            Err(missing) => missing,
        }
    }

    /// Where the setting `name` was written, for a complaint.
    pub(super) fn origin(&self, name: &str) -> String {
        self.table.get(name).map_or_else(|| self.table.origin.to_string(), |value| value.origin.to_string())
    }

    fn value(&self, name: &str) -> Result<&'v Value, ConfigError> {
        self.given(name)
            .ok_or_else(|| ConfigError::Missing { table: self.table.origin.to_string(), setting: name.to_owned() })
    }
}

/// `a, b or c`
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.join(""),
    }
}
