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
#[derive(Clone, Debug, Default, PartialEq)]
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

/// Where a user is, as a client reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhereNowResult {
    /// The channels on which the user is present, in no order.
    pub channels: Vec<String>,
}

impl WhereNowResult {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Channels {
            #[serde(default)]
            channels: Vec<String>,
        }
        let Wrapped { payload: Channels { channels } } = answer::read(body)?;
        Ok(Self { channels })
    }
}

/// A state that was set, as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SetStateResult {
    /// The state.
    pub state: State,
}

impl SetStateResult {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let Wrapped { payload } = answer::read(body)?;
        Ok(Self { state: payload })
    }
}

/// The states of a user, as a client reads them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetStateResult {
    /// The state on each channel that was asked about; an empty one where there is none.
    pub channels: BTreeMap<String, State>,
}

impl GetStateResult {
    /// Reads an answer. `channel` is the one that was asked about, if it was only one: then the answer holds its state alone.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn read(body: &[u8], channel: Option<&str>) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Channels {
            #[serde(default)]
            channels: BTreeMap<String, State>,
        }
        if let Some(channel) = channel {
            let Wrapped { payload } = answer::read(body)?;
            return Ok(Self { channels: [(channel.to_owned(), payload)].into() });
        }
        let Wrapped { payload: Channels { channels } } = answer::read(body)?;
        Ok(Self { channels })
    }
}

/// What most answers of presence are wrapped in.
#[derive(Deserialize)]
struct Wrapped<T> {
    payload: T,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::presence::{
        Occupancy, Occupant as Seat, here_now_many, here_now_single, state_many, state_set, state_single, where_now,
    };
    use crate::{ChannelName, Json, UserId};

    fn name() -> impl Strategy<Value = String> {
        "[a-zA-Zé😀\"\\\\. -]{1,8}"
    }

    fn state() -> impl Strategy<Value = State> {
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            name().prop_map(Value::from)
        ];
        proptest::collection::btree_map(name(), value, 0..3).prop_map(|map| map.into_iter().collect())
    }

    /// A channel, how many more there are than are listed, and who is listed with which state.
    type Row = (String, u64, Option<Vec<Listed>>);
    type Listed = (String, Option<State>);

    fn occupancy() -> impl Strategy<Value = Row> {
        let seats = proptest::collection::vec((name(), proptest::option::of(state())), 0..4);
        (name(), 0..9_u64, proptest::option::of(seats))
    }

    fn encoded((channel, more, seats): &Row) -> Occupancy {
        let seat = |(user, state): &Listed| Seat {
            user: UserId::new(user.as_str()).unwrap(),
            state: state.as_ref().map(Json::of),
        };
        Occupancy {
            channel: ChannelName::new(channel.as_str()).unwrap(),
            occupancy: seats.iter().flatten().count() + usize::try_from(*more).unwrap(),
            occupants: seats.as_ref().map(|seats| seats.iter().map(seat).collect()),
        }
    }

    fn decoded((channel, more, seats): &Row, with_state: bool) -> HereNowChannelData {
        let seats: Vec<_> = seats.iter().flatten().collect();
        HereNowChannelData {
            channel_name: channel.clone(),
            occupancy: seats.len() as u64 + more,
            occupants: seats
                .into_iter()
                .map(|(user, state)| HereNowOccupantData {
                    user: user.clone(),
                    state: state.clone().filter(|_| with_state),
                })
                .collect(),
        }
    }

    proptest! {
        #[test]
        fn what_the_server_writes_of_here_now_is_what_a_client_reads(
            rows in proptest::collection::vec(occupancy(), 0..4), with_state: bool
        ) {
            let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.0.clone(), row)).collect();
            let body = here_now_many(&rows.values().map(encoded).collect::<Vec<_>>(), with_state);
            let channels: Vec<_> = rows.values().map(|row| decoded(row, with_state)).collect();
            let read = HereNowResult::read(&body, None).unwrap();
            prop_assert_eq!(read.total_channels, channels.len() as u64);
            prop_assert_eq!(read.total_occupancy, channels.iter().map(|channel| channel.occupancy).sum::<u64>());
            prop_assert_eq!(&read.channels, &channels);
            for row in rows.values() {
                let read = HereNowResult::read(&here_now_single(&encoded(row), with_state), Some(&row.0)).unwrap();
                prop_assert_eq!(read.channels, vec![decoded(row, with_state)]);
            }
        }

        #[test]
        fn what_the_server_writes_of_states_and_places_is_what_a_client_reads(
            states in proptest::collection::btree_map(name(), state(), 1..4)
        ) {
            let user = UserId::new("ann").unwrap();
            let channel = |name: &String| ChannelName::new(name.as_str()).unwrap();
            let rows: Vec<_> = states.iter().map(|(name, state)| (channel(name), Some(Json::of(state)))).collect();
            prop_assert_eq!(&GetStateResult::read(&state_many(&user, &rows), None).unwrap().channels, &states);
            for ((name, state), (channel, json)) in states.iter().zip(&rows) {
                let single = state_single(&user, channel, json.as_ref());
                prop_assert_eq!(&GetStateResult::read(&single, Some(name)).unwrap().channels[name], state);
                let set = state_set(&Json::of(state));
                prop_assert_eq!(&SetStateResult::read(set.as_bytes()).unwrap().state, state);
            }
            let channels: Vec<_> = states.keys().map(channel).collect();
            prop_assert_eq!(WhereNowResult::read(&where_now(&channels)).unwrap().channels, states.keys().cloned().collect::<Vec<_>>());
        }
    }

    #[test]
    fn keys_that_are_new_or_missing_do_no_harm() {
        let read = |body: Value| HereNowResult::read(body.to_string().as_bytes(), Some("room"));
        let here = read(json!({"uuids": [{"uuid": "ann", "mood": 1}, "bob"], "next": {}, "occupancy": 2})).unwrap();
        assert_eq!(here.channel("room").unwrap().occupants.len(), 2);
        let here = read(json!({"payload": {"channels": {"a": {"occupancy": 3}}}, "message": 5})).unwrap();
        assert_eq!((here.total_channels, here.total_occupancy), (1, 3));
        assert!(read(json!([])).is_err() && read(json!({"payload": 5})).is_err());
        assert!(WhereNowResult::read(b"<html>").is_err());
    }
}
