//! A tree of values, each of which knows where it was written, and how one tree is laid over another.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::unknown::{Known, join};

/// Longer texts are cut in error sentences.
const SHOWN_CHARACTERS: usize = 60;

/// A value and where it was written. Has no `Debug`, because it may be a secret.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) origin: Origin,
    pub(super) content: Content,
}

/// What was written.
#[derive(Clone)]
pub(super) enum Content {
    /// A setting that is known and not given.
    Absent,
    /// From the environment: text that stands for whatever is asked for.
    Loose(String),
    Text(String),
    Whole(i128),
    Flag(bool),
    List(Vec<Value>),
    Table(BTreeMap<String, Value>),
    /// A kind that no setting has, as it was written.
    Other(String),
}

/// Where a value was written, and how it is called there. Shown in front of every complaint.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) place: Place,
    pub(super) name: String,
}

#[derive(Clone, PartialEq)]
pub(super) enum Place {
    BuiltIn,
    /// A file and the line in it.
    Line(String, usize),
    /// Within the text of a variable.
    Variable(String),
    /// The name says it all: a variable or a flag.
    Named,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::BuiltIn => write!(f, "built-in defaults: {}", self.name),
            Place::Line(file, line) => write!(f, "{file}, line {line}: {}", self.name),
            Place::Variable(variable) => write!(f, "{variable}: {}", self.name),
            Place::Named => f.write_str(&self.name),
        }
    }
}

impl Origin {
    /// The name first, for the middle of a sentence.
    pub(super) fn in_passing(&self) -> String {
        let name = &self.name;
        match &self.place {
            Place::BuiltIn => format!("{name} (built-in)"),
            Place::Line(file, line) => format!("{name} ({file}, line {line})"),
            Place::Variable(variable) => format!("{name} ({variable})"),
            Place::Named => name.clone(),
        }
    }
}

/// A text in TOML, and what a place in it is called.
struct Source<'t> {
    text: &'t str,
    kind: Kind<'t>,
}

enum Kind<'t> {
    BuiltIn,
    File(&'t Path),
    Variable(&'t str),
}

impl Source<'_> {
    fn place(&self, offset: usize) -> Place {
        match self.kind {
            Kind::BuiltIn => Place::BuiltIn,
            Kind::File(path) => Place::Line(path.display().to_string(), self.line(offset)),
            Kind::Variable(name) => Place::Variable(name.to_owned()),
        }
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// Only the parser's message: its whole report quotes the line, which may hold a secret.
    fn error(&self, error: &toml::de::Error) -> ConfigError {
        let offset = error.span().map_or(0, |span| span.start);
        let place = match self.kind {
            Kind::BuiltIn => format!("built-in defaults, line {},", self.line(offset)),
            Kind::File(path) => format!("{}, line {},", path.display(), self.line(offset)),
            Kind::Variable(name) => format!("{name}, at byte {offset},"),
        };
        ConfigError::Syntax { place, message: error.message().to_owned() }
    }
}

impl Value {
    /// The compiled-in defaults.
    pub(super) fn built_in(text: &str) -> Result<Self, ConfigError> {
        Self::of_document(&Source { text, kind: Kind::BuiltIn })
    }

    /// A file that was read from `path`.
    pub(super) fn of_file(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Self::of_document(&Source { text, kind: Kind::File(path) })
    }

    /// The text of the variable `name`, which stands for whatever the setting is.
    pub(super) fn of_variable(name: &str, text: &str) -> Self {
        Self { origin: Origin { place: Place::Named, name: name.to_owned() }, content: Content::Loose(text.to_owned()) }
    }

    /// What was typed after `flag`.
    pub(super) fn of_flag(flag: &str, text: String) -> Self {
        Self { origin: Origin { place: Place::Named, name: flag.to_owned() }, content: Content::Loose(text) }
    }

    /// A table that was given in JSON, whose settings are called after `name`.
    pub(super) fn of_json(name: &str, table: &serde_json::Map<String, serde_json::Value>) -> Self {
        let entry = |(key, value): (&String, &serde_json::Value)| {
            let name = join(name, key);
            (key.clone(), Self::of_json_value(&name, value))
        };
        let origin = Origin { place: Place::Named, name: name.to_owned() };
        Self { origin, content: Content::Table(table.iter().map(entry).collect()) }
    }

    fn of_json_value(name: &str, value: &serde_json::Value) -> Self {
        let content = match value {
            serde_json::Value::Object(table) => return Self::of_json(name, table),
            serde_json::Value::Array(items) => {
                Content::List(items.iter().map(|item| Self::of_json_value(name, item)).collect())
            }
            serde_json::Value::String(text) => Content::Text(text.clone()),
            serde_json::Value::Bool(flag) => Content::Flag(*flag),
            serde_json::Value::Number(number) => match number.as_i128() {
                Some(whole) => Content::Whole(whole),
                None => Content::Other(number.to_string()),
            },
            serde_json::Value::Null => Content::Other("null".to_owned()),
        };
        Self { origin: Origin { place: Place::Named, name: name.to_owned() }, content }
    }

    /// A setting called `name` that is known and not given.
    pub(super) fn absent(name: &str) -> Self {
        Self { origin: Origin { place: Place::BuiltIn, name: name.to_owned() }, content: Content::Absent }
    }

    /// A built-in table.
    pub(super) fn table(name: &str, entries: impl IntoIterator<Item = (String, Self)>) -> Self {
        let origin = Origin { place: Place::BuiltIn, name: name.to_owned() };
        Self { origin, content: Content::Table(entries.into_iter().collect()) }
    }

    fn of_document(source: &Source<'_>) -> Result<Self, ConfigError> {
        let document = DeTable::parse(source.text).map_err(|error| source.error(&error))?;
        let origin = Origin { place: source.place(0), name: String::new() };
        Ok(Self { origin, content: table_of(source, "", document.get_ref()) })
    }

    /// The entry of a table.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match &self.content {
            Content::Table(table) => table.get(name),
            _ => None,
        }
    }

    /// Replaces the entry of a table.
    pub(super) fn set(&mut self, name: &str, value: Self) {
        if let Content::Table(table) = &mut self.content {
            table.insert(name.to_owned(), value);
        }
    }

    /// Replaces an entry of a table within tables.
    pub(super) fn set_at(&mut self, path: &[&str], value: Self) {
        match (path, &mut self.content) {
            ([name], _) => self.set(name, value),
            ([table, rest @ ..], Content::Table(tables)) => {
                if let Some(table) = tables.get_mut(*table) {
                    table.set_at(rest, value);
                }
            }
            _ => {}
        }
    }

    /// Lays `upper` over this: what it says wins, and it may say only what is known here.
    pub(super) fn overlay(&mut self, upper: Self, known: &Known) -> Result<(), ConfigError> {
        let Content::Table(lower) = &mut self.content else {
            *self = upper;
            return Ok(());
        };
        let Content::Table(entries) = upper.content else {
            return Err(upper.unsuitable("a table of settings"));
        };
        for (name, value) in entries {
            let Some(slot) = lower.get_mut(&name) else {
                let nearest = known.nearest(&value.origin.name);
                return Err(ConfigError::UnknownSetting { setting: value.origin.to_string(), nearest });
            };
            slot.overlay(value, known)?;
        }
        self.origin = upper.origin;
        Ok(())
    }

    /// The items of a list; the text of a variable is read as a TOML list.
    pub(super) fn items(&self, expected: &str) -> Result<Vec<Self>, ConfigError> {
        match &self.content {
            Content::List(items) => Ok(items.clone()),
            Content::Loose(text) => {
                let variable = &self.origin.name;
                let source = Source { text, kind: Kind::Variable(variable) };
                let parsed = DeValue::parse(text).map_err(|error| source.error(&error))?;
                // Named as in a file, so that a complaint reads the same.
                let path = super::environment::setting_of(variable);
                let list = Self { origin: self.origin.clone(), content: content_of(&source, &path, parsed.get_ref()) };
                match list.content {
                    Content::List(items) => Ok(items),
                    _ => Err(list.unsuitable(expected)),
                }
            }
            _ => Err(self.unsuitable(expected)),
        }
    }

    /// The meaning of an item of a list.
    pub(super) fn parsed<T>(&self, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        match &self.content {
            Content::Text(text) => parse(text),
            _ => None,
        }
        .ok_or_else(|| self.unsuitable(expected))
    }

    /// The complaint that this value is not `expected`.
    pub(super) fn unsuitable(&self, expected: &str) -> ConfigError {
        let (setting, found) = (self.origin.to_string(), self.shown());
        ConfigError::Unsuitable { setting, found, expected: expected.to_owned() }
    }

    /// The value, as far as a sentence needs it.
    pub(super) fn shown(&self) -> String {
        match &self.content {
            Content::Absent => "not given".to_owned(),
            Content::Loose(text) | Content::Text(text) => match text.char_indices().nth(SHOWN_CHARACTERS) {
                Some((end, _)) => format!("{:?}…", &text[..end]),
                None => format!("{text:?}"),
            },
            Content::Whole(number) => number.to_string(),
            Content::Flag(flag) => flag.to_string(),
            Content::List(items) if items.is_empty() => "an empty list".to_owned(),
            Content::List(_) => "a list".to_owned(),
            Content::Table(_) => "a table".to_owned(),
            Content::Other(text) => text.clone(),
        }
    }
}

fn table_of(source: &Source<'_>, path: &str, table: &DeTable<'_>) -> Content {
    let entries = table.iter().map(|(key, value)| {
        let name = join(path, key.get_ref());
        let content = content_of(source, &name, value.get_ref());
        let origin = Origin { place: source.place(key.span().start), name };
        (key.get_ref().to_string(), Value { origin, content })
    });
    Content::Table(entries.collect())
}

fn content_of(source: &Source<'_>, path: &str, value: &DeValue<'_>) -> Content {
    let item = |item: &Spanned<DeValue<'_>>| {
        let origin = Origin { place: source.place(item.span().start), name: path.to_owned() };
        Value { origin, content: content_of(source, path, item.get_ref()) }
    };
    match value {
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => Content::Whole(whole),
            Err(_) => Content::Other("a number out of all range".to_owned()),
        },
        DeValue::Boolean(flag) => Content::Flag(*flag),
        DeValue::Array(items) => Content::List(items.iter().map(item).collect()),
        DeValue::Table(table) => table_of(source, path, table),
        DeValue::Float(number) => Content::Other(number.to_string()),
        DeValue::Datetime(date) => Content::Other(date.to_string()),
    }
}
