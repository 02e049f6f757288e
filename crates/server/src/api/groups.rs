//! Calls of the channel registry (`docs/protocol/pubsub.md`, "Channel groups").

use std::sync::Arc;

use node::{GroupError, Keyset, Permit};
use wire::{ChannelName, GroupName, Refusal, decode, groups as shape};

use super::arguments::{self, Arguments};
use super::{Answer, App, refuse};
use crate::edge::{ContentType, Reply};

/// Characters that channel names may have elsewhere, but not in a group.
const RESERVED_IN_GROUPS: [char; 4] = [':', '*', '\\', ' '];

/// Lists the channels of a group; or adds, then removes channels.
pub(super) fn group(
    app: &Arc<App>,
    keyset: &Arc<Keyset>,
    arguments: &Arguments<'_>,
    group: &str,
) -> Result<Answer, Refusal> {
    let (group, permit) = enter(keyset, group)?;
    let (add, remove) = (members(arguments, "add")?, members(arguments, "remove")?);
    if add.is_empty() && remove.is_empty() {
        let channels = keyset.group_channels(permit, &group);
        return Ok(Reply::json(ContentType::Json, shape::channels(&group, &channels)).into());
    }
    let (app, keyset) = (Arc::clone(app), Arc::clone(keyset));
    Ok(Answer::soon(async move { changed(&app, keyset.change_group(permit, group, add, remove).await) }))
}

pub(super) fn delete(app: &Arc<App>, keyset: &Arc<Keyset>, group: &str) -> Result<Answer, Refusal> {
    let (group, permit) = enter(keyset, group)?;
    let (app, keyset) = (Arc::clone(app), Arc::clone(keyset));
    Ok(Answer::soon(async move { changed(&app, keyset.delete_group(permit, group).await) }))
}

pub(super) fn list(keyset: &Keyset) -> Result<Reply, Refusal> {
    let permit = keyset.decide(&[], &[])?;
    check_enabled(keyset)?;
    Ok(Reply::json(ContentType::Json, shape::groups(&keyset.group_names(permit))))
}

fn enter(keyset: &Keyset, group: &str) -> Result<(GroupName, Permit), Refusal> {
    let group = decode(group).ok().and_then(|text| GroupName::new(text.as_ref()).ok());
    let permit = keyset.decide(&[], group.as_slice())?;
    check_enabled(keyset)?;
    Ok((group.ok_or(Refusal::ReservedCharacter)?, permit))
}

fn check_enabled(keyset: &Keyset) -> Result<(), Refusal> {
    if keyset.options().groups { Ok(()) } else { Err(Refusal::GroupsOff) }
}

fn members(arguments: &Arguments<'_>, name: &str) -> Result<Vec<ChannelName>, Refusal> {
    let channels =
        arguments.raw(name).map_or(Ok(Vec::new()), arguments::channels).map_err(|_| Refusal::ReservedCharacter)?;
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
