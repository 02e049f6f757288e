//! The body of a grant, and what is answered to grants and revocations of tokens.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::token::{Scope, Token};
use super::{GrantFault, Permissions};
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
        if [&resources, &patterns].into_iter().flat_map(Map::values).all(is_empty) {
            return Err(GrantFault::Empty);
        }
        Ok(Self {
            ttl,
            resources: scope_of(&resources, "permissions.resources")?,
            patterns: scope_of(&patterns, "permissions.patterns")?,
            meta: object(&permissions, "meta")?,
            user: match permissions.get("uuid") {
                None | Some(Value::Null) => None,
                Some(Value::String(user)) if !user.is_empty() => Some(user.clone()),
                Some(_) => return Err(GrantFault::Json("The uuid must be a text.")),
            },
        })
    }

    /// The patterns that it names, with the place of each in the body.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, String)> {
        let Scope { channels, groups, spaces, users, uuids } = &self.patterns;
        let maps = [("channels", channels), ("groups", groups), ("spaces", spaces), ("users", users), ("uuids", uuids)];
        maps.into_iter().flat_map(|(kind, map)| {
            map.keys().map(move |pattern| (pattern.as_str(), format!("permissions.patterns.{kind}.{pattern}")))
        })
    }

    /// The token that grants it from `now` on.
    #[must_use]
    pub fn token(self, now: Timestamp) -> Token {
        let Self { ttl, resources, patterns, meta, user } = self;
        Token { granted: now.seconds(), ttl, resources, patterns, meta, user }
    }
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
        let permissions = |(name, mask): (&String, &Value)| match mask.as_u64().and_then(|mask| u8::try_from(mask).ok())
        {
            None | Some(0) => Err(GrantFault::Mask(format!("{at}.{kind}.{name}"))),
            Some(bits) => Ok((name.clone(), Permissions::from_bits(bits))),
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

/// The answer to a grant.
#[must_use]
pub fn granted(token: &str) -> String {
    json!({"data": {"message": "Success", "token": token}, "service": "Access Manager", "status": 200}).to_string()
}

/// The answer to a revocation.
#[must_use]
pub fn revoked() -> &'static str {
    r#"{"data":{"message":"Success"},"service":"Access Manager","status":200}"#
}
