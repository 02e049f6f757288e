//! Calls of the channel registry (`docs/protocol/pubsub.md`, "Channel groups").

use std::sync::Arc;

use node::acts::{Act, ChangeGroup, DeleteGroup, ListGroup, ListGroups};
use node::{GroupError, Keyset, Operation, Permit};
use wire::{ChannelName, GroupName, Refusal, decode, groups as shape};

use super::arguments::{self, Arguments};
use super::door::Door;
use super::{Answer, App, refuse};
use crate::edge::{ContentType, Reply};

/// Characters that channel names may have elsewhere, but not in a group.
const RESERVED_IN_GROUPS: [char; 4] = [':', '*', '\\', ' '];

/// Lists the channels of a group; or adds, then removes channels.
pub(super) fn group(
    app: &Arc<App>,
    door: &Door<'_>,
    arguments: &Arguments<'_>,
    group: &str,
) -> Result<Answer, Refusal> {
    let most = door.keyset.options().limits.channels_per_request;
    let (add, remove) = (members(arguments, "add", most), members(arguments, "remove", most));
    if is_none(&add) && is_none(&remove) {
        let permit = enter(door, Operation::ListGroup, group, ListGroup)?;
        let group = permit.act().0.clone();
        let channels = door.keyset.group_channels(permit);
        return Ok(Reply::json(ContentType::Json, shape::channels(&group, &channels)).into());
    }
    let permit = enter(door, Operation::ChangeGroup, group, ChangeGroup)?;
    let (add, remove) = (add?, remove?);
    let (app, keyset) = (Arc::clone(app), Arc::clone(door.keyset));
    Ok(Answer::soon(async move { changed(&app, keyset.change_group(permit, add, remove).await) }))
}

pub(super) fn delete(app: &Arc<App>, door: &Door<'_>, group: &str) -> Result<Answer, Refusal> {
    let permit = enter(door, Operation::DeleteGroup, group, DeleteGroup)?;
    let (app, keyset) = (Arc::clone(app), Arc::clone(door.keyset));
    Ok(Answer::soon(async move { changed(&app, keyset.delete_group(permit).await) }))
}

pub(super) fn list(door: &Door<'_>) -> Result<Reply, Refusal> {
    let permit = door.decide(ListGroups)?;
    check_enabled(door.keyset)?;
    Ok(Reply::json(ContentType::Json, shape::groups(&door.keyset.group_names(permit))))
}

fn enter<A: Act>(
    door: &Door<'_>,
    operation: Operation,
    group: &str,
    act: fn(GroupName) -> A,
) -> Result<Permit<A>, Refusal> {
    let group = decode(group).ok().and_then(|text| GroupName::new(text.as_ref()).ok());
    let permit = door.admit(operation, group.map(act).ok_or(Refusal::ReservedCharacter))?;
    check_enabled(door.keyset)?;
    permit
}

fn is_none(members: &Result<Vec<ChannelName>, Refusal>) -> bool {
    members.as_ref().is_ok_and(Vec::is_empty)
}

fn check_enabled(keyset: &Keyset) -> Result<(), Refusal> {
    if keyset.options().groups { Ok(()) } else { Err(Refusal::GroupsOff) }
}

fn members(arguments: &Arguments<'_>, name: &str, most: usize) -> Result<Vec<ChannelName>, Refusal> {
    let channels =
        arguments.raw(name).map_or(Ok(Vec::new()), arguments::channels).map_err(|_| Refusal::ReservedCharacter)?;
    if channels.len() > most {
        return Err(Refusal::GroupFull);
    }
    if channels.iter().any(|channel| channel.as_str().contains(RESERVED_IN_GROUPS)) {
        return Err(Refusal::ReservedCharacter);
    }
    Ok(channels)
}

fn changed(app: &App, outcome: Result<(), GroupError>) -> Reply {
    match outcome {
        Ok(()) => Reply::json(ContentType::Json, shape::changed()),
        Err(GroupError::Refused(refusal)) => refuse(app, &refusal),
        Err(error @ (GroupError::Store(_) | GroupError::Stopping)) => {
            tracing::error!(%error, cause = error_cause(&error), "a channel group was not changed");
            refuse(app, &Refusal::Unavailable)
        }
    }
}

fn error_cause(error: &GroupError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
