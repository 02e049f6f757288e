//! What a request needs permission for, read off the protocol page (`docs/protocol/access.md`, "Permission needed") and not
//! asked of the server.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wire::decode;
use wire::target::Target;

const READ: u8 = 1;
const WRITE: u8 = 2;
const MANAGE: u8 = 4;
const DELETE: u8 = 8;
const GET: u8 = 32;
const UPDATE: u8 = 64;
const JOIN: u8 = 128;

/// What a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing. Perhaps it is no request that access control looks at.
    Nothing,
    /// The secret key.
    Secret,
    /// A token, whatever it permits.
    Known,
    /// To be somebody: its names cannot be read.
    Someone,
    /// On each name of `channels`, `groups` and `uuids` one of these permissions.
    Names(BTreeMap<(&'static str, String), u8>),
}

/// What the request of a vector needs on the key set `key`.
pub(super) fn of(key: &str, method: &str, target: &str, body: Option<&[u8]>) -> Needs {
    let target = Target::new(target);
    let segments: Vec<&str> = target.segments().collect();
    let channel = |bit| move |name: String| (("channels", name), bit);
    let group = |bit| move |name: String| (("groups", name), bit);
    let list = |text: &str| -> Option<Vec<String>> {
        let text = decode(text).ok()?;
        Some(text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    };
    let groups = || list(target.raw_query("channel-group").unwrap_or_default());
    let one = |name: &str| decode(name).ok().map(std::borrow::Cow::into_owned);
    let named = |names: Option<Vec<((&'static str, String), u8)>>| match names {
        Some(names) if !names.is_empty() => Needs::Names(names.into_iter().collect()),
        _ => Needs::Someone,
    };
    let places = |channels: &str| {
        // Nobody is present on the presence stream of a group.
        let groups = groups()?.into_iter().filter(|group| !group.ends_with("-pnpres")).map(group(READ));
        Some(list(channels)?.into_iter().map(channel(READ)).chain(groups).collect())
    };
    let listens = |channels: &str| {
        Some(list(channels)?.into_iter().map(channel(READ)).chain(groups()?.into_iter().map(group(READ))).collect())
    };
    let record = |kind: &str, id: &str, bit: u8| {
        let kind = if kind == "uuids" { "uuids" } else { "channels" };
        Some(vec![((kind, one(id)?), bit)])
    };
    match (method, &segments[..]) {
        ("OPTIONS", _) => Needs::Nothing,
        (
            _,
            ["publish", _, sub, _, name, ..] | ["v2", "publish", _, sub, _, name, ..] | ["signal", _, sub, _, name, ..],
        ) if *sub == key => named(one(name).map(|name| vec![channel(WRITE)(name)])),
        (_, ["v2", "subscribe", sub, channels, _] | ["subscribe", sub, channels, _, _]) if *sub == key => {
            named(listens(channels))
        }
        (_, ["v2", "presence", _, sub]) if *sub == key => Needs::Secret,
        (_, ["v2", "presence", _, sub, "channel", channels, rest @ ..]) if *sub == key => match rest {
            ["leave"] => Needs::Known,
            _ => named(places(channels)),
        },
        (_, ["v1", "channel-registration", _, sub, "channel-group"]) if *sub == key => Needs::Secret,
        (_, ["v1", "channel-registration", _, sub, "channel-group", name, rest @ ..]) if *sub == key => {
            let changes = !rest.is_empty() || target.raw_query("add").is_some() || target.raw_query("remove").is_some();
            let bit = if changes { MANAGE } else { READ };
            named(
                one(name).filter(|name| wire::GroupName::new(name.as_str()).is_ok()).map(|name| vec![group(bit)(name)]),
            )
        }
        ("GET", ["v2", "objects", sub, "uuids" | "channels"]) if *sub == key => Needs::Secret,
        ("POST", ["v2", "objects", sub, kind @ ("uuids" | "channels")]) if *sub == key => {
            let body: Option<Vec<Value>> = serde_json::from_slice(body.unwrap_or_default()).ok();
            let ids = body.unwrap_or_default();
            let ids = ids.iter().filter_map(|record| record["id"].as_str());
            let names = ids.filter(|id| wire::RecordId::new(*id).is_ok()).flat_map(|id| record(kind, id, UPDATE));
            named(Some(names.flatten().collect()))
        }
        (_, ["v2", "objects", sub, kind @ ("uuids" | "channels"), id]) if *sub == key => {
            let bit = match method {
                "GET" => GET,
                "PATCH" => UPDATE,
                _ => DELETE,
            };
            named(record(kind, id, bit))
        }
        ("GET", ["v2", "objects", sub, kind @ ("uuids" | "channels"), id, _]) if *sub == key => {
            named(record(kind, id, GET))
        }
        (_, ["v2", "objects", sub, "channels", id, "uuids"]) if *sub == key => named(record("channels", id, MANAGE)),
        (_, ["v2", "objects", sub, "uuids", id, "channels"]) if *sub == key => {
            let body: Value = serde_json::from_slice(body.unwrap_or_default()).unwrap_or_default();
            let entries = ["set", "delete"].into_iter().filter_map(|list| body[list].as_array()).flatten();
            let joined = entries.filter_map(|entry| entry["channel"]["id"].as_str());
            let joined = joined.map(|id| channel(JOIN)(id.to_owned()));
            named(record("uuids", id, UPDATE).map(|own| own.into_iter().chain(joined).collect()))
        }
        _ => Needs::Nothing,
    }
}

/// The `permissions` of a grant of exactly these, or, with `lacking`, of everything else on the same names.
pub(super) fn permissions(names: &BTreeMap<(&'static str, String), u8>, lacking: bool) -> Value {
    let mut maps: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for ((kind, name), bit) in names {
        // Reading the channels of a group may also be managing it.
        let missing = if *kind == "groups" && *bit == READ { READ | MANAGE } else { *bit };
        let mask = if lacking { !missing } else { *bit };
        maps.entry(kind).or_default().insert(name.clone(), mask.into());
    }
    json!({ "resources": maps })
}
