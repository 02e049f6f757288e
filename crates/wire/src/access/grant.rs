//! The body of a grant, and what is answered to grants and revocations of tokens.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::token::{Categories, Scope, Token};
use super::{GrantFault, Permissions, category};
use crate::answer::{self, Unreadable};
use crate::context::Kind;
use crate::time::Timestamp;

/// How long a token may hold, in minutes: 30 days.
const TTL_MINUTES: std::ops::RangeInclusive<u64> = 1..=43_200;

/// Characters of the longest token. One that is longer fits in no request, whose target may have as many.
pub const TOKEN_MAX_BYTES: usize = 32 * 1024;

/// What a token is to permit, as asked for. Its patterns are not looked at yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// How long, in minutes.
    ttl: u64,
    resources: Scope,
    patterns: Scope,
    categories: Categories,
    meta: Map<String, Value>,
    user: Option<String>,
}

impl Grant {
    /// Reads the body of a grant, in the order of the protocol: JSON, `ttl`, whether there is anything, masks.
    ///
    /// # Errors
    /// [`GrantFault`], the first one.
    pub fn parse(body: &[u8]) -> Result<Self, GrantFault> {
        let value: Value = serde_json::from_slice(body).map_err(|_| GrantFault::Json("It cannot be parsed."))?;
        let Value::Object(body) = value else { return Err(GrantFault::Json("It must be an object.")) };
        let ttl = ttl_of(body.get("ttl")).filter(|ttl| TTL_MINUTES.contains(ttl)).ok_or(GrantFault::Ttl)?;
        let empty = Map::new();
        let object = |within: &Map<String, Value>, key: &str| match within.get(key) {
            None | Some(Value::Null) => Ok(empty.clone()),
            Some(Value::Object(members)) => Ok(members.clone()),
            Some(_) => Err(GrantFault::Json("What holds permissions or meta must be an object.")),
        };
        let permissions = object(&body, "permissions")?;
        let (resources, patterns) = (object(&permissions, "resources")?, object(&permissions, "patterns")?);
        let categories = object(&permissions, "categories")?;
        if [&resources, &patterns].into_iter().flat_map(Map::values).all(is_empty) && categories.is_empty() {
            return Err(GrantFault::Empty);
        }
        Ok(Self {
            ttl,
            resources: scope_of(&resources, "permissions.resources")?,
            patterns: scope_of(&patterns, "permissions.patterns")?,
            categories: categories_of(&categories)?,
            meta: object(&permissions, "meta")?,
            user: match permissions.get("uuid") {
                None | Some(Value::Null) => None,
                Some(Value::String(user)) if !user.is_empty() => Some(user.clone()),
                Some(_) => return Err(GrantFault::Json("The uuid must be a text.")),
            },
        })
    }

    /// A grant of these permissions, by name, by pattern and on lists, for so many minutes: to one user if there is one, else to
    /// whoever has the token.
    #[must_use]
    pub fn new(
        ttl: u64,
        resources: Scope,
        patterns: Scope,
        categories: Categories,
        meta: Map<String, Value>,
        user: Option<String>,
    ) -> Self {
        Self { ttl, resources, patterns, categories, meta, user }
    }

    /// The body that asks for it: what [`Grant::parse`] reads.
    #[must_use]
    pub fn body(&self) -> String {
        let mut permissions = Map::new();
        permissions.insert("resources".into(), body_of(&self.resources));
        permissions.insert("patterns".into(), body_of(&self.patterns));
        if !self.categories.is_empty() {
            let masks = self.categories.iter().map(|(kind, mask)| (category(*kind).to_owned(), mask.bits().into()));
            permissions.insert("categories".into(), Value::Object(masks.collect()));
        }
        permissions.insert("meta".into(), self.meta.clone().into());
        if let Some(user) = &self.user {
            permissions.insert("uuid".into(), user.as_str().into());
        }
        json!({"ttl": self.ttl, "permissions": permissions}).to_string()
    }

    /// The patterns that it names, by kind of name. A pattern stands in the body at `permissions.patterns.KIND.PATTERN`.
    pub fn patterns(&self) -> impl Iterator<Item = (&'static str, impl Iterator<Item = &str>)> {
        let Scope { channels, groups, spaces, users, uuids } = &self.patterns;
        let maps = [("channels", channels), ("groups", groups), ("spaces", spaces), ("users", users), ("uuids", uuids)];
        maps.into_iter().map(|(kind, map)| (kind, map.keys().map(String::as_str)))
    }

    /// The token that grants it from `now` on.
    #[must_use]
    pub fn token(self, now: Timestamp) -> Token {
        let Self { ttl, resources, patterns, categories, meta, user } = self;
        Token { granted: now.seconds(), ttl, resources, patterns, categories, meta, user }
    }
}

/// The maps that hold something. Clients send the others empty; a server does without.
fn body_of(scope: &Scope) -> Value {
    let Scope { channels, groups, spaces, users, uuids } = scope;
    let maps = [("channels", channels), ("groups", groups), ("spaces", spaces), ("users", users), ("uuids", uuids)];
    let masks = |map: &BTreeMap<String, Permissions>| {
        Value::Object(map.iter().map(|(name, permissions)| (name.clone(), permissions.bits().into())).collect())
    };
    let filled = maps.into_iter().filter(|(_, map)| !map.is_empty());
    Value::Object(filled.map(|(kind, map)| (kind.to_owned(), masks(map))).collect())
}

/// A whole number, or the digits of one.
fn ttl_of(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

fn is_empty(map: &Value) -> bool {
    map.is_null() || map.as_object().is_some_and(Map::is_empty)
}

fn scope_of(maps: &Map<String, Value>, at: &str) -> Result<Scope, GrantFault> {
    let map = |kind: &str| -> Result<BTreeMap<String, Permissions>, GrantFault> {
        let members = match maps.get(kind) {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(GrantFault::Json("What holds permissions or meta must be an object.")),
        };
        let permissions = |(name, mask): (&String, &Value)| {
            let permissions = mask_of(mask).ok_or_else(|| GrantFault::Mask(format!("{at}.{kind}.{name}")))?;
            Ok((name.clone(), permissions))
        };
        members.iter().map(permissions).collect()
    };
    Ok(Scope {
        channels: map("channels")?,
        groups: map("groups")?,
        spaces: map("spaces")?,
        users: map("users")?,
        uuids: map("uuids")?,
    })
}

fn categories_of(masks: &Map<String, Value>) -> Result<Categories, GrantFault> {
    let mut categories = Categories::new();
    for (name, mask) in masks {
        let at = || GrantFault::Mask(format!("permissions.categories.{name}"));
        let kind = [Kind::User, Kind::Channel].into_iter().find(|kind| category(*kind) == name).ok_or_else(at)?;
        categories.insert(kind, mask_of(mask).ok_or_else(at)?);
    }
    Ok(categories)
}

/// A mask of at least one permission.
fn mask_of(value: &Value) -> Option<Permissions> {
    let bits = u8::try_from(value.as_u64()?).ok()?;
    Some(Permissions::from_bits(bits)).filter(|permissions| !permissions.is_none())
}

/// The answer to a grant.
#[must_use]
pub fn granted(token: &str) -> String {
    json!({"data": {"message": "Success", "token": token}, "service": "Access Manager", "status": 200}).to_string()
}

/// Reads what was answered to a grant: the token.
///
/// ```
/// use wire::access;
/// assert_eq!(access::read_granted(access::granted("p0F2").as_bytes()).unwrap(), "p0F2");
/// ```
///
/// # Errors
/// [`Unreadable`]
pub fn read_granted(body: &[u8]) -> Result<String, Unreadable> {
    #[derive(Deserialize)]
    struct Answer {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        token: String,
    }
    let Answer { data: Data { token } } = answer::read(body)?;
    Ok(token)
}

/// The answer to a revocation.
#[must_use]
pub fn revoked() -> &'static str {
    r#"{"data":{"message":"Success"},"service":"Access Manager","status":200}"#
}
