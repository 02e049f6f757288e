//! The key sets as an operator sees them: those of the file, which are as they are, and the stored ones, which change.

use std::path::Path;
use std::time::Duration;

use node::{Data, KeysetOptions, Keysets};
use serde_json::{Map, Value, json};
use store::{SecretSource, StoredKeyset, StoredSecret};
use wire::context::Moment;
use wire::{InvalidName, Timestamp};

use super::fault::Fault;
use super::random;
use crate::config::{self, ConfigError, Edge, KeysetTemplate, Secret};
use crate::{budget, keysets};

/// How long the secrets from before hold after a rotation, where nothing is said: a day, in which servers that sign get the
/// new one, and most tokens run out.
const KEEP_OLD: Duration = Duration::from_secs(24 * 60 * 60);
/// At most as long as a token can hold.
const KEEP_OLD_MAX: u64 = 30 * 24 * 60 * 60;

/// What identifies a key set, and its secret: all that is not a setting of it.
const IDENTITY: [&str; 6] = ["name", "subscribe_key", "publish_key", "secret_key", "secret_key_file", "secret_key_env"];

/// What can be done with the key sets of a server.
pub(crate) struct Managed {
    keysets: Keysets,
    /// Those of the file, or the built-in one.
    fixed: Vec<config::Keyset>,
    builtin: bool,
    template: KeysetTemplate,
    edge: Edge,
    /// The budget of memory, in bytes.
    budget: usize,
}

impl Managed {
    pub(crate) fn new(keysets: Keysets, config: &config::Config) -> Self {
        Self {
            keysets,
            fixed: config.keysets.clone(),
            builtin: config.builtin_keyset,
            template: config.keyset_template.clone(),
            edge: config.edge,
            budget: budget::of(config.memory),
        }
    }

    /// Every key set, by name.
    pub(super) async fn list(&self) -> Result<Value, Fault> {
        let mut all = self.fixed();
        all.extend(self.stored().await?.iter().map(shown));
        all.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
        Ok(json!({ "keysets": all }))
    }

    /// One of them.
    pub(super) async fn get(&self, name: &str) -> Result<Value, Fault> {
        if let Some(fixed) = self.fixed().into_iter().find(|keyset| keyset["name"] == name) {
            return Ok(fixed);
        }
        let stored = self.stored().await?.into_iter().find(|stored| stored.name == name);
        stored.as_ref().map(shown).ok_or_else(|| node::KeysetError::Unknown(name.to_owned()).into())
    }

    /// Adds a key set. What it does not say is made up: keys, and a secret that is in the answer and nowhere else.
    pub(super) async fn add(&self, mut given: Map<String, Value>) -> Result<Value, Fault> {
        let made = Made::of(&mut given)?;
        for (key, prefix) in [("subscribe_key", "sub-"), ("publish_key", "pub-")] {
            if !given.contains_key(key) {
                given.insert(key.to_owned(), random::key(prefix)?.into());
            }
        }
        given.insert("secret_key".to_owned(), made.secret.expose().into());
        let keyset = self.template.read(&given)?;
        given.retain(|name, _| !IDENTITY.contains(&name.as_str()));
        let stored = StoredKeyset {
            subscribe_key: keyset.subscribe_key.clone(),
            name: keyset.name.clone(),
            publish_key: keyset.publish_key.clone(),
            secrets: vec![made.stored()],
            settings: Value::from(given).to_string(),
        };
        let options = keysets::options(&keyset, &self.edge, self.budget).map_err(Unfit::Rule)?;
        self.keysets.add(options, stored.clone()).await?;
        tracing::info!(keyset = stored.name, subscribe_key = %stored.subscribe_key, "a key set was added");
        Ok(made.told(shown(&stored)))
    }

    /// Changes settings of a stored key set, as a merge patch does: what is given takes the place of what there is, and
    /// what is null is that of the file again.
    pub(super) async fn set(&self, name: &str, given: Map<String, Value>) -> Result<Value, Fault> {
        self.refuse_fixed(name, "it is changed")?;
        if let Some(identity) = given.keys().find(|name| IDENTITY.contains(&name.as_str())) {
            return Err(Fault::bad(format!(
                "{identity} is no setting: names and keys stay what they are, and a secret is changed by a rotation"
            )));
        }
        let (template, edge, budget) = (self.template.clone(), self.edge, self.budget);
        let changed = self.keysets.set(name, move |stored| {
            let mut settings: Map<String, Value> = serde_json::from_str(&stored.settings).unwrap_or_default();
            merge(&mut settings, given);
            // Its secrets are not among what is set.
            let options =
                read(&template, &edge, budget, stored, settings.clone(), "none").map_err(|why| why.to_string())?;
            Ok((options, Value::from(settings).to_string()))
        });
        let changed = changed.await?;
        tracing::info!(keyset = name, "settings of a key set were changed");
        Ok(shown(&changed))
    }

    /// Gives a stored key set a new secret.
    pub(super) async fn rotate(&self, name: &str, mut given: Map<String, Value>) -> Result<Value, Fault> {
        self.refuse_fixed(name, "its secret is changed")?;
        let keep = match given.remove("keep_old_seconds") {
            None => KEEP_OLD,
            Some(seconds) => {
                let seconds = seconds.as_u64().filter(|seconds| *seconds <= KEEP_OLD_MAX);
                let expected =
                    || Fault::bad(format!("keep_old_seconds must be a whole number from 0 to {KEEP_OLD_MAX}"));
                Duration::from_secs(seconds.ok_or_else(expected)?)
            }
        };
        let made = Made::of(&mut given)?;
        given.remove("secret_key");
        if let Some(name) = given.keys().next() {
            return Err(Fault::bad(format!(
                "{name} is none of what a rotation takes: secret_key or secret_key_file, keep_old_seconds"
            )));
        }
        let secret = node::Secret::new(made.secret.expose());
        let rotated = self.keysets.rotate(name, made.stored(), secret, keep).await?;
        tracing::info!(keyset = name, keep_old_seconds = keep.as_secs(), "a key set has a new secret");
        Ok(made.told(shown(&rotated)))
    }

    /// Takes a stored key set off.
    pub(super) async fn remove(&self, name: &str, data: Data) -> Result<Value, Fault> {
        self.refuse_fixed(name, "it is removed")?;
        let StoredKeyset { name, subscribe_key, .. } = self.keysets.remove(name, data).await?;
        let data = match data {
            Data::Kept => "kept",
            Data::Forgotten => "forgotten",
        };
        tracing::info!(keyset = name, %subscribe_key, data, "a key set was removed");
        Ok(json!({"name": name, "subscribe_key": subscribe_key.as_str(), "data": data}))
    }

    async fn stored(&self) -> Result<Vec<StoredKeyset>, Fault> {
        Ok(self.keysets.stored().await.map_err(node::KeysetError::from)?)
    }

    fn fixed(&self) -> Vec<Value> {
        let there = self.keysets.now();
        let fixed = self.fixed.iter().filter(|keyset| {
            !self.builtin || there.get(&keyset.subscribe_key).is_some_and(|keyset| keyset.options().gives_way)
        });
        let shown = |keyset: &config::Keyset| {
            let secrets: Vec<Value> = keyset.secret_key.iter().map(|_| json!({"until": null})).collect();
            json!({
                "name": keyset.name,
                "subscribe_key": keyset.subscribe_key.as_str(),
                "publish_key": keyset.publish_key.as_str(),
                "access_manager": keyset.access_manager,
                "origin": if self.builtin { "built-in".to_owned() } else { keyset.origin.clone() },
                "secrets": secrets,
            })
        };
        fixed.map(shown).collect()
    }

    fn refuse_fixed(&self, name: &str, change: &str) -> Result<(), Fault> {
        let Some(keyset) = self.fixed().into_iter().find(|keyset| keyset["name"] == name) else { return Ok(()) };
        let origin = keyset["origin"].as_str().unwrap_or_default();
        Err(Fault::conflict(match self.builtin {
            true => format!("the key set {name} is the built-in one, which goes by itself when another is added"),
            false => format!(
                "the key set {name} is not stored, it is written ({origin}): {change} there, for the next start"
            ),
        }))
    }
}

/// A secret that was given, or is new.
struct Made {
    secret: Secret,
    source: SecretSource,
    /// Nobody but the answer knows it.
    is_new: bool,
}

impl Made {
    /// Takes the secret out of what was given.
    fn of(given: &mut Map<String, Value>) -> Result<Self, Fault> {
        if given.contains_key("secret_key_env") {
            return Err(Fault::bad(
                "secret_key_env means nothing to a server that runs: give secret_key or secret_key_file",
            ));
        }
        match (given.remove("secret_key"), given.remove("secret_key_file")) {
            (Some(_), Some(_)) => {
                Err(Fault::bad("there are both secret_key and secret_key_file; give the secret once"))
            }
            (None, None) => {
                let text = random::secret("sec-")?;
                Ok(Self { secret: Secret::new(text.clone()), source: SecretSource::Text(text), is_new: true })
            }
            (Some(Value::String(text)), None) if !text.is_empty() => {
                Ok(Self { secret: Secret::new(text.clone()), source: SecretSource::Text(text), is_new: false })
            }
            (Some(_), None) => Err(Fault::bad("secret_key must be text, and not empty")),
            (None, Some(Value::String(path))) if Path::new(&path).is_absolute() => {
                let secret =
                    Secret::in_file(Path::new(&path)).map_err(|why| Fault::bad(format!("secret_key_file: {why}")))?;
                Ok(Self { secret, source: SecretSource::File(path.into()), is_new: false })
            }
            (None, Some(_)) => Err(Fault::bad("secret_key_file must be the whole path of a file, from / on")),
        }
    }

    fn stored(&self) -> StoredSecret {
        StoredSecret { source: self.source.clone(), until: None }
    }

    /// The answer, with the secret if it is told nowhere else.
    fn told(&self, mut answer: Value) -> Value {
        if self.is_new {
            answer["secret_key"] = self.secret.expose().into();
        }
        answer
    }
}

/// A stored key set without its secrets.
fn shown(stored: &StoredKeyset) -> Value {
    let StoredKeyset { subscribe_key, name, publish_key, secrets, settings } = stored;
    let mut settings: Map<String, Value> = serde_json::from_str(settings).unwrap_or_default();
    let access_manager = settings.remove("access_manager") == Some(Value::Bool(true));
    let secret = |secret: &StoredSecret| {
        let mut shown = json!({"until": secret.until.map(rfc3339)});
        if let SecretSource::File(path) = &secret.source {
            shown["file"] = path.to_string_lossy().into();
        }
        shown
    };
    json!({
        "name": name,
        "subscribe_key": subscribe_key.as_str(),
        "publish_key": publish_key.as_str(),
        "access_manager": access_manager,
        "origin": "stored",
        "secrets": secrets.iter().map(secret).collect::<Vec<_>>(),
        "settings": settings,
    })
}

fn rfc3339(at: Timestamp) -> String {
    Moment::from_micros(i64::try_from(at.millis()).unwrap_or(i64::MAX).saturating_mul(1000)).to_string()
}

/// Why a stored key set keeps the server from starting.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The file has one like it.
    #[error(
        "the stored key set {stored} and the one at {origin} have the same {what}: take that one out, start, and remove the \
         stored one with `hereabouts keyset remove {stored}` if it is the one to go"
    )]
    Clash {
        /// Its name.
        stored: String,
        /// Where the other one was written.
        origin: String,
        /// What they share.
        what: &'static str,
    },
    /// Its settings do not fit to those of this start, or of this version.
    #[error("the stored key set {stored} cannot be used: {cause}")]
    Settings {
        /// Its name.
        stored: String,
        /// What does not fit.
        cause: ConfigError,
    },
    /// Its settings are no JSON.
    #[error("the stored key set {stored} is damaged: its settings are no JSON object")]
    Damaged {
        /// Its name.
        stored: String,
    },
    /// A rule of presence names no channel.
    #[error("a presence rule of the stored key set {stored} cannot be used: {cause}")]
    Rule {
        /// Its name.
        stored: String,
        /// What is wrong with the channel.
        cause: InvalidName,
    },
    /// The system has no random numbers to give.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// The key sets that a server starts with: the stored ones and those of the file, or the built-in one when there is no other.
pub(crate) fn start_options(
    config: &config::Config,
    fixed: Vec<KeysetOptions>,
    stored: &[StoredKeyset],
    now: Timestamp,
) -> Result<Vec<KeysetOptions>, StoredError> {
    let mut all = if config.builtin_keyset && !stored.is_empty() { Vec::new() } else { fixed };
    for keyset in stored {
        if !config.builtin_keyset {
            refuse_a_clash(keyset, &config.keysets)?;
        }
        all.push(stored_options(config, keyset, now)?);
    }
    Ok(all)
}

fn refuse_a_clash(stored: &StoredKeyset, fixed: &[config::Keyset]) -> Result<(), StoredError> {
    for other in fixed {
        let what = match () {
            () if other.subscribe_key == stored.subscribe_key => "subscribe key",
            () if other.name == stored.name => "name",
            () => continue,
        };
        return Err(StoredError::Clash { stored: stored.name.clone(), origin: other.origin.clone(), what });
    }
    Ok(())
}

fn stored_options(
    config: &config::Config,
    keyset: &StoredKeyset,
    now: Timestamp,
) -> Result<KeysetOptions, StoredError> {
    let stored = || keyset.name.clone();
    let settings = serde_json::from_str(&keyset.settings).map_err(|_| StoredError::Damaged { stored: stored() })?;
    // Nobody knows it: should no file of a secret be readable, nothing that anybody signs is good.
    let nobodys = random::secret("").map_err(|_| StoredError::NoRandom)?;
    let budget = budget::of(config.memory);
    let options = read(&config.keyset_template, &config.edge, budget, keyset, settings, &nobodys);
    let options = options.map_err(|why| match why {
        Unfit::Settings(cause) => StoredError::Settings { stored: stored(), cause },
        Unfit::Rule(cause) => StoredError::Rule { stored: stored(), cause },
    })?;
    let good = keyset.secrets.iter().filter(|secret| secret.until.is_none_or(|until| now < until));
    let mut secrets: Vec<node::Secret> = good.map(|secret| in_use(keyset, secret, &nobodys)).collect();
    if secrets.is_empty() {
        secrets.push(node::Secret::new(&nobodys));
    }
    Ok(KeysetOptions { secrets, ..options })
}

/// Why settings cannot be those of a key set.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("{0}")]
    Settings(ConfigError),
    #[error("keyset.presence.rules cannot be used: {0}")]
    Rule(InvalidName),
}

impl From<Unfit> for Fault {
    fn from(why: Unfit) -> Self {
        Self::bad(why.to_string())
    }
}

/// The options of a stored key set by these settings, with this secret.
fn read(
    template: &KeysetTemplate,
    edge: &Edge,
    budget: usize,
    stored: &StoredKeyset,
    mut settings: Map<String, Value>,
    secret: &str,
) -> Result<KeysetOptions, Unfit> {
    let StoredKeyset { name, subscribe_key, publish_key, .. } = stored;
    let identity = [
        ("name", name.as_str()),
        ("subscribe_key", subscribe_key.as_str()),
        ("publish_key", publish_key.as_str()),
        ("secret_key", secret),
    ];
    settings.extend(identity.map(|(name, value)| (name.to_owned(), value.into())));
    let keyset = template.read(&settings).map_err(Unfit::Settings)?;
    keysets::options(&keyset, edge, budget).map_err(Unfit::Rule)
}

/// Changes settings by RFC 7396.
fn merge(settings: &mut Map<String, Value>, given: Map<String, Value>) {
    for (name, value) in given {
        match (settings.get_mut(&name), value) {
            (_, Value::Null) => _ = settings.remove(&name),
            (Some(Value::Object(there)), Value::Object(given)) => merge(there, given),
            (_, Value::Object(given)) => {
                let mut fresh = Map::new();
                merge(&mut fresh, given);
                settings.insert(name, fresh.into());
            }
            (_, value) => _ = settings.insert(name, value),
        }
    }
}

/// A stored secret as the node takes it. One whose file cannot be read is said to be missing; the server starts without it.
fn in_use(keyset: &StoredKeyset, stored: &StoredSecret, nobodys: &str) -> node::Secret {
    let secret = match &stored.source {
        SecretSource::Text(text) => node::Secret::new(text),
        SecretSource::File(path) => match Secret::in_file(path) {
            Ok(secret) => node::Secret::new(secret.expose()),
            Err(why) => {
                let keyset = &keyset.name;
                tracing::error!(keyset, why, "a secret cannot be read: what it signs is refused until the next start");
                node::Secret::new(nobodys)
            }
        },
    };
    match stored.until {
        Some(until) => secret.ending(until),
        None => secret,
    }
}
