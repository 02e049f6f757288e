//! What the page says, without caches, sets of expressions or tables.

use super::*;

const READ: u8 = 1;
const WRITE: u8 = 2;
const MANAGE: u8 = 4;
const DELETE: u8 = 8;
const GET: u8 = 32;
const UPDATE: u8 = 64;
const JOIN: u8 = 128;

/// What an operation needs on its names.
enum Needs {
    Nothing,
    Signature,
    /// To be known: a good token, or any permission on each name.
    Known(Vec<(usize, String)>),
    Each(Vec<(usize, String, u8)>),
}

pub(super) fn reference(world: &World, asked: &Asked) -> Result<(), Refusal> {
    match asked.shown {
        Shown::Signed => return Ok(()),
        Shown::Foreign => return Err(Refusal::TokenInvalid),
        Shown::Token if asked.seconds >= 60 * world.ttl => return Err(Refusal::TokenExpired),
        Shown::Token if world.revoked => return Err(Refusal::TokenRevoked),
        _ => {}
    }
    let by_token = asked.shown == Shown::Token;
    let anothers = by_token && world.user.is_some() && asked.user != world.user;
    let has = |kind: usize, name: &str, any_of: u8| {
        !anothers
            && (if by_token { on_token(world, kind, name) } else { on_keys(world, asked, kind, name) }) & any_of != 0
    };
    let refused: Vec<(usize, String)> = match needs(world, asked) {
        Needs::Nothing if !anothers => return Ok(()),
        Needs::Nothing | Needs::Signature => Vec::new(),
        Needs::Known(_) if by_token && !anothers => return Ok(()),
        Needs::Known(names) => names.into_iter().filter(|(kind, name)| !has(*kind, name, 255)).collect(),
        Needs::Each(names) => {
            let refused = names.into_iter().filter(|(kind, name, needed)| !has(*kind, name, *needed));
            refused.map(|(kind, name, _)| (kind, name)).collect()
        }
    };
    let forced = anothers || matches!(needs(world, asked), Needs::Signature);
    if refused.is_empty() && !forced {
        return Ok(());
    }
    Err(match asked.operation {
        Operation::ListRecords(_)
        | Operation::WriteRecords(_)
        | Operation::GetRecord(_)
        | Operation::SetRecord(_)
        | Operation::RemoveRecord(_)
        | Operation::ListMemberships(_)
        | Operation::ManageMemberships(_) => Refusal::ContextForbidden,
        _ => {
            let of = |kind: usize| refused.iter().filter(|(k, _)| *k == kind).map(|(_, name)| name.clone()).collect();
            Refusal::Forbidden { channels: of(CHANNEL), groups: of(GROUP) }
        }
    })
}

fn needs(world: &World, asked: &Asked) -> Needs {
    let first = NAMES[asked.channels[0]].to_owned();
    let one_group = |mask: u8| Needs::Each(vec![(GROUP, GROUPS[asked.channels[0] % REAL].to_owned(), mask)]);
    let places = |presence_streams: bool| -> Vec<(usize, String)> {
        let stream = |(group, presence): &(usize, bool)| match presence_streams && *presence {
            true => (GROUP, format!("{}-pnpres", GROUPS[*group])),
            false => (GROUP, GROUPS[*group].to_owned()),
        };
        let channels = asked.channels.iter().map(|name| (CHANNEL, NAMES[*name].to_owned()));
        channels.chain(asked.groups.iter().map(stream)).collect()
    };
    let reads =
        |names: Vec<(usize, String)>| Needs::Each(names.into_iter().map(|(kind, name)| (kind, name, READ)).collect());
    let record = |kind: Kind| if kind == Kind::User { USER } else { CHANNEL };
    let id = NAMES[asked.channels[0] % REAL].to_owned();
    let on_record = |kind: Kind, mask: u8| Needs::Each(vec![(record(kind), id.clone(), mask)]);
    let each = |kind: usize, mask: u8| distinct(&asked.channels).map(move |name| (kind, NAMES[name].to_owned(), mask));
    match asked.operation {
        Operation::Publish | Operation::Signal => Needs::Each(vec![(CHANNEL, first.clone(), WRITE)]),
        Operation::Subscribe => reads(places(true)),
        Operation::Heartbeat | Operation::HereNow | Operation::GetState | Operation::SetState => reads(places(false)),
        Operation::Leave => Needs::Known(places(false)),
        Operation::WhereNow => Needs::Nothing,
        Operation::HereNowEverywhere | Operation::ListGroups => Needs::Signature,
        Operation::ListGroup => one_group(READ | MANAGE),
        Operation::ChangeGroup | Operation::DeleteGroup => one_group(MANAGE),
        Operation::ListRecords(Kind::User) if world.policy.0 => Needs::Nothing,
        Operation::ListRecords(Kind::Channel) if world.policy.1 => Needs::Nothing,
        Operation::ListRecords(Kind::User) => Needs::Each(vec![(CATEGORY, "uuids".to_owned(), GET)]),
        Operation::ListRecords(Kind::Channel) => Needs::Each(vec![(CATEGORY, "channels".to_owned(), GET)]),
        Operation::GetRecord(kind) | Operation::ListMemberships(kind) => on_record(kind, GET),
        Operation::SetRecord(kind) => on_record(kind, UPDATE),
        Operation::RemoveRecord(kind) => on_record(kind, DELETE),
        Operation::WriteRecords(kind) => Needs::Each(each(record(kind), UPDATE).collect()),
        Operation::ManageMemberships(Kind::Channel) => on_record(Kind::Channel, MANAGE),
        Operation::ManageMemberships(Kind::User) => {
            Needs::Each(std::iter::once((USER, id.clone(), UPDATE)).chain(each(CHANNEL, JOIN)).collect())
        }
        _ => unreachable!("it is not asked"),
    }
}

/// What a name listed in the token has, alone; otherwise all patterns that match, together.
fn on_token(world: &World, kind: usize, name: &str) -> u8 {
    if kind == CATEGORY {
        return world.categories[usize::from(name == "channels")].unwrap_or(0);
    }
    if let Some((_, mask)) = world.listed.iter().find(|((k, n), _)| *k == kind && resource(kind, *n).1 == name) {
        return *mask;
    }
    let mut sum = 0;
    for ((k, pattern), mask) in &world.matched {
        let matches = PATTERNS[*pattern].1;
        if *k == kind && (matches(name) || kind == GROUP && matches(&format!(":{name}"))) {
            sum |= mask;
        }
    }
    sum
}

/// What all grants to everyone and to the auth key that is shown permit together.
fn on_keys(world: &World, asked: &Asked, kind: usize, name: &str) -> u8 {
    let shown = if let Shown::Key(auth) = asked.shown { auth } else { 0 };
    let mut sum = 0;
    for ((k, n, auth), (mask, minutes)) in &world.granted {
        let holds = minutes.is_none_or(|minutes| asked.seconds < 60 * minutes);
        let is_for = *k == kind
            && match (kind, resource(kind, *n).1) {
                (CHANNEL, "a.*") => name.starts_with("a."),
                (GROUP, ":") => true,
                (_, granted) => granted == name,
            };
        let is_for = is_for || *k == WHOLE && kind != CATEGORY;
        if holds && is_for && (*auth == 0 || *auth == shown) {
            sum |= mask;
        }
    }
    sum
}
