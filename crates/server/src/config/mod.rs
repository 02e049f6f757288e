//! What the operator decides: listening, limits, key sets and their options.
//!
//! - Four layers, each over the one before: the compiled-in defaults, a TOML file, the environment, flags.
//! - `defaults.toml` is the one list of settings. A layer may only say what the defaults know; anything else is refused
//!   by name. No default stands in the code as well, so the file cannot disagree with it.
//! - A [`Config`] that exists is complete and in range: every key set carries its own, fully merged settings.
//! - Nothing here reads the real environment: the caller hands it in. Files are read once, in [`load`].
//! - No error and no `Debug` shows a secret, nor a line of a file that might hold one.
//!
//! Text becomes a tree whose values know where they were written (`value`), trees are laid over one another, and one
//! small struct a concern reads itself from the result (`section`). The tree is ours, over the spanned values of the
//! `toml` crate, for the sake of what a person reads when something is wrong: the `config` crate (and `serde` over it)
//! merges just as well, but forgets on the way which line or variable said what, stops at the type of a value where we
//! also owe its range, and has no word for a setting that nobody knows.

mod address;
mod admin;
mod context;
mod edge;
mod environment;
mod error;
mod keyset;
mod limits;
#[cfg(test)]
mod limits_page;
mod log;
mod memory;
mod presence;
mod pubsub;
mod secret;
mod section;
mod tls;
mod unknown;
mod value;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use address::{Address, ForwardedHeader};
pub use admin::Admin;
pub use context::Context;
pub use edge::Edge;
pub use error::ConfigError;
pub use keyset::{Keyset, KeysetTemplate};
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use memory::Memory;
pub use presence::{Devices, Presence, Rule};
pub use pubsub::PubSub;
pub use secret::Secret;
pub use tls::Tls;

use environment::Environment;
use section::Section;
use unknown::Known;
use value::Value;

/// Every setting with its meaning, unit, range, default and environment variable, as TOML.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// How this server runs: complete, checked, merged.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of everything that survives a restart.
    pub data: PathBuf,
    /// The address of a PostgreSQL to keep records in; without one they are in the directory. It may hold a password.
    pub database: Option<Secret>,
    /// The certificate to speak TLS with; without one it is plain HTTP.
    pub tls: Option<Tls>,
    /// Where the key sets are managed while the server runs.
    pub admin: Admin,
    /// What is logged, and how.
    pub log: Log,
    /// Limits and times of connections, requests and replies.
    pub edge: Edge,
    /// What one address may do.
    pub address: Address,
    /// The budget of memory.
    pub memory: Memory,
    /// The key sets: at least one, all with different names and subscribe keys.
    pub keysets: Vec<Keyset>,
    /// What key sets begin as that are given while the server runs.
    pub keyset_template: KeysetTemplate,
    /// Nobody configured a key set: the only one is the built-in one, open to everybody.
    pub builtin_keyset: bool,
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`: the TOML file; without it, the one that `HEREABOUTS_CONFIG` names, or none.
    pub config: Option<PathBuf>,
    /// `--listen`, as typed.
    pub listen: Option<String>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--database`, as typed.
    pub database: Option<String>,
    /// `--tls-cert`, as typed.
    pub tls_cert: Option<String>,
    /// `--tls-key`, as typed.
    pub tls_key: Option<String>,
}

/// Reads the configuration from all its layers; `environment` is usually [`std::env::vars_os`].
///
/// # Errors
/// [`ConfigError`] is one sentence for the operator: what is wrong, where it was written, what is allowed.
///
/// ```
/// use server::config::{Flags, load};
///
/// let config = load(Flags::default(), [("HEREABOUTS_PRESENCE__ANNOUNCE_MAX", "50")]).unwrap();
/// assert_eq!(config.keysets[0].presence.announce_max, 50);
/// assert!(config.builtin_keyset);
/// ```
pub fn load<N, T>(flags: Flags, environment: impl IntoIterator<Item = (N, T)>) -> Result<Config, ConfigError>
where
    N: Into<OsString>,
    T: Into<OsString>,
{
    let mut environment = Environment::new(environment);
    let Some(path) = flags.config.clone().or_else(|| environment.config_file()) else {
        return assemble(None, &mut environment, flags);
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => assemble(Some((&path, &text)), &mut environment, flags),
        Err(cause) => Err(ConfigError::FileUnreadable { path, cause }),
    }
}

fn assemble(file: Option<(&Path, &str)>, environment: &mut Environment, flags: Flags) -> Result<Config, ConfigError> {
    let mut settings = Value::built_in(DEFAULTS)?;
    let known = Known::of(&settings);
    let blank = keyset::blank(&settings);
    if let Some((path, text)) = file {
        settings.overlay(Value::of_file(path, text)?, &known)?;
    }
    environment.overlay(&mut settings)?;
    for (path, flag, text) in [
        (&["listen"][..], "--listen", flags.listen),
        (&["database"], "--database", flags.database),
        (&["tls", "cert"], "--tls-cert", flags.tls_cert),
        (&["tls", "key"], "--tls-key", flags.tls_key),
    ] {
        if let Some(text) = text {
            settings.set_at(path, Value::of_flag(flag, text));
        }
    }
    let mut config = Config::read(&Section::root(&settings, &known), &blank, environment)?;
    environment.refuse_unknown()?;
    if let Some(directory) = flags.data {
        config.data = directory;
    }
    Ok(config)
}

impl Config {
    fn read(settings: &Section<'_>, blank_keyset: &Value, environment: &mut Environment) -> Result<Self, ConfigError> {
        let data = settings.text("data")?;
        if data.is_empty() {
            return Err(settings.unsuitable("data", "the path of a directory"));
        }
        Ok(Self {
            listen: settings.parsed(
                "listen",
                "an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700",
                |text| text.parse().ok(),
            )?,
            data: PathBuf::from(data),
            database: Secret::read_address(settings)?,
            tls: Tls::read(&settings.section("tls")?)?,
            admin: Admin::read(&settings.section("admin")?)?,
            log: Log::read(&settings.section("log")?)?,
            edge: Edge::read(&settings.section("edge")?)?,
            address: Address::read(&settings.section("address")?)?,
            memory: Memory::read(&settings.section("memory")?)?,
            keysets: keyset::read_all(settings, blank_keyset, environment)?,
            keyset_template: KeysetTemplate::of(settings.table(), blank_keyset, settings.known()),
            builtin_keyset: settings.is_built_in("keyset"),
        })
    }
}
