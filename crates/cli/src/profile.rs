//! Profiles: servers and key sets by name, in a file, so that nobody need type keys or show tokens.
//!
//! ```toml
//! [chat]
//! origin = "https://here.example.org"
//! subscribe_key = "sub-…"
//! token = "@chat.token"       # a file beside this one
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use etcetera::BaseStrategy;
use toml::{Table, Value};

use crate::exit::misuse;
use crate::settings::{Setting, Settings};

/// The profile that is taken when none is named, if it exists.
const DEFAULT: &str = "default";

/// Where the profiles are unless another file is named.
pub(crate) fn default_file() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("hereabouts").join("profiles.toml"))
}

/// Reads a profile. Without a name it is the one named `default`, or nothing.
pub(crate) fn read(file: Option<&Path>, name: Option<&str>) -> Result<Settings> {
    let place = file.map(Path::to_path_buf).or_else(default_file);
    let Some(path) = place.filter(|path| file.is_some() || name.is_some() || path.exists()) else {
        return match name {
            Some(name) => {
                Err(misuse(format!("there is no place for profiles: name the file of {name} with --profiles")))
            }
            None => Ok(Settings::default()),
        };
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read the profiles {}", path.display()));
    let text = text.map_err(|error| misuse(format!("{error:#}")))?;
    parse(&path, &text, name)
}

fn parse(path: &Path, text: &str, name: Option<&str>) -> Result<Settings> {
    let shown = path.display();
    // The error itself would show the line, in which a token may stand.
    let profiles: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        misuse(format!("{shown}, line {line}: {}", error.message()))
    })?;
    for (profile, value) in &profiles {
        let Value::Table(settings) = value else {
            return Err(misuse(format!("{shown}: {profile} must be a table of settings, [{profile}]")));
        };
        if let Some(unknown) = settings.keys().find(|key| Setting::of_key(key).is_none()) {
            let nearest = nearest(unknown, Setting::ALL.map(Setting::key));
            return Err(misuse(format!(
                "{shown}: [{profile}] has {unknown}, which is no setting; did you mean {nearest}?"
            )));
        }
    }
    let Some(profile) = profiles.get(name.unwrap_or(DEFAULT)).and_then(Value::as_table) else {
        return match name {
            None => Ok(Settings::default()),
            Some(name) if profiles.is_empty() => Err(misuse(format!("{shown} has no profile {name}: it has none"))),
            Some(name) => {
                let nearest = nearest(name, profiles.keys().map(String::as_str));
                Err(misuse(format!("{shown} has no profile {name}; did you mean {nearest}?")))
            }
        };
    };
    let mut settings = Settings::default();
    for (key, value) in profile {
        let (Some(setting), Value::String(text)) = (Setting::of_key(key), value) else {
            return Err(misuse(format!("{shown}: {key} must be a text")));
        };
        settings.set(setting, text.clone(), path.parent());
    }
    Ok(settings)
}

fn nearest<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> &'n str {
    let likeness = |known: &str| strsim::jaro_winkler(written, known);
    known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[default]\nuser = \"ann\"\n[chat]\norigin = \"http://chat:1\"\ntoken = \"@chat.token\"\n";

    fn read(text: &str, name: Option<&str>) -> Result<Settings, String> {
        parse(Path::new("/etc/profiles.toml"), text, name).map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_is_taken_by_its_name_and_the_default_one_without() {
        let chat = read(FILE, Some("chat")).unwrap();
        assert_eq!(chat.text(Setting::Origin).unwrap().as_deref(), Some("http://chat:1"));
        assert_eq!(chat.text(Setting::User).unwrap(), None);
        assert!(chat.text(Setting::Token).unwrap_err().to_string().contains("/etc/chat.token"), "beside the profiles");
        assert_eq!(read(FILE, None).unwrap().text(Setting::User).unwrap().as_deref(), Some("ann"));
        assert_eq!(read("", None).unwrap().text(Setting::User).unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_nearest_that_is_right_and_without_what_may_be_secret() {
        for (text, name, words) in [
            (FILE, Some("chta"), ["chta", "chat"]),
            ("", Some("chat"), ["chat", "none"]),
            ("[chat]\norigni = \"x\"", None, ["origni", "origin"]),
            ("[chat]\nuser = 5", Some("chat"), ["user", "text"]),
            ("user = \"ann\"", None, ["user", "[user]"]),
            ("[chat]\ntoken = \"private", None, ["line 2", "profiles.toml"]),
        ] {
            let said = read(text, name).map(|_| ()).unwrap_err();
            assert!(words.iter().all(|word| said.contains(word)) && !said.contains("private"), "{said}");
        }
    }
}
