//! Random grants and random requests: the guard decides as a plain reading of the page does.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::access::{Permissions, Resource};
use wire::{ChannelName, GroupName};

use super::acts::{self, Places, Sent};
use super::*;
use crate::groups::GroupStream;

const NAMES: [&str; 5] = ["a", "b", "a.b", "a.c", "ab"];
type Matches = fn(&str) -> bool;

/// Patterns, each with what it matches said in other words.
const PATTERNS: [(&str, Matches); 5] = [
    ("a", |name| name.contains('a')),
    ("^a$", |name| name == "a"),
    (r"^a\.", |name| name.starts_with("a.")),
    ("^:a", |name| name.starts_with(":a")),
    ("^(?:b|ab)$", |name| name == "b" || name == "ab"),
];
const AUTHS: [Option<&str>; 3] = [None, Some("k"), Some("l")];
const KINDS: [Resource; 3] = [Resource::Channel, Resource::Group, Resource::User];

type Masks = BTreeMap<(usize, usize), u8>;

#[derive(Clone, Debug)]
struct World {
    /// By kind and name, and by kind and pattern.
    listed: Masks,
    matched: Masks,
    user: Option<usize>,
    /// By kind (3: the key set), name and auth key: what, and for how many minutes.
    granted: BTreeMap<(usize, usize, usize), (u8, Option<u64>)>,
    ttl: u64,
    revoked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    Nothing,
    Key(usize),
    Token,
    Foreign,
    Signed,
}

#[derive(Clone, Debug)]
struct Asked {
    shown: Shown,
    user: Option<usize>,
    seconds: u64,
    operation: usize,
    channels: Vec<usize>,
    groups: Vec<(usize, bool)>,
}

fn world() -> impl Strategy<Value = World> {
    let masks = || prop::collection::btree_map((0..3_usize, 0..5_usize), 1..=255_u8, 1..6);
    let granted = prop::collection::btree_map(
        (0..4_usize, 0..5_usize, 0..3_usize),
        (any::<u8>(), prop::option::of(1..4_u64)),
        0..6,
    );
    (masks(), masks(), prop::option::of(0..2_usize), granted, 1..4_u64, prop::bool::weighted(0.2)).prop_map(
        |(listed, matched, user, granted, ttl, revoked)| World { listed, matched, user, granted, ttl, revoked },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let shown = prop_oneof![
        1 => Just(Shown::Nothing),
        3 => (1..3_usize).prop_map(Shown::Key),
        6 => Just(Shown::Token),
        1 => Just(Shown::Foreign),
        1 => Just(Shown::Signed),
    ];
    let names = prop::collection::vec(0..5_usize, 1..4);
    let groups = prop::collection::vec((0..5_usize, any::<bool>()), 0..3);
    (shown, prop::option::of(0..2_usize), 0..240_u64, 0..7_usize, names, groups).prop_map(
        |(shown, user, seconds, operation, channels, groups)| Asked {
            shown,
            user,
            seconds,
            operation,
            channels,
            groups,
        },
    )
}

const USERS: [&str; 2] = ["ann", "bob"];
const GROUPS: [&str; 5] = ["a", "b", "a.b", "a.c", "ab"];

/// What the page says, without caches, sets of expressions or tables.
fn reference(world: &World, asked: &Asked) -> Result<(), Refusal> {
    const READ: u8 = 1;
    let (on_channels, on_groups): (u8, u8) = match asked.operation {
        0 => (2, 0),
        1..=3 => (READ, READ),
        4 => (0, 0),
        5 => (0, READ | 4),
        _ => (0, 4),
    };
    let streams = asked.operation == 1;
    let presence = |(group, presence): &(usize, bool)| match streams && *presence {
        true => format!("{}-pnpres", GROUPS[*group]),
        false => GROUPS[*group].to_owned(),
    };
    let channels: Vec<String> = match asked.operation {
        0 => vec![NAMES[asked.channels[0]].to_owned()],
        5 | 6 => Vec::new(),
        _ => asked.channels.iter().map(|name| NAMES[*name].to_owned()).collect(),
    };
    let groups: Vec<String> = match asked.operation {
        0 => Vec::new(),
        5 | 6 => vec![GROUPS[asked.channels[0]].to_owned()],
        _ => asked.groups.iter().map(presence).collect(),
    };
    let own = asked.user == world.user || world.user.is_none();
    match asked.shown {
        Shown::Signed => return Ok(()),
        Shown::Foreign => return Err(Refusal::TokenInvalid),
        Shown::Token if asked.seconds >= 60 * world.ttl => return Err(Refusal::TokenExpired),
        Shown::Token if world.revoked => return Err(Refusal::TokenRevoked),
        _ => {}
    }
    let by_token = |kind: usize, name: &str| -> u8 {
        if let Some((_, mask)) = world.listed.iter().find(|((k, n), _)| *k == kind && NAMES[*n] == name) {
            return *mask;
        }
        let mut sum = 0;
        for ((k, pattern), mask) in &world.matched {
            let matches = PATTERNS[*pattern].1;
            if *k == kind && (matches(name) || kind == 1 && matches(&format!(":{name}"))) {
                sum |= mask;
            }
        }
        sum
    };
    let by_key = |kind: usize, name: &str, auth: usize| -> u8 {
        let mut sum = 0;
        for ((k, n, a), (mask, minutes)) in &world.granted {
            let holds = minutes.is_none_or(|minutes| asked.seconds < 60 * minutes);
            if holds && (*a == 0 || *a == auth) && (*k == 3 || *k == kind && NAMES[*n] == name) {
                sum |= mask;
            }
        }
        sum
    };
    let allows = |kind: usize, name: &str, needed: u8| match asked.shown {
        Shown::Token => own && by_token(kind, name) & needed != 0,
        Shown::Key(auth) => by_key(kind, name, auth) & needed != 0,
        _ => by_key(kind, name, 0) & needed != 0,
    };
    let any = asked.operation == 4;
    let (on_channels, on_groups) = if any { (255, 255) } else { (on_channels, on_groups) };
    let leaves = any && own && asked.shown == Shown::Token;
    let refused = |kind: usize, names: Vec<String>, needed: u8| -> Vec<String> {
        names.into_iter().filter(|name| !leaves && !allows(kind, name, needed)).collect()
    };
    let (channels, groups) = (refused(0, channels, on_channels), refused(1, groups, on_groups));
    if channels.is_empty() && groups.is_empty() { Ok(()) } else { Err(Refusal::Forbidden { channels, groups }) }
}

fn decided(world: &World, asked: &Asked) -> Result<(), Refusal> {
    let guard = guard();
    let mut ledger = Ledger::default();
    let maps = |masks: &Masks, texts: &dyn Fn(usize) -> &'static str| -> Value {
        let map = |kind: usize| -> Value {
            let own = masks.iter().filter(|((k, _), _)| *k == kind);
            own.map(|((_, name), mask)| (texts(*name).to_owned(), Value::from(*mask)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        json!({"channels": map(0), "groups": map(1), "uuids": map(2)})
    };
    let mut permissions = json!({
        "resources": maps(&world.listed, &|name| NAMES[name]),
        "patterns": maps(&world.matched, &|pattern| PATTERNS[pattern].0),
    });
    if let Some(user) = world.user {
        permissions["uuid"] = USERS[user].into();
    }
    let own = token(&guard, permissions.clone(), at(0), world.ttl);
    let foreign = token(&guard_of("sub", "pub", &["other"]), permissions, at(0), world.ttl);
    if world.revoked {
        ledger.revoke(Revocation { token: guard.verify(&own).unwrap().unwrap().id(), until: at(60 * world.ttl) });
    }
    let mut places = std::collections::BTreeSet::new();
    for ((kind, name, auth), (mask, minutes)) in &world.granted {
        let resource = KINDS.get(*kind).copied();
        let name = resource.map_or("", |_| NAMES[*name]).to_owned();
        let place = KeyPlace { resource, name, auth: AUTHS[*auth].map(str::to_owned) };
        // The key set has no names: of several grants the model would keep all, the table the last.
        if places.insert(place.clone()) {
            let until = minutes.map(|minutes| at(60 * minutes));
            ledger.keys.set(&StoredGrant { place, permissions: Permissions::from_bits(*mask), until });
        }
    }
    let mut target = "/x?".to_owned();
    match asked.shown {
        Shown::Nothing | Shown::Signed => {}
        Shown::Key(auth) => target += &format!("auth={}&", AUTHS[auth].unwrap()),
        Shown::Token => target += &format!("auth={own}&"),
        Shown::Foreign => target += &format!("auth={foreign}&"),
    }
    if let Some(user) = asked.user {
        target += &format!("uuid={}", USERS[user]);
    }
    let now = at(asked.seconds);
    if asked.shown == Shown::Signed {
        target = signed(&guard, &target, now.seconds());
    }
    let channel = |name: &usize| ChannelName::new(NAMES[*name]).unwrap();
    let group = |name: &usize| GroupName::new(GROUPS[*name]).unwrap();
    let channels: Vec<_> = asked.channels.iter().map(channel).collect();
    let groups = || asked.groups.iter().map(|(name, _)| group(name)).collect();
    let spots = || Places { channels: channels.clone(), groups: groups() };
    match asked.operation {
        0 => judge(&guard, &ledger, &target, acts::Publish { kind: Sent::Message, channel: channels[0].clone() }, now),
        1 => {
            let stream = |(name, presence): &(usize, bool)| GroupStream { group: group(name), presence: *presence };
            let groups = asked.groups.iter().map(stream).collect();
            judge(&guard, &ledger, &target, acts::Listen { channels: channels.clone(), groups }, now)
        }
        2 => judge(&guard, &ledger, &target, acts::Heartbeat(spots()), now),
        3 => judge(&guard, &ledger, &target, acts::SetState(spots()), now),
        4 => judge(&guard, &ledger, &target, acts::Leave(spots()), now),
        5 => judge(&guard, &ledger, &target, acts::ListGroup(group(&asked.channels[0])), now),
        _ => judge(&guard, &ledger, &target, acts::ChangeGroup(group(&asked.channels[0])), now),
    }
}

/// A world in which the key set has at most one grant for each auth key, as it can have.
fn possible(mut world: World) -> World {
    let mut seen = std::collections::BTreeSet::new();
    world.granted.retain(|(kind, _, auth), _| *kind != 3 || seen.insert(*auth));
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn random_grants_and_random_requests_are_decided_as_the_page_reads(world in world().prop_map(possible), asked in asked()) {
        prop_assert_eq!(decided(&world, &asked), reference(&world, &asked));
    }
}
