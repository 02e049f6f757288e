//! `hereabouts keyset`: the key sets of a server that runs.

use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::admin::{Admin, Server};
use crate::output::{Format, Output, Table};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a key set. Keys that are not given are made up; a secret that is made up is shown this once.
    Add(Add),
    /// Show the key sets, those of the file as well, without their secrets.
    List(List),
    /// Change settings of a key set, at once and while it is used.
    Set(Set),
    /// Give a key set a new secret, which signs from now on. Those from before hold for a while.
    Rotate(Rotate),
    /// Take a key set off: its polls are answered, and its requests refused.
    Remove(Remove),
}

#[derive(clap::Args)]
struct Add {
    /// What logs, metrics and these commands call it.
    name: String,
    /// The key in the path of every request. [default: a new one]
    #[arg(long, value_name = "KEY")]
    subscribe_key: Option<String>,
    /// The key in the path of publish and signal. [default: a new one]
    #[arg(long, value_name = "KEY")]
    publish_key: Option<String>,
    #[command(flatten)]
    secret: Secret,
    /// Requests need a permission.
    #[arg(long)]
    access_manager: bool,
    /// A setting of its own, as presence.announce_max=100; may be given several times. `hereabouts config` names them.
    #[arg(long = "set", value_name = "SETTING=VALUE")]
    settings: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Set {
    /// Its name.
    name: String,
    /// A setting, as presence.announce_max=100 or access_manager=true; null for that of the configuration file.
    #[arg(required = true, value_name = "SETTING=VALUE")]
    settings: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Rotate {
    /// Its name.
    name: String,
    #[command(flatten)]
    secret: Secret,
    /// How long the secrets from before hold, in seconds; 0 ends them at once. [default: 86400]
    #[arg(long, value_name = "SECONDS")]
    keep_old: Option<u64>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Remove {
    /// Its name.
    name: String,
    /// Forget what is stored under its keys as well: users, channels, memberships, groups, grants, revocations.
    #[arg(long)]
    forget_data: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Secret {
    /// A file that holds the secret, which the server reads now and at each start; only its path is stored. [default: a new
    /// secret, stored in the database]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Common {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    format: Format,
}

pub(crate) fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Add(add) => add.run(),
        Command::List(list) => list.run(),
        Command::Set(set) => set.run(),
        Command::Rotate(rotate) => rotate.run(),
        Command::Remove(remove) => remove.run(),
    }
}

impl Add {
    fn run(self) -> Result<()> {
        let mut body = Map::new();
        for setting in &self.settings {
            set(&mut body, setting)?;
        }
        body.insert("name".to_owned(), self.name.into());
        let keys = [("subscribe_key", self.subscribe_key), ("publish_key", self.publish_key)];
        body.extend(keys.into_iter().filter_map(|(name, key)| Some((name.to_owned(), key?.into()))));
        if self.access_manager {
            body.insert("access_manager".to_owned(), true.into());
        }
        self.secret.add_to(&mut body)?;
        let added = Admin::find(&self.common.server)?.call("POST", "", Some(&body.into()))?;
        self.common.show(&added, |people| {
            people.line(&format!("added {}", text(&added, "name")))?;
            people.line(&format!("subscribe key  {}", text(&added, "subscribe_key")))?;
            people.line(&format!("publish key    {}", text(&added, "publish_key")))?;
            show_secret(&added, people)
        })
    }
}

impl List {
    fn run(self) -> Result<()> {
        let answer = Admin::find(&self.common.server)?.call("GET", "", None)?;
        let rows = answer["keysets"].as_array().cloned().unwrap_or_default();
        self.common.show(&answer, |people| {
            let mut table = Table::new(["NAME", "SUBSCRIBE KEY", "PUBLISH KEY", "ACCESS", "SECRETS", "FROM"]);
            rows.iter().for_each(|keyset| table.row(row(keyset)));
            people.table(&table)
        })
    }
}

impl Set {
    fn run(self) -> Result<()> {
        let mut body = Map::new();
        for setting in &self.settings {
            set(&mut body, setting)?;
        }
        let changed =
            Admin::find(&self.common.server)?.call("PATCH", &format!("/{}", self.name), Some(&body.into()))?;
        self.common.show(&changed, |people| {
            people.line(&format!("changed {}", text(&changed, "name")))?;
            let access = Value::from(changed["access_manager"] == true);
            show_settings("access_manager", &access, people)?;
            let settings = changed["settings"].as_object().into_iter().flatten();
            settings.into_iter().try_for_each(|(name, value)| show_settings(name, value, people))
        })
    }
}

impl Rotate {
    fn run(self) -> Result<()> {
        let mut body = Map::new();
        body.extend(self.keep_old.map(|seconds| ("keep_old_seconds".to_owned(), seconds.into())));
        self.secret.add_to(&mut body)?;
        let rotated =
            Admin::find(&self.common.server)?.call("POST", &format!("/{}/rotate", self.name), Some(&body.into()))?;
        self.common.show(&rotated, |people| {
            people.line(&format!("{} signs with a new secret", text(&rotated, "name")))?;
            show_secret(&rotated, people)?;
            let secrets = rotated["secrets"].as_array().into_iter().flatten();
            secrets
                .filter_map(|secret| secret["until"].as_str())
                .try_for_each(|until| people.line(&format!("one from before holds until {until}")))
        })
    }
}

impl Remove {
    fn run(self) -> Result<()> {
        let query = if self.forget_data { "?data=forget" } else { "" };
        let removed = Admin::find(&self.common.server)?.call("DELETE", &format!("/{}{query}", self.name), None)?;
        self.common.show(&removed, |people| {
            let data = match self.forget_data {
                true => "what was stored under its keys is forgotten",
                false => "what was stored under its keys is kept",
            };
            people.line(&format!("removed {}; {data}", text(&removed, "name")))
        })
    }
}

impl Secret {
    fn add_to(&self, body: &mut Map<String, Value>) -> Result<()> {
        let Some(path) = &self.secret_file else { return Ok(()) };
        // The server may have been started elsewhere.
        let path = std::path::absolute(path).context("cannot tell where --secret-file is")?;
        let path = path.to_str().context("--secret-file must be a path in UTF-8")?;
        body.insert("secret_key_file".to_owned(), path.into());
        Ok(())
    }
}

impl Common {
    fn show(&self, answer: &Value, for_people: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
        Ok(Output::new(self.format).answer(answer, for_people)?)
    }
}

/// Puts `presence.announce_max=100` where it belongs. What is no JSON is text.
fn set(body: &mut Map<String, Value>, setting: &str) -> Result<()> {
    let (path, value) = setting.split_once('=').with_context(|| format!("{setting}: it takes SETTING=VALUE"))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    let mut names: Vec<&str> = path.split('.').collect();
    let last = names.pop().unwrap_or_default();
    let mut table = body;
    for name in names {
        let inner = table.entry(name).or_insert_with(|| json!({}));
        table = inner.as_object_mut().with_context(|| format!("{setting}: {name} is set to a value elsewhere"))?;
    }
    ensure!(table.insert(last.to_owned(), value).is_none(), "{setting}: it is set twice");
    Ok(())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn show_secret(answer: &Value, people: &mut Output) -> io::Result<()> {
    let Some(secret) = answer["secret_key"].as_str() else { return Ok(()) };
    people.line(&format!("secret key     {secret}"))?;
    people.line("This secret is shown once. Who has it may do everything; keep it where your servers sign.")
}

/// A setting a line, as they are given.
fn show_settings(path: &str, value: &Value, people: &mut Output) -> io::Result<()> {
    match value {
        Value::Object(inner) => {
            inner.iter().try_for_each(|(name, value)| show_settings(&format!("{path}.{name}"), value, people))
        }
        Value::String(text) => people.line(&format!("{path}={text}")),
        value => people.line(&format!("{path}={value}")),
    }
}

fn row(keyset: &Value) -> [String; 6] {
    let access = if keyset["access_manager"] == true { "guarded" } else { "open" };
    let secrets = keyset["secrets"].as_array().map_or(0, Vec::len).to_string();
    [
        text(keyset, "name").to_owned(),
        text(keyset, "subscribe_key").to_owned(),
        text(keyset, "publish_key").to_owned(),
        access.to_owned(),
        secrets,
        text(keyset, "origin").to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_put_where_they_belong() {
        let mut body = Map::new();
        for setting in [
            "presence.announce_max=100",
            "presence.devices=counted",
            "groups=false",
            r#"presence.rules=[{"channels": ["a.*"]}]"#,
            "presence.active_notice_channel=a=b",
        ] {
            set(&mut body, setting).unwrap();
        }
        let expected = json!({"groups": false, "presence": {
            "announce_max": 100, "devices": "counted", "rules": [{"channels": ["a.*"]}], "active_notice_channel": "a=b",
        }});
        assert_eq!(Value::from(body.clone()), expected);
        for refused in ["presence", "groups=true", "groups.deep=1"] {
            assert!(set(&mut body, refused).is_err(), "{refused}");
        }
    }
}
