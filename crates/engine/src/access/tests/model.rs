//! Random grants and random requests: the guard decides as a plain reading of the page does.

mod reference;

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::access::{Permissions, Resource, category};
use wire::context::Kind;
use wire::{ChannelName, GroupName, RecordId};

use super::acts::{self, Places, Sent};
use super::*;
use crate::context::{Bulk, CustomMode, Manage};
use crate::groups::GroupStream;
use reference::reference;

/// Names of channels and users; the last one is a pattern, by which grants to auth keys mean more than its letters.
const NAMES: [&str; 6] = ["a", "b", "a.b", "a.c", "ab", "a.*"];
/// Names of groups; by the last one grants to auth keys mean every group, and no group is called so.
const GROUPS: [&str; 6] = ["a", "b", "a.b", "a.c", "ab", ":"];
/// Names of groups, and of users and channels of app context, that a request can have.
const REAL: usize = 5;
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
const USERS: [&str; 2] = ["ann", "bob"];

/// What permissions are about, by number.
const CHANNEL: usize = 0;
const GROUP: usize = 1;
const USER: usize = 2;
const WHOLE: usize = 3;
const CATEGORY: usize = 4;

type Masks = BTreeMap<(usize, usize), u8>;

#[derive(Clone, Debug)]
struct World {
    policy: (bool, bool),
    /// By kind and name, and by kind and pattern.
    listed: Masks,
    matched: Masks,
    /// On all users, and on all channels.
    categories: [Option<u8>; 2],
    user: Option<usize>,
    /// By kind, name and auth key: what, and for how many minutes.
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
    operation: Operation,
    channels: Vec<usize>,
    groups: Vec<(usize, bool)>,
}

/// Every operation that is decided upon by what was granted.
fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let plain = [
        Publish,
        Signal,
        Subscribe,
        Heartbeat,
        Leave,
        HereNow,
        HereNowEverywhere,
        WhereNow,
        GetState,
        SetState,
        ListGroup,
        ChangeGroup,
        DeleteGroup,
        ListGroups,
    ];
    let records: [fn(Kind) -> Operation; 7] =
        [ListRecords, WriteRecords, GetRecord, SetRecord, RemoveRecord, ListMemberships, ManageMemberships];
    let kind = prop_oneof![Just(Kind::User), Just(Kind::Channel)];
    prop_oneof![
        prop::sample::select(plain.to_vec()),
        (prop::sample::select(records.to_vec()), kind).prop_map(|(operation, kind)| operation(kind)),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let masks = |names: usize| prop::collection::btree_map((0..3_usize, 0..names), 1..=255_u8, 1..6);
    let granted = prop::collection::btree_map(
        (0..5_usize, 0..6_usize, 0..3_usize),
        (any::<u8>(), prop::option::of(1..4_u64)),
        0..8,
    );
    let token = (masks(6), masks(5), prop::array::uniform2(prop::option::of(1..=255_u8)), prop::option::of(0..2_usize));
    let policy = (prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    (policy, token, granted, 1..4_u64, prop::bool::weighted(0.2)).prop_map(|(policy, token, granted, ttl, revoked)| {
        let (listed, matched, categories, user) = token;
        World { policy, listed, matched, categories, user, granted: possible(granted), ttl, revoked }
    })
}

/// The key set has no names, and there are two categories: of several grants for one of those, the table has the last.
fn possible(
    granted: BTreeMap<(usize, usize, usize), (u8, Option<u64>)>,
) -> BTreeMap<(usize, usize, usize), (u8, Option<u64>)> {
    let place = |(kind, name, auth): (usize, usize, usize)| match kind {
        WHOLE => (kind, 0, auth),
        CATEGORY => (kind, name % 2, auth),
        _ => (kind, name, auth),
    };
    granted.into_iter().map(|(at, grant)| (place(at), grant)).collect()
}

fn asked() -> impl Strategy<Value = Asked> {
    let shown = prop_oneof![
        1 => Just(Shown::Nothing),
        3 => (1..3_usize).prop_map(Shown::Key),
        6 => Just(Shown::Token),
        1 => Just(Shown::Foreign),
        1 => Just(Shown::Signed),
    ];
    let names = prop::collection::vec(0..6_usize, 1..4);
    let groups = prop::collection::vec((0..REAL, any::<bool>()), 0..3);
    (shown, prop::option::of(0..2_usize), 0..240_u64, operation(), names, groups).prop_map(
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

fn resource(kind: usize, name: usize) -> (Option<Resource>, &'static str) {
    match kind {
        CHANNEL => (Some(Resource::Channel), NAMES[name]),
        GROUP => (Some(Resource::Group), GROUPS[name]),
        USER => (Some(Resource::User), NAMES[name]),
        CATEGORY => (Some(Resource::Category), category([Kind::User, Kind::Channel][name])),
        _ => (None, ""),
    }
}

/// The `permissions` of a grant of the token of a world.
fn permissions(world: &World) -> Value {
    let maps = |masks: &Masks, text: &dyn Fn(usize, usize) -> &'static str| -> Value {
        let map = |kind: usize| -> Value {
            let own = masks.iter().filter(|((k, _), _)| *k == kind);
            own.map(|((kind, name), mask)| (text(*kind, *name).to_owned(), Value::from(*mask)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        json!({"channels": map(CHANNEL), "groups": map(GROUP), "uuids": map(USER)})
    };
    let mut permissions = json!({
        "resources": maps(&world.listed, &|kind, name| resource(kind, name).1),
        "patterns": maps(&world.matched, &|_, pattern| PATTERNS[pattern].0),
        "categories": {},
    });
    for (kind, mask) in [Kind::User, Kind::Channel].into_iter().zip(world.categories) {
        if let Some(mask) = mask {
            permissions["categories"][category(kind)] = mask.into();
        }
    }
    if let Some(user) = world.user {
        permissions["uuid"] = USERS[user].into();
    }
    permissions
}

fn decided(world: &World, asked: &Asked) -> Result<(), Refusal> {
    let policy = Policy { all_users: world.policy.0, all_channels: world.policy.1 };
    let guard = guard_with(Mode::Guarded, policy, "sub", "pub", &[SECRET]);
    let mut ledger = Ledger::default();
    let own = token(&guard, permissions(world), at(0), world.ttl);
    let foreign = token(&guard_of("sub", "pub", &["other"]), permissions(world), at(0), world.ttl);
    if world.revoked {
        ledger.revoke(Revocation { token: guard.verify(&own).unwrap().unwrap().id(), until: at(60 * world.ttl) });
    }
    for ((kind, name, auth), (mask, minutes)) in &world.granted {
        let (resource, name) = resource(*kind, *name);
        let place = KeyPlace { resource, name: name.to_owned(), auth: AUTHS[*auth].map(str::to_owned) };
        let until = minutes.map(|minutes| at(60 * minutes));
        ledger.keys.set(&StoredGrant { place, permissions: Permissions::from_bits(*mask), until });
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
    do_as_asked(asked, |act| act.judged(&guard, &ledger, &target, now))
}

/// An act of any type, to be decided upon.
trait Judged {
    fn judged(self: Box<Self>, guard: &Guard, ledger: &Ledger, target: &str, now: Timestamp) -> Result<(), Refusal>;
}

impl<A: acts::Act> Judged for A {
    fn judged(self: Box<Self>, guard: &Guard, ledger: &Ledger, target: &str, now: Timestamp) -> Result<(), Refusal> {
        judge(guard, ledger, target, *self, now)
    }
}

fn do_as_asked(asked: &Asked, judge: impl FnOnce(Box<dyn Judged>) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let channel = |name: &usize| ChannelName::new(NAMES[*name]).unwrap();
    let group = |name: &usize| GroupName::new(GROUPS[*name]).unwrap();
    let id = |name: &usize| RecordId::new(NAMES[name % REAL]).unwrap();
    let channels: Vec<_> = asked.channels.iter().map(channel).collect();
    let first = &asked.channels[0];
    let groups = || asked.groups.iter().map(|(name, _)| group(name)).collect();
    let spots = || Places { channels: channels.clone(), groups: groups() };
    let one_group = || group(&(first % REAL));
    judge(match asked.operation {
        Operation::Publish => Box::new(acts::Publish { kind: Sent::Message, channel: channel(first) }),
        Operation::Signal => Box::new(acts::Publish { kind: Sent::Signal, channel: channel(first) }),
        Operation::Subscribe => {
            let stream = |(name, presence): &(usize, bool)| GroupStream { group: group(name), presence: *presence };
            let groups = asked.groups.iter().map(stream).collect();
            Box::new(acts::Listen { channels, groups })
        }
        Operation::Heartbeat => Box::new(acts::Heartbeat(spots())),
        Operation::Leave => Box::new(acts::Leave(spots())),
        Operation::HereNow => Box::new(acts::HereNow(spots())),
        Operation::GetState => Box::new(acts::GetState(spots())),
        Operation::SetState => Box::new(acts::SetState(spots())),
        Operation::HereNowEverywhere => Box::new(acts::HereNowEverywhere),
        Operation::WhereNow => Box::new(acts::WhereNow),
        Operation::ListGroup => Box::new(acts::ListGroup(one_group())),
        Operation::ChangeGroup => Box::new(acts::ChangeGroup(one_group())),
        Operation::DeleteGroup => Box::new(acts::DeleteGroup(one_group())),
        Operation::ListGroups => Box::new(acts::ListGroups),
        Operation::ListRecords(kind) => Box::new(acts::ListRecords(kind)),
        Operation::GetRecord(kind) => Box::new(acts::GetRecord { kind, id: id(first) }),
        Operation::SetRecord(kind) => Box::new(acts::SetRecord { kind, id: id(first) }),
        Operation::RemoveRecord(kind) => Box::new(acts::RemoveRecord { kind, id: id(first) }),
        Operation::ListMemberships(kind) => Box::new(acts::ListMemberships { kind, id: id(first) }),
        Operation::WriteRecords(kind) => {
            let body: Vec<Value> = distinct(&asked.channels).map(|name| json!({"id": NAMES[name]})).collect();
            let bulk = Bulk::parse(kind, json!(body).to_string().as_bytes(), CustomMode::Replace).unwrap();
            Box::new(acts::WriteRecords { kind, sets: bulk.sets })
        }
        Operation::ManageMemberships(owner) => {
            let other = owner.other().as_str();
            let set: Vec<Value> = distinct(&asked.channels).map(|name| json!({other: {"id": NAMES[name]}})).collect();
            let body = json!({"set": set}).to_string();
            let manage = Manage::parse(owner, id(first), body.as_bytes(), CustomMode::Replace, false).unwrap();
            Box::new(acts::ManageMemberships(manage))
        }
        Operation::Time
        | Operation::GrantToken
        | Operation::RevokeToken
        | Operation::GrantKeys
        | Operation::AuditKeys => unreachable!("they are not decided upon by what was granted"),
    })
}

/// Names that app context takes, each once.
fn distinct(names: &[usize]) -> impl Iterator<Item = usize> {
    std::collections::BTreeSet::from_iter(names.iter().map(|name| name % REAL)).into_iter()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn random_grants_and_random_requests_are_decided_as_the_page_reads(world in world(), asked in asked()) {
        prop_assert_eq!(decided(&world, &asked), reference(&world, &asked));
    }
}
