//! Reading what presence calls are answered, as clients do.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::answer::{self, Unreadable};

/// The state of a user on a channel: a JSON object of the application's own.
pub type State = Map<String, Value>;

/// Who is here, as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HereNowResult {
    /// How many channels are occupied.
    pub total_channels: u64,
    /// How many occupants they have together; a user on two channels counts twice.
    pub total_occupancy: u64,
    /// The channels, by name. Of several, those without occupants are left out.
    pub channels: Vec<HereNowChannelData>,
    /// Where the next page begins, when some channel has more occupants than were listed; for `offset`.
    pub next_offset: Option<u64>,
}

/// Who is on one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HereNowChannelData {
    /// The channel.
    pub channel_name: String,
    /// How many users there are in all.
    pub occupancy: u64,
    /// The page of them that was asked for. Empty when only their number was.
    pub occupants: Vec<HereNowOccupantData>,
}

/// One user who is here.
#[derive(Clone, PartialEq)]
pub struct HereNowOccupantData {
    /// Who.
    pub user: String,
    /// The user's state on the channel, if it was asked for and there is one.
    pub state: Option<State>,
}

impl HereNowOccupantData {
    /// Who, by the older name.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.user
    }
}

/// Without the state.
impl std::fmt::Debug for HereNowOccupantData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HereNowOccupantData").field("user", &self.user).finish_non_exhaustive()
    }
}

impl HereNowResult {
    /// Reads an answer. `channel` is the one that was asked about, whose name the short form of the answer leaves out.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn read(body: &[u8], channel: Option<&str>) -> Result<Self, Unreadable> {
        let Answer { occupancy, uuids, payload } = answer::read(body)?;
        if let Some(Payload { channels, total_channels, total_occupancy }) = payload {
            let channels: Vec<_> = channels.into_iter().map(|(name, listed)| listed.into_data(name)).collect();
            let occupancy = || channels.iter().map(|channel| channel.occupancy).sum();
            return Ok(Self {
                total_channels: total_channels.unwrap_or(channels.len() as u64),
                total_occupancy: total_occupancy.unwrap_or_else(occupancy),
                channels,
                next_offset: None,
            });
        }
        let listed = Listed { occupancy: occupancy.unwrap_or(uuids.len() as u64), uuids };
        let only = listed.into_data(channel.unwrap_or_default().to_owned());
        Ok(Self { total_channels: 1, total_occupancy: only.occupancy, channels: vec![only], next_offset: None })
    }

    /// What is known of a channel; nothing when nobody is there.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&HereNowChannelData> {
        self.channels.iter().find(|channel| channel.channel_name == name)
    }
}

#[derive(Deserialize)]
struct Answer {
    occupancy: Option<u64>,
    #[serde(default)]
    uuids: Vec<Occupant>,
    payload: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    channels: BTreeMap<String, Listed>,
    total_channels: Option<u64>,
    total_occupancy: Option<u64>,
}

#[derive(Deserialize)]
struct Listed {
    occupancy: u64,
    #[serde(default)]
    uuids: Vec<Occupant>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Occupant {
    Named(String),
    WithState { uuid: String, state: Option<Value> },
}

impl Listed {
    fn into_data(self, channel_name: String) -> HereNowChannelData {
        let occupants = self.uuids.into_iter().map(HereNowOccupantData::from).collect();
        HereNowChannelData { channel_name, occupancy: self.occupancy, occupants }
    }
}

impl From<Occupant> for HereNowOccupantData {
    fn from(occupant: Occupant) -> Self {
        match occupant {
            Occupant::Named(user) => Self { user, state: None },
            Occupant::WithState { uuid, state: Some(Value::Object(state)) } => Self { user: uuid, state: Some(state) },
            Occupant::WithState { uuid, .. } => Self { user: uuid, state: None },
        }
    }
}
