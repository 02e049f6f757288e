//! The layer of `HEREABOUTS_…` variables: one for each setting, its tables joined by two underscores.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::error::ConfigError;
use super::unknown::likeness;
use super::value::{Content, Value};

/// What every variable of ours begins with.
const PREFIX: &str = "HEREABOUTS_";
/// What stands between the names of a table and of a setting in it.
const LEVEL: &str = "__";
/// The file to read; not a setting, since it says where settings are.
const CONFIG: &str = "HEREABOUTS_CONFIG";

/// All variables that the process was given.
pub(super) struct Environment {
    given: BTreeMap<String, OsString>,
    /// The names that somebody has asked for.
    known: Vec<String>,
}

impl Environment {
    /// Takes what the caller knows of the environment. Names that are not UTF-8 are nobody's setting.
    pub(super) fn new<N: Into<OsString>, T: Into<OsString>>(variables: impl IntoIterator<Item = (N, T)>) -> Self {
        let utf8 = |(name, text): (N, T)| Some((name.into().into_string().ok()?, text.into()));
        Self { given: variables.into_iter().filter_map(utf8).collect(), known: vec![CONFIG.to_owned()] }
    }

    /// The file that `HEREABOUTS_CONFIG` names. An empty value names none, as with other programs.
    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.given.get(CONFIG).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// The text of a variable, if it is set. Whoever asks makes its name a known one.
    pub(super) fn text(&mut self, variable: &str) -> Result<Option<&str>, ConfigError> {
        self.known.push(variable.to_owned());
        let not_text = || ConfigError::VariableNotText { variable: variable.to_owned() };
        self.given.get(variable).map(|text| text.to_str().ok_or_else(not_text)).transpose()
    }

    /// Lays the variables over `settings`.
    pub(super) fn overlay(&mut self, settings: &mut Value) -> Result<(), ConfigError> {
        self.descend(PREFIX, settings)
    }

    fn descend(&mut self, prefix: &str, value: &mut Value) -> Result<(), ConfigError> {
        let Content::Table(table) = &mut value.content else { return Ok(()) };
        for (name, value) in table {
            let variable = format!("{prefix}{}", name.to_uppercase());
            if matches!(value.content, Content::Table(_)) {
                self.descend(&format!("{variable}{LEVEL}"), value)?;
            } else if let Some(text) = self.text(&variable)? {
                *value = Value::of_variable(&variable, text);
            }
        }
        Ok(())
    }

    /// Refuses a variable of ours that nobody has asked for.
    pub(super) fn refuse_unknown(&self) -> Result<(), ConfigError> {
        let stray = |(name, text): &(&String, &OsString)| {
            name.starts_with(PREFIX) && !self.known.contains(name) && !is_from_kubernetes(name, text)
        };
        match self.given.iter().find(stray) {
            None => Ok(()),
            Some((variable, _)) => {
                let alike = |known: &String| likeness(&setting_of(variable), &setting_of(known));
                let nearest = self.known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
                let nearest = nearest.cloned().unwrap_or_default();
                Err(ConfigError::UnknownVariable { variable: variable.clone(), nearest })
            }
        }
    }
}

/// The setting that a variable stands for, as it is written in a file.
pub(super) fn setting_of(variable: &str) -> String {
    variable.trim_start_matches(PREFIX).to_lowercase().replace(LEVEL, ".")
}

/// Kubernetes gives each pod variables about each service, named after it. A service called `hereabouts` is likely where
/// this program runs, and must not keep it from starting.
fn is_from_kubernetes(variable: &str, text: &OsStr) -> bool {
    let rest = variable.trim_start_matches(PREFIX);
    let is_url = || text.to_str().is_some_and(|text| text.contains("://"));
    let mut parts = rest.split('_');
    match (parts.next(), parts.next()) {
        (Some("SERVICE"), Some("HOST" | "PORT")) => true,
        (Some("PORT"), None) => is_url(),
        (Some("PORT"), Some(number)) => {
            let protocol = parts.next();
            number.bytes().all(|byte| byte.is_ascii_digit()) && matches!(protocol, Some("TCP" | "UDP" | "SCTP"))
        }
        _ => false,
    }
}
