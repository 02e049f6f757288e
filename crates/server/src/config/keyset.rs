//! `[[keyset]]`: the keys of one application, and its own settings over those that all key sets share.

use std::fmt;

use wire::{PublishKey, SubscribeKey};

use super::context::Context;
use super::environment::Environment;
use super::error::ConfigError;
use super::limits::Limits;
use super::presence::Presence;
use super::pubsub::PubSub;
use super::secret::{Secret, WAYS};
use super::section::Section;
use super::unknown::Known;
use super::value::{Content, Value};

/// A name stands in logs and metric labels: short, and one word.
const NAME_MAX_BYTES: usize = 64;

/// The keys of one application and everything that was decided for it.
#[derive(Clone, Debug)]
pub struct Keyset {
    /// Where it was written.
    pub origin: String,
    /// What people, logs and metrics call it.
    pub name: String,
    /// What identifies it in requests.
    pub subscribe_key: SubscribeKey,
    /// What its publishers show.
    pub publish_key: PublishKey,
    /// What its servers sign with; always there when `access_manager` is on.
    pub secret_key: Option<Secret>,
    /// Whether requests need a permission.
    pub access_manager: bool,
    /// Whether it has channel groups and patterns.
    pub groups: bool,
    /// Its presence, merged.
    pub presence: Presence,
    /// Its publish and subscribe, merged.
    pub pubsub: PubSub,
    /// Its app context, merged.
    pub context: Context,
    /// How much may be asked of it, merged.
    pub limits: Limits,
}

/// Reads all key sets: at least one, none like another.
pub(super) fn read_all(
    settings: &Section<'_>,
    blank: &Value,
    environment: &mut Environment,
) -> Result<Vec<Keyset>, ConfigError> {
    // Checked on their own first, so that a complaint is about them and not about a key set that inherits them.
    Presence::read(&settings.section("presence")?)?;
    PubSub::read(&settings.section("pubsub")?)?;
    Context::read(&settings.section("context")?)?;
    Limits::read(&settings.section("limits")?)?;

    let expected = "a list of at least one key set, each begun by [[keyset]]";
    let tables = settings.tables("keyset", &template(blank, settings.table()), expected)?;
    if tables.is_empty() {
        return Err(settings.unsuitable("keyset", expected));
    }
    let mut keysets: Vec<Keyset> = Vec::with_capacity(tables.len());
    for table in &tables {
        let section = settings.of(table);
        let keyset = Keyset::read(&section, environment)?;
        let duplicate = |name: &str, found: &str| {
            Err(ConfigError::Duplicate { setting: section.origin(name), found: format!("{found:?}") })
        };
        if keysets.iter().any(|other| other.name == keyset.name) {
            return duplicate("name", &keyset.name);
        }
        if keysets.iter().any(|other| other.subscribe_key == keyset.subscribe_key) {
            return duplicate("subscribe_key", keyset.subscribe_key.as_str());
        }
        keysets.push(keyset);
    }
    Ok(keysets)
}

/// A key set that says nothing yet: the switches of the built-in one, and nothing of its identity.
pub(super) fn blank(defaults: &Value) -> Value {
    let built_in = match defaults.get("keyset").map(|list| &list.content) {
        Some(Content::List(keysets)) => keysets.first().cloned(),
        _ => None,
    };
    let mut keyset = built_in.unwrap_or_else(|| Value::table("keyset", []));
    for name in ["name", "subscribe_key", "publish_key"].iter().chain(&WAYS) {
        keyset.set(name, Value::absent(name));
    }
    keyset
}

/// A blank key set with the presence, the pubsub, the context and the limits that all key sets share.
pub(super) fn template(blank: &Value, shared: &Value) -> Value {
    let mut keyset = blank.clone();
    for name in ["presence", "pubsub", "context", "limits"] {
        if let Some(table) = shared.get(name) {
            keyset.set(name, table.clone());
        }
    }
    keyset
}

/// Reads key sets that are given while the server runs, by the rules of those in a file and over the same shared settings.
#[derive(Clone)]
pub struct KeysetTemplate {
    blank: Value,
    known: Known,
}

impl KeysetTemplate {
    /// What every key set begins as.
    pub(super) fn of(settings: &Value, blank: &Value, known: Known) -> Self {
        Self { blank: template(blank, settings), known }
    }

    /// Reads a key set from the settings that a `[[keyset]]` may have, in JSON. Its secret can be given as text only.
    ///
    /// # Errors
    /// [`ConfigError`], one sentence.
    pub fn read(&self, given: &serde_json::Map<String, serde_json::Value>) -> Result<Keyset, ConfigError> {
        let mut keyset = self.blank.clone();
        keyset.overlay(Value::of_json("keyset", given), &self.known)?;
        let nothing: [(&str, &str); 0] = [];
        Keyset::read(&Section::root(&keyset, &self.known), &mut Environment::new(nothing))
    }
}

/// Not its settings.
impl fmt::Debug for KeysetTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeysetTemplate")
    }
}

impl Keyset {
    fn read(settings: &Section<'_>, environment: &mut Environment) -> Result<Self, ConfigError> {
        let key = "a key of 1 to 128 bytes without commas, slashes and control characters";
        let keyset = Self {
            origin: settings.table().origin.to_string(),
            name: settings.parsed(
                "name",
                "a word of 1 to 64 letters of the English alphabet, digits, dots, hyphens and underscores",
                |text| is_name(text).then(|| text.to_owned()),
            )?,
            subscribe_key: settings.parsed("subscribe_key", key, |text| SubscribeKey::new(text).ok())?,
            publish_key: settings.parsed("publish_key", key, |text| PublishKey::new(text).ok())?,
            secret_key: Secret::read(settings, environment)?,
            access_manager: settings.flag("access_manager")?,
            groups: settings.flag("groups")?,
            presence: Presence::read(&settings.section("presence")?)?,
            pubsub: PubSub::read(&settings.section("pubsub")?)?,
            context: Context::read(&settings.section("context")?)?,
            limits: Limits::read(&settings.section("limits")?)?,
        };
        if keyset.access_manager && keyset.secret_key.is_none() {
            return Err(ConfigError::NoSecret { keyset: keyset.origin });
        }
        Ok(keyset)
    }
}

fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    (1..=NAME_MAX_BYTES).contains(&text.len()) && text.bytes().all(is_allowed)
}
