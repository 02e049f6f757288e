//! Options that every command has which asks a server: which one, which key set, and who asks.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use hereabouts::Config;

use crate::profile;
use crate::settings::{Setting, Settings};

/// Which server, which key set, and who asks. What is not given by an option is taken from its variable, then from a profile.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The profile that gives what no option and no variable gives. [default: the one named default, if there is one]
    #[arg(long, global = true, value_name = "NAME", env = "HEREABOUTS_PROFILE")]
    profile: Option<String>,
    /// The file of profiles. [default: hereabouts/profiles.toml in the folder for configuration, as ~/.config]
    #[arg(long, global = true, value_name = "FILE", env = "HEREABOUTS_PROFILES")]
    profiles: Option<PathBuf>,
    /// Where the server is: http://host:port, or https://host. [default: http://127.0.0.1:7700, with the keys demo]
    #[arg(long, global = true, value_name = "ORIGIN", env = "HEREABOUTS_ORIGIN")]
    origin: Option<String>,
    /// The subscribe key of the key set.
    #[arg(long, global = true, value_name = "KEY", env = "HEREABOUTS_SUBSCRIBE_KEY")]
    subscribe_key: Option<String>,
    /// The publish key of the key set: needed to publish, and to sign with a secret key.
    #[arg(long, global = true, value_name = "KEY", env = "HEREABOUTS_PUBLISH_KEY")]
    publish_key: Option<String>,
    /// Who asks.
    #[arg(long, global = true, value_name = "ID", env = "HEREABOUTS_USER")]
    user: Option<String>,
    /// The token that permits it; @FILE takes it from a file. Others on this machine can read command lines: prefer a file, or the
    /// variable.
    #[arg(long, global = true, value_name = "TOKEN|@FILE", env = "HEREABOUTS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The secret key to sign requests with, which permits everything; @FILE takes it from a file. Others on this machine can read
    /// command lines: prefer a file, or the variable.
    #[arg(long, global = true, value_name = "KEY|@FILE", env = "HEREABOUTS_SECRET_KEY", hide_env_values = true)]
    secret_key: Option<String>,
    /// A certificate (PEM) to trust beside those of this machine.
    #[arg(long, global = true, value_name = "FILE", env = "HEREABOUTS_ROOT_CERTIFICATE")]
    root_certificate: Option<String>,
    /// How long a call may take, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Connection {
    /// All layers, one over the other.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let Self { origin, subscribe_key, publish_key, user, token, secret_key, root_certificate, .. } = self;
        let mut given = Settings::default();
        for (setting, text) in [
            (Setting::Origin, origin),
            (Setting::SubscribeKey, subscribe_key),
            (Setting::PublishKey, publish_key),
            (Setting::User, user),
            (Setting::Token, token),
            (Setting::SecretKey, secret_key),
            (Setting::RootCertificate, root_certificate),
        ] {
            if let Some(text) = text {
                given.set(setting, text.clone(), None);
            }
        }
        let name = self.profile.as_deref().filter(|name| !name.is_empty());
        let file = self.profiles.as_deref().filter(|file| !file.as_os_str().is_empty());
        Ok(given.over(profile::read(file, name)?))
    }

    /// The configuration of a client with these settings.
    pub(crate) fn config(&self, settings: &Settings) -> Result<Config> {
        Ok(settings.config()?.request_timeout(Duration::from_secs(self.timeout)))
    }
}

/// The environment without the variables of these options, for the server: it refuses variables of ours that it does not know.
pub(crate) fn without_our_variables<T>(
    environment: impl IntoIterator<Item = (OsString, T)>,
) -> impl Iterator<Item = (OsString, T)> {
    let ours = variables();
    environment.into_iter().filter(move |(name, _)| !ours.contains(name))
}

fn variables() -> Vec<OsString> {
    let options = crate::copy::Arguments::augment_args(Connection::augment_args(clap::Command::new("")));
    options.get_arguments().filter_map(|option| Some(option.get_env()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variable_of_a_client_is_a_setting_of_the_server() {
        let ours = variables();
        assert!(ours.iter().any(|name| name == "HEREABOUTS_TOKEN"), "{ours:?}");
        for name in ours {
            let name = name.into_string().unwrap();
            let line = format!("# {name}");
            let is_setting = server::config::DEFAULTS.lines().any(|known| known.split(',').next() == Some(&line));
            assert!(!is_setting && name != "HEREABOUTS_CONFIG", "{name} is both");
        }
    }
}
