//! A text that is used and never shown.

use std::fmt;

use super::environment::Environment;
use super::error::ConfigError;
use super::section::Section;
use super::value::{Content, Value};

/// The ways to give the secret of a key set, of which one may be taken.
pub(super) const WAYS: [&str; 3] = ["secret_key", "secret_key_file", "secret_key_env"];

/// How the address of a PostgreSQL begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// A secret. Not comparable, because `==` tells by its time how much was right; never empty.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself: to sign with, to compare in constant time, never to show.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address of the database, unless it is empty. What else was written there is not repeated.
    pub(super) fn read_address(settings: &Section<'_>) -> Result<Option<Self>, ConfigError> {
        let text = settings.given("database").map(text_of);
        match text {
            Some(Some("")) => Ok(None),
            Some(Some(text)) if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) => {
                Ok(Some(Self(text.to_owned())))
            }
            _ => Err(ConfigError::SecretUnreadable {
                setting: settings.origin("database"),
                reason: "it must be an address that begins with postgres://, or empty".to_owned(),
            }),
        }
    }

    /// The secret in a file.
    ///
    /// # Errors
    /// Why there is none, in a sentence without the secret.
    pub fn in_file(path: &std::path::Path) -> Result<Self, String> {
        match from_file(&path.to_string_lossy())? {
            text if text.is_empty() => Err(format!("the file {path:?} is empty")),
            text => Ok(Self(text)),
        }
    }

    /// The secret of the key set `keyset`, from where it says.
    pub(super) fn read(keyset: &Section<'_>, environment: &mut Environment) -> Result<Option<Self>, ConfigError> {
        let mut given = WAYS.iter().filter_map(|way| keyset.given(way).map(|value| (*way, value)));
        let Some((way, value)) = given.next() else { return Ok(None) };
        if let Some((second, _)) = given.next() {
            let keyset = keyset.table().origin.to_string();
            return Err(ConfigError::SecretTwice { keyset, first: way, second });
        }
        let unreadable = |reason: String| ConfigError::SecretUnreadable { setting: value.origin.to_string(), reason };
        let text = text_of(value).ok_or_else(|| unreadable("it must be text".to_owned()))?;
        let secret = match way {
            "secret_key_file" => from_file(text).map_err(unreadable)?,
            "secret_key_env" => from_variable(text, environment).map_err(unreadable)?,
            _ => text.to_owned(),
        };
        if secret.is_empty() {
            return Err(unreadable("the secret is empty".to_owned()));
        }
        Ok(Some(Self(secret)))
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match &value.content {
        Content::Text(text) | Content::Loose(text) => Some(text),
        _ => None,
    }
}

/// The line end that editors and `echo` add is not part of a secret.
fn from_file(path: &str) -> Result<String, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(cause) => Err(format!("cannot read the file {path:?}: {cause}")),
    }
}

/// The name is repeated only if it looks like one: it may be the secret itself, written in the wrong place.
fn from_variable(variable: &str, environment: &mut Environment) -> Result<String, String> {
    let is_name = !variable.is_empty()
        && variable.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let shown = if is_name { variable } else { "that it names" };
    match environment.text(variable) {
        Ok(Some(text)) => Ok(text.to_owned()),
        Ok(None) => Err(format!("the environment variable {shown} is not set")),
        Err(_) => Err(format!("the environment variable {shown} is not UTF-8 text")),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
