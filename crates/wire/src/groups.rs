//! Channel groups: the registry's replies (`docs/protocol/pubsub.md`, "Channel groups").

use serde::Deserialize;
use serde_json::json;

use crate::answer::{self, Unreadable};
use crate::names::{ChannelName, GroupName};

/// The reply to add, remove and delete.
#[must_use]
pub fn changed() -> String {
    json!({"status": 200, "message": "OK", "service": "channel-registry", "error": false}).to_string()
}

/// The reply to a list of one group's channels.
#[must_use]
pub fn channels(group: &GroupName, channels: &[ChannelName]) -> String {
    let channels: Vec<_> = channels.iter().map(ChannelName::as_str).collect();
    json!({"status": 200, "payload": {"channels": channels, "group": group.as_str()}, "service": "channel-registry", "error": false})
        .to_string()
}

/// The reply to a list of all groups.
#[must_use]
pub fn groups(groups: &[GroupName]) -> String {
    let groups: Vec<_> = groups.iter().map(GroupName::as_str).collect();
    json!({"status": 200, "payload": {"namespace": "", "groups": groups}, "service": "channel-registry", "error": false})
        .to_string()
}

/// Reads a list of one group's channels.
///
/// ```
/// use wire::{ChannelName, GroupName, groups};
/// let (group, room) = (GroupName::new("family").unwrap(), ChannelName::new("room").unwrap());
/// assert_eq!(groups::read_channels(groups::channels(&group, &[room]).as_bytes()).unwrap(), ["room"]);
/// ```
///
/// # Errors
/// [`Unreadable`]
pub fn read_channels(body: &[u8]) -> Result<Vec<String>, Unreadable> {
    let Answer { payload } = answer::read(body)?;
    Ok(payload.channels)
}

/// Reads a list of all groups.
///
/// ```
/// use wire::{GroupName, groups};
/// let family = GroupName::new("family").unwrap();
/// assert_eq!(groups::read_groups(groups::groups(&[family]).as_bytes()).unwrap(), ["family"]);
/// ```
///
/// # Errors
/// [`Unreadable`]
pub fn read_groups(body: &[u8]) -> Result<Vec<String>, Unreadable> {
    let Answer { payload } = answer::read(body)?;
    Ok(payload.groups)
}

#[derive(Deserialize)]
struct Answer {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}
