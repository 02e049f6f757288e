//! `[pubsub]`: what a key set keeps for its subscribers, and how much they may ask for at once.

use std::time::Duration;

use super::error::ConfigError;
use super::section::Section;

/// Publish, subscribe and channel groups of one key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PubSub {
    /// How many messages a channel keeps for those who are away.
    pub queue_messages: usize,
    /// For how long it keeps them.
    pub queue_age: Duration,
    /// How many bytes the messages of all channels together may take.
    pub queue_bytes: usize,
    /// How many groups one subscribe may name.
    pub groups_per_subscribe: usize,
    /// How many channels one group may hold.
    pub channels_per_group: usize,
}

impl PubSub {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            queue_messages: settings.count("queue_messages", 1..=100_000)?,
            queue_age: settings.minutes("queue_minutes", 1..=1440)?,
            queue_bytes: settings.count("queue_bytes", 1_048_576..=1_099_511_627_776)?,
            groups_per_subscribe: settings.count("groups_per_subscribe", 1..=10_000)?,
            channels_per_group: settings.count("channels_per_group", 1..=1_000_000)?,
        })
    }
}
