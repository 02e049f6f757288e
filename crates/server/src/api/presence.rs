//! Presence calls (`docs/protocol/presence.md`; what is beyond it, `docs/protocol/beyond.md`).

use engine::presence::Page;
use node::acts::{self, Act};
use node::{Caller, HereNow, Keyset, Operation, Permit, Places};
use wire::presence::{self as shape, Occupancy};
use wire::{Json, Refusal, UserId, decode};

use super::arguments::{self, Arguments, Invalid};
use super::door::Door;
use crate::edge::{ContentType, Reply};

/// What a page of here now holds when the caller does not say.
const PAGE: usize = 1000;

pub(super) fn heartbeat(door: &Door<'_>, arguments: &Arguments<'_>, channels: &str) -> Result<Reply, Refusal> {
    let permit = enter(door, Operation::Heartbeat, arguments, channels, acts::Heartbeat)?;
    let caller = caller(arguments)?;
    let options = door.keyset.options();
    let presence = &options.presence;
    door.keyset.heartbeat(permit, &caller, &arguments.states(presence), arguments.timeout(presence))?;
    Ok(Reply::json(ContentType::Script, shape::renewed()))
}

pub(super) fn leave(door: &Door<'_>, arguments: &Arguments<'_>, channels: &str) -> Result<Reply, Refusal> {
    let permit = enter(door, Operation::Leave, arguments, channels, acts::Leave)?;
    door.keyset.leave(permit, &caller(arguments)?);
    Ok(Reply::json(ContentType::Script, shape::left()))
}

pub(super) fn here_now(door: &Door<'_>, arguments: &Arguments<'_>, channels: &str) -> Result<Reply, Refusal> {
    let permit = enter(door, Operation::HereNow, arguments, channels, acts::HereNow)?;
    let places = &permit.act().0;
    let patterns = arguments.on("patterns") && places.channels.iter().any(wire::ChannelName::is_pattern);
    let single = match &places.channels[..] {
        [channel] if places.groups.is_empty() && !patterns => Some(channel.clone()),
        _ => None,
    };
    let request = HereNow { patterns, page: page(door.keyset, arguments)? };
    let answer = door.keyset.here_now(permit, request);
    let with_state = arguments.on("state");
    Ok(Reply::json(
        ContentType::Script,
        match single {
            Some(channel) => {
                // A presence stream has no occupants, and is not in the answer.
                let nobody = || Occupancy { channel, occupancy: 0, occupants: request.page.map(|_| Vec::new()) };
                shape::here_now_single(&answer.into_iter().next().unwrap_or_else(nobody), with_state)
            }
            None => many(answer, with_state),
        },
    ))
}

pub(super) fn here_now_everywhere(door: &Door<'_>, arguments: &Arguments<'_>) -> Result<Reply, Refusal> {
    let permit = door.decide(acts::HereNowEverywhere)?;
    check_enabled(door.keyset)?;
    let page = page(door.keyset, arguments)?;
    Ok(Reply::json(ContentType::Script, many(door.keyset.here_now_everywhere(permit, page), arguments.on("state"))))
}

fn many(mut answer: Vec<Occupancy>, with_state: bool) -> Vec<u8> {
    answer.retain(|channel| channel.occupancy > 0);
    shape::here_now_many(&answer, with_state)
}

pub(super) fn where_now(door: &Door<'_>, arguments: &Arguments<'_>, user: &str) -> Result<Reply, Refusal> {
    let permit = door.decide(acts::WhereNow)?;
    check_enabled(door.keyset)?;
    let user = user_of(user)?;
    let among =
        arguments.raw("channel").map(arguments::channels).transpose().map_err(|why| unreadable("channel", &why))?;
    let among = among.unwrap_or_default();
    check_count(door.keyset, among.len(), 0)?;
    let channels = door.keyset.where_now(permit, &user, &among);
    Ok(Reply::json(ContentType::Script, shape::where_now(&channels)))
}

pub(super) fn set_state(
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    channels: &str,
    user: &str,
) -> Result<Reply, Refusal> {
    let permit = enter(door, Operation::SetState, arguments, channels, acts::SetState)?;
    let user = user_of(user)?;
    let text = arguments.text("state").map_err(|_| Refusal::InvalidState)?.ok_or(Refusal::NoState)?;
    if text.len() > door.keyset.options().presence.state_bytes {
        return Err(Refusal::StateTooLarge);
    }
    let state = Json::parse(&text).filter(Json::is_object).ok_or(Refusal::InvalidState)?;
    door.keyset.set_state(permit, &user, &state)?;
    Ok(Reply::json(ContentType::Script, shape::state_set(&state)))
}

pub(super) fn get_state(
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    channels: &str,
    user: &str,
) -> Result<Reply, Refusal> {
    let permit = enter(door, Operation::GetState, arguments, channels, acts::GetState)?;
    let user = user_of(user)?;
    let Places { channels, groups } = permit.act().0.clone();
    let states = door.keyset.states(permit, &user);
    Ok(Reply::json(
        ContentType::Script,
        match (&channels[..], &groups[..]) {
            ([channel], []) => {
                let state = states.first().and_then(|(_, state)| state.as_ref());
                shape::state_single(&user, channel, state)
            }
            _ => shape::state_many(&user, &states),
        },
    ))
}

/// The checks that come first: the caller may use the channels and groups, presence is on, and the names can be read.
fn enter<A: Act>(
    door: &Door<'_>,
    operation: Operation,
    arguments: &Arguments<'_>,
    channels: &str,
    act: fn(Places) -> A,
) -> Result<Permit<A>, Refusal> {
    let channels = arguments::channels(channels).map_err(|why| unreadable("channel", &why));
    let groups = || arguments.groups().map_err(|why| unreadable("channel group", &why));
    let places = channels.and_then(|channels| Ok(Places { channels, groups: groups()? }));
    let count = places.as_ref().map_or((0, 0), |places| (places.channels.len(), places.groups.len()));
    let permit = door.admit(operation, places.map(act))?;
    check_enabled(door.keyset)?;
    check_count(door.keyset, count.0, count.1)?;
    permit
}

/// A group may stand for thousands of channels, so there is a limit on how many one call may name, as in a subscribe.
fn check_count(keyset: &Keyset, channels: usize, groups: usize) -> Result<(), Refusal> {
    let options = keyset.options();
    if channels > options.limits.channels_per_request {
        return Err(Refusal::TooManyPlaces(options.limits.channels_per_request));
    }
    if groups > options.pubsub.groups_per_subscribe {
        return Err(Refusal::TooManyGroups);
    }
    Ok(())
}

fn check_enabled(keyset: &Keyset) -> Result<(), Refusal> {
    if keyset.options().presence.enabled { Ok(()) } else { Err(Refusal::PresenceOff) }
}

fn unreadable(what: &str, why: &Invalid) -> Refusal {
    Refusal::InvalidPresence(format!("Invalid {what}: {why}"))
}

fn caller(arguments: &Arguments<'_>) -> Result<Caller, Refusal> {
    arguments.caller().map_err(|_| Refusal::InvalidUser)?.ok_or(Refusal::NoUser)
}

fn user_of(segment: &str) -> Result<UserId, Refusal> {
    let text = decode(segment).map_err(|_| Refusal::InvalidUser)?;
    UserId::new(text.as_ref()).map_err(|_| Refusal::InvalidUser)
}

/// The page that is asked for; none when only the count is.
fn page(keyset: &Keyset, arguments: &Arguments<'_>) -> Result<Option<Page>, Refusal> {
    let most = keyset.options().presence.here_now_limit;
    let limit = arguments.number("limit").map_err(|_| Refusal::InvalidLimit)?.unwrap_or(PAGE.min(most));
    if limit > most {
        return Err(Refusal::LimitTooLarge(most));
    }
    let offset = arguments.number("offset").map_err(|_| Refusal::InvalidOffset)?.unwrap_or(0);
    Ok((limit > 0 && !arguments.on("disable_uuids")).then_some(Page { limit, offset }))
}
