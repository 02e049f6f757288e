//! Channel groups: the registry's replies (`docs/protocol/pubsub.md`, "Channel groups").

use serde_json::json;

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
