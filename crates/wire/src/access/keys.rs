//! The older calls, which grant permissions to auth keys (`docs/protocol/access.md`, "Auth-key grants").

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Permissions, Resource, category};
use crate::context::Kind;
use crate::names::SubscribeKey;
use crate::refusal::Refusal;
use crate::target::Target;

/// How long a grant holds when the call does not say, in minutes.
const TTL_DEFAULT: u64 = 1440;
/// How long it may, in minutes: a year.
const TTL_MAX: u64 = 525_600;
/// What the answer to a grant of nothing says of its time.
const TTL_OF_NOTHING: u64 = 1;
/// Grants in one call. Each name with each auth key is one, so a short request could ask for millions.
const GRANTS_MAX: usize = 10_000;

/// The kinds of records of which all can be listed.
const ALL_CATEGORIES: [Kind; 2] = [Kind::User, Kind::Channel];

/// The letters of the permissions, in the order in which they are told.
const FLAGS: [(&str, Permissions); 7] = [
    ("r", Permissions::READ),
    ("w", Permissions::WRITE),
    ("m", Permissions::MANAGE),
    ("d", Permissions::DELETE),
    ("g", Permissions::GET),
    ("u", Permissions::UPDATE),
    ("j", Permissions::JOIN),
];

/// What a call is about: names, and the auth keys that they are granted to. Each once, in the order sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are lists of what they are called")]
pub struct Selection {
    pub channels: Vec<String>,
    pub groups: Vec<String>,
    pub users: Vec<String>,
    /// Names of [`category`].
    pub categories: Vec<String>,
    /// None: everyone.
    pub auths: Vec<String>,
}

/// A grant as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyGrant {
    /// For what and whom.
    pub selection: Selection,
    /// What is permitted from now on. None of it takes back what was.
    pub permissions: Permissions,
    /// How long, in minutes. None: until it is replaced.
    pub ttl: Option<u64>,
}

/// A grant that holds, for an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// What kind of name; none for the whole key set.
    pub resource: Option<Resource>,
    /// The name.
    pub name: String,
    /// To which auth key; none for everyone.
    pub auth: Option<String>,
    /// What it permits.
    pub permissions: Permissions,
    /// How long it goes on holding, in minutes, at least 1; 0 when until it is replaced.
    pub ttl: u64,
}

impl Selection {
    fn parse(target: &Target<'_>) -> Result<Self, Refusal> {
        let list = |name: &str| -> Result<Vec<String>, Refusal> {
            let text = target.query(name).map_err(|_| Refusal::InvalidArguments)?.unwrap_or_default();
            if text.contains(char::is_control) {
                return Err(Refusal::InvalidArguments);
            }
            let mut seen = BTreeSet::new();
            let names = text.split(',').filter(|name| !name.is_empty() && seen.insert(*name)).map(str::to_owned);
            Ok(names.collect())
        };
        Ok(Self {
            channels: list("channel")?,
            groups: list("channel-group")?,
            users: list("target-uuid")?,
            categories: list("category")?,
            auths: list("auth")?,
        })
    }

    /// What an audit is about.
    ///
    /// # Errors
    /// [`Refusal::InvalidArguments`] when a parameter cannot be read.
    pub fn of_audit(target: &Target<'_>) -> Result<Self, Refusal> {
        Self::parse(target)
    }

    fn level(&self) -> &'static str {
        let for_keys = !self.auths.is_empty();
        if !self.categories.is_empty() {
            return "category";
        }
        match (self.channels.is_empty(), self.groups.is_empty(), self.users.is_empty()) {
            (_, _, false) => "uuid",
            (_, false, true) if for_keys => "channel-group+auth",
            (_, false, true) => "channel-group",
            (false, true, true) if for_keys => "user",
            (false, true, true) => "channel",
            (true, true, true) => "subkey",
        }
    }

    fn lists(&self) -> [(Resource, &[String]); 4] {
        [
            (Resource::Channel, &self.channels),
            (Resource::Group, &self.groups),
            (Resource::User, &self.users),
            (Resource::Category, &self.categories),
        ]
    }

    fn names_nothing(&self) -> bool {
        self.lists().into_iter().all(|(_, names)| names.is_empty())
    }
}

impl KeyGrant {
    /// Reads a grant.
    ///
    /// # Errors
    /// [`Refusal::AuthOnly`] for auth keys without names, [`Refusal::InvalidArguments`] for what else cannot be granted.
    pub fn parse(target: &Target<'_>) -> Result<Self, Refusal> {
        let selection = Selection::parse(target)?;
        let kinds = selection.lists().into_iter().filter(|(_, names)| !names.is_empty()).count();
        let Selection { channels, groups, users, categories, auths } = &selection;
        // Of those that only auth keys can have, one kind at a time.
        if (!users.is_empty() || !categories.is_empty()) && (auths.is_empty() || kinds > 1) {
            return Err(Refusal::InvalidArguments);
        }
        if categories.iter().any(|name| ALL_CATEGORIES.iter().all(|kind| category(*kind) != name)) {
            return Err(Refusal::InvalidArguments);
        }
        if selection.names_nothing() && !auths.is_empty() {
            return Err(Refusal::AuthOnly);
        }
        let names = channels.len() + groups.len() + users.len() + categories.len();
        if names * auths.len().max(1) > GRANTS_MAX {
            return Err(Refusal::InvalidArguments);
        }
        let mut permissions = Permissions::NONE;
        for (letter, permission) in FLAGS {
            match target.raw_query(letter) {
                Some("1" | "true") => permissions |= permission,
                None | Some("0" | "false") => {}
                Some(_) => return Err(Refusal::InvalidArguments),
            }
        }
        let ttl = match target.raw_query("ttl") {
            None => TTL_DEFAULT,
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().unwrap_or(u64::MAX),
            Some(_) => return Err(Refusal::InvalidArguments),
        };
        if ttl > TTL_MAX {
            return Err(Refusal::InvalidArguments);
        }
        Ok(Self { selection, permissions, ttl: Some(ttl).filter(|ttl| *ttl > 0) })
    }

    /// Every combination of a kind of name, a name and an auth key that it is for. None and no name: the key set.
    pub fn places(&self) -> impl Iterator<Item = (Option<Resource>, &str, Option<&str>)> {
        let auths = &self.selection.auths;
        let lists = self.selection.lists().into_iter();
        let named = lists.flat_map(|(kind, names)| names.iter().map(move |name| (Some(kind), name.as_str())));
        let whole = self.selection.names_nothing().then_some((None, ""));
        named.chain(whole).flat_map(move |(kind, name)| {
            let everyone = auths.is_empty().then_some(None);
            everyone.into_iter().chain(auths.iter().map(|auth| Some(auth.as_str()))).map(move |auth| (kind, name, auth))
        })
    }

    /// What is answered when it was granted.
    #[must_use]
    pub fn answer(&self, key: &SubscribeKey) -> String {
        let Selection { channels, groups, users, categories, auths } = &self.selection;
        let flags = flags(self.permissions);
        let for_auths = || -> Value {
            auths.iter().map(|auth| (auth.clone(), Value::Object(flags.clone()))).collect::<Map<_, _>>().into()
        };
        let each = |names: &[String]| -> Value {
            let of = |name: &String| {
                let granted = if auths.is_empty() { flags.clone().into() } else { json!({ "auths": for_auths() }) };
                (name.clone(), granted)
            };
            names.iter().map(of).collect::<Map<_, _>>().into()
        };
        let ttl = if self.permissions.is_none() { TTL_OF_NOTHING } else { self.ttl.unwrap_or(0) };
        let mut payload = payload(self.selection.level(), key);
        payload.insert("ttl".into(), ttl.into());
        if self.selection.names_nothing() {
            payload.extend(flags.clone());
        }
        match &channels[..] {
            [] => {}
            [channel] if !auths.is_empty() => {
                payload.insert("channel".into(), channel.as_str().into());
                payload.insert("auths".into(), for_auths());
            }
            several => drop(payload.insert("channels".into(), each(several))),
        }
        match &groups[..] {
            [] => {}
            [group] if !auths.is_empty() => {
                payload.insert("channel-groups".into(), group.as_str().into());
                payload.insert("auths".into(), for_auths());
            }
            several => drop(payload.insert("channel-groups".into(), each(several))),
        }
        if !users.is_empty() {
            payload.insert("uuids".into(), each(users));
        }
        if !categories.is_empty() {
            payload.insert("categories".into(), each(categories));
        }
        success(&payload)
    }
}

/// What is answered to an audit. `grants` are those that hold, of the whole key set.
#[must_use]
pub fn audited(selection: &Selection, key: &SubscribeKey, grants: &[Audited]) -> String {
    let mut payload = payload(selection.level(), key);
    let Selection { channels, groups, users, categories, auths } = selection;
    if selection.names_nothing() {
        if let Some(whole) = grants.iter().find(|grant| grant.resource.is_none() && grant.auth.is_none()) {
            payload.extend(flags(whole.permissions));
            payload.insert("ttl".into(), whole.ttl.into());
        }
        for (name, kind) in
            [("channels", Resource::Channel), ("channel-groups", Resource::Group), ("objects", Resource::User)]
        {
            payload.insert(name.into(), listed(grants, kind, None, None));
        }
        return success(&payload);
    }
    let asked = Some(&auths[..]).filter(|auths| !auths.is_empty());
    let mut tell = |kind, names: &[String], one: &str, several: &str| match (names, asked) {
        ([], _) => {}
        ([name], Some(_)) => {
            let all = listed(grants, kind, Some(names), asked);
            payload.insert(one.into(), name.as_str().into());
            payload.insert("auths".into(), all.get(name).map_or_else(|| json!({}), |found| found["auths"].clone()));
        }
        _ => drop(payload.insert(several.into(), listed(grants, kind, Some(names), asked))),
    };
    tell(Resource::Channel, channels, "channel", "channels");
    tell(Resource::Group, groups, "channel-group", "channel-groups");
    if !users.is_empty() {
        payload.insert("uuids".into(), listed(grants, Resource::User, Some(users), asked));
    }
    if !categories.is_empty() {
        payload.insert("categories".into(), listed(grants, Resource::Category, Some(categories), asked));
    }
    success(&payload)
}

/// The grants on names of a kind, by name: what everyone may, and what auth keys may. With `auths` only what those may.
fn listed(grants: &[Audited], kind: Resource, names: Option<&[String]>, auths: Option<&[String]>) -> Value {
    let mut all = Map::new();
    for grant in grants.iter().filter(|grant| grant.resource == Some(kind)) {
        let wanted = names.is_none_or(|names| names.contains(&grant.name))
            && auths.is_none_or(|auths| grant.auth.as_ref().is_some_and(|auth| auths.contains(auth)));
        if !wanted {
            continue;
        }
        let mut told = flags(grant.permissions);
        told.insert("ttl".into(), grant.ttl.into());
        let entry = all.entry(&grant.name).or_insert_with(|| json!({}));
        match &grant.auth {
            Some(auth) => entry["auths"][auth] = told.into(),
            None => told.into_iter().for_each(|(flag, value)| entry[flag] = value),
        }
    }
    all.into()
}

fn flags(permissions: Permissions) -> Map<String, Value> {
    FLAGS.iter().map(|(letter, one)| ((*letter).to_owned(), u8::from(permissions.has_any(*one)).into())).collect()
}

fn payload(level: &str, key: &SubscribeKey) -> Map<String, Value> {
    let mut payload = Map::new();
    payload.insert("level".into(), level.into());
    payload.insert("subscribe_key".into(), key.as_str().into());
    payload
}

fn success(payload: &Map<String, Value>) -> String {
    json!({"message": "Success", "payload": payload, "service": "Access Manager", "status": 200}).to_string()
}
