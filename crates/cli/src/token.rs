//! `hereabouts token`: grant, parse and revoke tokens.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use hereabouts::Client;
use hereabouts::calls::access::{Channel, Group, Permissions, Scope, Token, User};
use hereabouts::calls::context::Moment;
use serde_json::{Map, Value, json};

use crate::calling::Ask;
use crate::exit::misuse;
use crate::output::{Output, Table};
use crate::places::object;
use crate::settings::{Setting, Settings};

/// Tokens: who may do what, for how long.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Grant a token. It needs the secret key, and the publish key.
    Grant(Grant),
    /// Show what a token says. Whether it holds, only its server can say.
    Parse {
        #[command(flatten)]
        token: Given,
    },
    /// Revoke a token before it expires. It needs the secret key, and the publish key.
    Revoke {
        #[command(flatten)]
        token: Given,
    },
}

/// A token to look at, or to revoke.
#[derive(Args)]
struct Given {
    /// The token; @FILE takes it from a file, and - from standard input.
    #[arg(value_name = "TOKEN|@FILE|-")]
    text: String,
}

#[derive(Args)]
struct Grant {
    /// For how many minutes: 1 to 43200.
    #[arg(long, value_name = "MINUTES")]
    ttl: u64,
    /// The only user who may use it. [default: whoever has it]
    #[arg(long, value_name = "USER")]
    authorized_user: Option<String>,
    /// What may be done with a channel: read, write, manage, delete, get, update, join; may be given several times.
    #[arg(long, value_name = "NAME=PERMISSIONS", value_parser = permitted)]
    channel: Vec<Permitted>,
    /// The same for all channels that match a regular expression.
    #[arg(long, value_name = "EXPRESSION=PERMISSIONS", value_parser = permitted)]
    channel_pattern: Vec<Permitted>,
    /// What may be done with a channel group: read, manage; may be given several times.
    #[arg(long, value_name = "NAME=PERMISSIONS", value_parser = permitted)]
    group: Vec<Permitted>,
    /// The same for all channel groups that match a regular expression.
    #[arg(long, value_name = "EXPRESSION=PERMISSIONS", value_parser = permitted)]
    group_pattern: Vec<Permitted>,
    /// What may be done with the metadata of a user: get, update, delete; may be given several times.
    #[arg(long, value_name = "ID=PERMISSIONS", value_parser = permitted)]
    uuid: Vec<Permitted>,
    /// The same for all users that match a regular expression.
    #[arg(long, value_name = "EXPRESSION=PERMISSIONS", value_parser = permitted)]
    uuid_pattern: Vec<Permitted>,
    /// An object that travels in the token.
    #[arg(long, value_name = "JSON", value_parser = object)]
    meta: Option<Map<String, Value>>,
}

/// A name or an expression, and what is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Permitted {
    name: String,
    permissions: Permissions,
}

fn permitted(text: &str) -> Result<Permitted, String> {
    let (name, list) = text.rsplit_once('=').ok_or("it is written NAME=read,write")?;
    let mut permissions = Permissions::NONE;
    for wanted in list.split(',') {
        let known = || (0..8).map(|bit| Permissions::from_bits(1 << bit)).filter(|one| *one != Permissions::CREATE);
        permissions |= known().find(|one| one.to_string() == wanted).ok_or_else(|| {
            let names: Vec<String> = known().map(|one| one.to_string()).collect();
            format!("there is no permission {wanted:?}: {}", names.join(", "))
        })?;
    }
    Ok(Permitted { name: name.to_owned(), permissions })
}

impl Ask for Arguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        match self.command {
            Command::Grant(grant) => grant.run(client, output).await,
            Command::Parse { token } => {
                let token = client.parse_token(&token.read()?).map_err(|error| misuse(error.message()))?;
                Ok(output.answer(&document(&token), |people| people.table(&table(&token)))?)
            }
            Command::Revoke { token } => {
                client.revoke_token(token.read()?).await?;
                Ok(output.answer(&json!({"revoked": true}), |people| people.line("revoked"))?)
            }
        }
    }
}

impl Given {
    fn read(&self) -> Result<String> {
        let mut text = self.text.clone();
        if text == "-" {
            text.clear();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        }
        let mut settings = Settings::default();
        settings.set(Setting::Token, text.trim().to_owned(), Some(Path::new("")));
        settings.text(Setting::Token)?.ok_or_else(|| misuse("the token is empty"))
    }
}

impl Grant {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let mut call = client
            .grant_token()
            .ttl(self.ttl)
            .channels(self.channel.into_iter().map(|it| Channel::id(it.name).with(it.permissions)))
            .channels(self.channel_pattern.into_iter().map(|it| Channel::pattern(it.name).with(it.permissions)))
            .groups(self.group.into_iter().map(|it| Group::id(it.name).with(it.permissions)))
            .groups(self.group_pattern.into_iter().map(|it| Group::pattern(it.name).with(it.permissions)))
            .users(self.uuid.into_iter().map(|it| User::id(it.name).with(it.permissions)))
            .users(self.uuid_pattern.into_iter().map(|it| User::pattern(it.name).with(it.permissions)));
        if let Some(user) = self.authorized_user {
            call = call.authorized_user(user);
        }
        if let Some(meta) = self.meta {
            call = call.meta(meta);
        }
        let granted = call.await?;
        Ok(output.answer(&json!({"token": granted.token}), |people| people.line(&granted.token))?)
    }
}

/// The kinds of names that a token still permits something on, as the documents call them.
fn kinds(scope: &Scope) -> [(&'static str, &BTreeMap<String, Permissions>); 3] {
    [("channels", &scope.channels), ("groups", &scope.groups), ("uuids", &scope.uuids)]
}

fn document(token: &Token) -> Value {
    let scope = |scope: &Scope| -> Value {
        let names = |map: &BTreeMap<String, Permissions>| -> Value {
            map.iter().map(|(name, one)| (name.clone(), one.names().collect())).collect::<Map<_, _>>().into()
        };
        kinds(scope).into_iter().map(|(kind, map)| (kind.to_owned(), names(map))).collect::<Map<_, _>>().into()
    };
    json!({
        "granted": token.granted,
        "ttl": token.ttl,
        "authorized_user": token.user,
        "resources": scope(&token.resources),
        "patterns": scope(&token.patterns),
        "meta": token.meta,
    })
}

fn moment(seconds: u64) -> String {
    Moment::from_micros(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000)).to_string()
}

fn table(token: &Token) -> Table {
    let mut table = Table::new(["FIELD", "NAME", "VALUE"]);
    let mut row = |field: &str, name: &str, value: String| table.row([field.to_owned(), name.to_owned(), value]);
    row("granted", "", moment(token.granted));
    row("ttl", "", format!("{} minutes", token.ttl));
    row("authorized user", "", token.user.clone().unwrap_or_else(|| "whoever has it".to_owned()));
    for (scope, suffix) in [(&token.resources, ""), (&token.patterns, " like")] {
        for (kind, map) in kinds(scope) {
            map.iter().for_each(|(name, permissions)| row(&format!("{kind}{suffix}"), name, permissions.to_string()));
        }
    }
    if !token.meta.is_empty() {
        row("meta", "", Value::Object(token.meta.clone()).to_string());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_written_after_the_last_equals_sign() {
        let read = |text| permitted(text).map(|it| (it.name, it.permissions.to_string()));
        assert_eq!(read("lobby=read,write"), Ok(("lobby".to_owned(), "read, write".to_owned())));
        assert_eq!(read("^a=b$=get"), Ok(("^a=b$".to_owned(), "get".to_owned())));
        for wrong in ["lobby", "lobby=", "lobby=raed", "lobby=create"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
