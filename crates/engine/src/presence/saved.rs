//! The form in which presence outlives the process: one record a seat, complete in itself.
//!
//! - A record holds names and durations, no slots and no instants, so any later process can read it.
//! - Records of one save are in no order; each carries when its user joined, relative to the others.

use serde::{Deserialize, Serialize};
use wire::{ChannelName, InstanceId, Json, UserId};

/// A user on a channel, or the state of a user that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSeat {
    /// The channel.
    pub channel: ChannelName,
    /// The user.
    pub user: UserId,
    /// Whether the user is present. If not, only its state is kept, for a while.
    pub present: bool,
    /// Smaller for who joined earlier.
    pub joined: u64,
    /// The user's state on the channel.
    #[serde(with = "json_text")]
    pub state: Option<Json>,
    /// The timeout of the last renewal.
    pub timeout_seconds: u16,
    /// How much of it was left.
    pub remaining_millis: u64,
    /// The user's devices, in a key set that counts them.
    pub devices: Vec<SavedDevice>,
}

/// One of the devices of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedDevice {
    /// How it names itself.
    pub instance: InstanceId,
    /// The timeout of its last renewal.
    pub timeout_seconds: u16,
    /// How much of it was left.
    pub remaining_millis: u64,
}

/// How far a save has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SaveCursor(pub(super) u32);

/// What came before the start that restores a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The server stopped in order and saved last of all: what was left of each timeout runs on from now.
    Clean,
    /// The save is older than the end: everybody has the full timeout to come back.
    Crash,
}

/// JSON as its text, since not every format can hold JSON as such.
mod json_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use wire::Json;

    pub(super) fn serialize<S: Serializer>(json: &Option<Json>, serializer: S) -> Result<S::Ok, S::Error> {
        json.as_ref().map(Json::as_str).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Json::parse(&text).ok_or_else(|| D::Error::custom("state is not JSON"))).transpose()
    }
}
