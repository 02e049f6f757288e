//! What a client is set to, from options, variables and a profile: each setting once, by its name in each of them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use hereabouts::Config;

use crate::exit::misuse;

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Origin,
    SubscribeKey,
    PublishKey,
    User,
    Token,
    SecretKey,
    RootCertificate,
}

impl Setting {
    pub(crate) const ALL: [Self; 7] = [
        Self::Origin,
        Self::SubscribeKey,
        Self::PublishKey,
        Self::User,
        Self::Token,
        Self::SecretKey,
        Self::RootCertificate,
    ];

    /// Its key in a profile.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::SubscribeKey => "subscribe_key",
            Self::PublishKey => "publish_key",
            Self::User => "user",
            Self::Token => "token",
            Self::SecretKey => "secret_key",
            Self::RootCertificate => "root_certificate",
        }
    }

    pub(crate) fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.key() == key)
    }

    /// Whether `@FILE` stands for what is in a file: a secret on a command line can be read by everybody on the machine.
    const fn may_be_in_a_file(self) -> bool {
        matches!(self, Self::Token | Self::SecretKey)
    }
}

/// Settings of one layer, or of several, one over the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings([Option<Given>; Setting::ALL.len()]);

/// A text, and where the files that it may name are.
#[derive(Clone)]
struct Given {
    text: String,
    beside: Option<PathBuf>,
}

/// It may be a secret.
impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[given]")
    }
}

impl Settings {
    /// Sets one. Files that it names are looked for in `beside`, or in the folder of the process. An empty text is none: that is
    /// what an empty variable says.
    pub(crate) fn set(&mut self, setting: Setting, text: String, beside: Option<&Path>) {
        let beside = beside.map(Path::to_path_buf);
        self.0[setting as usize] = Some(Given { text, beside }).filter(|given| !given.text.is_empty());
    }

    /// The same, with what is not set taken from below.
    #[must_use]
    pub(crate) fn over(mut self, below: Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(below.0) {
            *mine = mine.take().or(theirs);
        }
        self
    }

    fn given(&self, setting: Setting) -> Option<&Given> {
        self.0[setting as usize].as_ref()
    }

    /// The text of a setting, out of its file if it is in one.
    pub(crate) fn text(&self, setting: Setting) -> Result<Option<String>> {
        let Some(given) = self.given(setting) else { return Ok(None) };
        match given.text.strip_prefix('@').filter(|_| setting.may_be_in_a_file()) {
            Some(file) => content(&given.path(file), setting).map(Some),
            None => Ok(Some(given.text.clone())),
        }
    }

    /// The server that is meant, before anything else is known about it.
    pub(crate) fn origin(&self) -> &str {
        self.given(Setting::Origin).map_or(Config::DEFAULT_ORIGIN, |given| &given.text)
    }

    /// What a client is made with.
    ///
    /// Where neither a server nor a key set is named, it is the server on this machine that was started without settings, with
    /// its keys.
    pub(crate) fn config(&self) -> Result<Config> {
        let is_builtin = self.given(Setting::Origin).is_none() && self.given(Setting::SubscribeKey).is_none();
        let builtin = is_builtin.then(|| "demo".to_owned());
        let subscribe_key = self.text(Setting::SubscribeKey)?.or_else(|| builtin.clone()).ok_or_else(|| {
            misuse("the subscribe key is missing: --subscribe-key, HEREABOUTS_SUBSCRIBE_KEY or a profile gives it")
        })?;
        let mut config = Config::new(subscribe_key).origin(self.origin());
        if let Some(key) = self.text(Setting::PublishKey)?.or(builtin) {
            config = config.publish_key(key);
        }
        if let Some(user) = self.text(Setting::User)? {
            config = config.user(user);
        }
        if let Some(token) = self.text(Setting::Token)? {
            config = config.token(token);
        }
        if let Some(key) = self.text(Setting::SecretKey)? {
            config = config.secret_key(key);
        }
        if let Some(given) = self.given(Setting::RootCertificate) {
            config = config.root_certificate(content(&given.path(&given.text), Setting::RootCertificate)?);
        }
        Ok(config)
    }
}

impl Given {
    fn path(&self, file: &str) -> PathBuf {
        self.beside.as_deref().unwrap_or(Path::new("")).join(file)
    }
}

/// What is in a file, without the line end that editors and `echo` add.
fn content(path: &Path, setting: Setting) -> Result<String> {
    let what = setting.key().replace('_', " ");
    match std::fs::read_to_string(path) {
        Ok(text) => match text.trim_end_matches(['\r', '\n']) {
            "" => Err(misuse(format!("the file of the {what}, {}, is empty", path.display()))),
            text => Ok(text.to_owned()),
        },
        Err(why) => Err(misuse(format!("cannot read the {what} from {}: {why}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<const N: usize>(given: [(Setting, &str); N]) -> Settings {
        let mut settings = Settings::default();
        given.into_iter().for_each(|(setting, text)| settings.set(setting, text.to_owned(), None));
        settings
    }

    #[test]
    fn what_is_set_above_counts_and_an_empty_text_is_none() {
        let above = settings([(Setting::User, "ann"), (Setting::Origin, "")]);
        let all = above.over(settings([(Setting::User, "bob"), (Setting::Origin, "http://below:1")]));
        assert_eq!(all.text(Setting::User).unwrap().as_deref(), Some("ann"));
        assert_eq!(all.origin(), "http://below:1");
    }

    #[test]
    fn the_keys_of_a_server_without_settings_are_known_and_no_others() {
        let shown =
            |settings: Settings| settings.config().map(|config| format!("{config:?}")).map_err(|e| e.to_string());
        assert!(shown(settings([])).unwrap().contains("demo"));
        assert!(shown(settings([(Setting::Origin, "http://else:1")])).unwrap_err().contains("--subscribe-key"));
        let own = shown(settings([(Setting::SubscribeKey, "mine")])).unwrap();
        assert!(own.contains("mine") && !own.contains("demo"), "{own}");
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("token"), "p0F2\n").unwrap();
        let mut settings = Settings::default();
        settings.set(Setting::Token, "@token".to_owned(), Some(place.path()));
        assert_eq!(settings.text(Setting::Token).unwrap().as_deref(), Some("p0F2"));
        settings.set(Setting::User, "@ann".to_owned(), Some(place.path()));
        assert_eq!(settings.text(Setting::User).unwrap().as_deref(), Some("@ann"), "a user may be called so");
        std::fs::write(place.path().join("token"), "\n").unwrap();
        assert!(settings.text(Setting::Token).unwrap_err().to_string().contains("empty"));
        assert!(!format!("{settings:?}").contains("token"));
    }
}
