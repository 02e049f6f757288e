//! Presence: its events, as subscribers receive them, and its replies (`docs/protocol/presence.md`).

mod answer;

pub use answer::{
    GetStateResult, HereNowChannelData, HereNowOccupantData, HereNowResult, SetStateResult, State, WhereNowResult,
};

use crate::json::{Json, push_string};
use crate::names::{ChannelName, SubscribeKey, UserId};
use crate::percent::encode;
use crate::pubsub::write_place;
use crate::time::{Timestamp, Timetoken};

/// A presence event of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The channel it is about; it travels on [`ChannelName::presence`] of it.
    pub channel: ChannelName,
    /// When it happened.
    pub at: Timestamp,
    /// How many users are on the channel after it.
    pub occupancy: usize,
    /// What happened.
    pub what: What,
}

/// What a presence event tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user came, with the state that the joining request carried for this channel.
    Join(UserId, Option<Json>),
    /// A user left, with the last state.
    Leave(UserId, Option<Json>),
    /// A user was not heard of in time, with the last state.
    Timeout(UserId, Option<Json>),
    /// A user that is present has a new state.
    StateChange(UserId, Json),
    /// What changed since the last event, in a channel with many occupants.
    Interval(Delta),
}

/// Who came and went during an interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Who joined.
    pub join: Vec<UserId>,
    /// Who left.
    pub leave: Vec<UserId>,
    /// Who timed out.
    pub timeout: Vec<UserId>,
    /// The lists did not fit and are empty: ask here now.
    pub here_now_refresh: bool,
}

/// The name of a kind of event, as in `action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// `join`
    Join,
    /// `leave`
    Leave,
    /// `timeout`
    Timeout,
    /// `state-change`
    StateChange,
    /// `interval`
    Interval,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::Join, Self::Leave, Self::Timeout, Self::StateChange, Self::Interval];

    /// The action as in an event.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Timeout => "timeout",
            Self::StateChange => "state-change",
            Self::Interval => "interval",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl What {
    /// The name of this kind of event.
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Join(..) => Action::Join,
            Self::Leave(..) => Action::Leave,
            Self::Timeout(..) => Action::Timeout,
            Self::StateChange(..) => Action::StateChange,
            Self::Interval(_) => Action::Interval,
        }
    }

    /// Whom it is about; nobody alone, if it sums up an interval.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Join(user, _) | Self::Leave(user, _) | Self::Timeout(user, _) | Self::StateChange(user, _) => {
                Some(user)
            }
            Self::Interval(_) => None,
        }
    }
}

impl Event {
    /// Appends the envelope, all but `b` and the closing brace: what is the same for every subscriber.
    pub fn write_envelope(&self, out: &mut Vec<u8>, subscribe_key: &SubscribeKey, timetoken: Timetoken) {
        out.extend_from_slice(br#"{"a":"1","f":0"#);
        write_place(out, subscribe_key, timetoken, self.channel.presence().as_str());
        out.extend_from_slice(br#","u":"#);
        self.write_meta(out);
        out.extend_from_slice(br#","d":"#);
        self.write_payload(out);
    }

    /// Reads the payload `d` of an event that came on `channel`, the presence stream or the channel itself. None when it is no
    /// presence event.
    ///
    /// ```
    /// use wire::{ChannelName, Json, presence::{Action, Event}};
    /// let payload = Json::parse(r#"{"action":"join","uuid":"bob","timestamp":1700000000,"occupancy":2}"#).unwrap();
    /// let event = Event::read(&ChannelName::new("room-pnpres").unwrap(), &payload).unwrap();
    /// assert_eq!((event.channel.as_str(), event.what.action(), event.occupancy), ("room", Action::Join, 2));
    /// assert_eq!(event.what.user().unwrap().as_str(), "bob");
    /// ```
    #[must_use]
    pub fn read(channel: &ChannelName, payload: &Json) -> Option<Self> {
        let told: Payload = serde_json::from_str(payload.as_str()).ok()?;
        let state = told.data.filter(Json::is_object);
        let some_state = || state.clone().filter(|state| !state.is_empty_object());
        let what = match told.action {
            Action::Join => What::Join(told.uuid?, some_state()),
            Action::Leave => What::Leave(told.uuid?, some_state()),
            Action::Timeout => What::Timeout(told.uuid?, some_state()),
            Action::StateChange => What::StateChange(told.uuid?, state?),
            Action::Interval => What::Interval(Delta {
                join: told.join,
                leave: told.leave,
                timeout: told.timeout,
                here_now_refresh: told.here_now_refresh,
            }),
        };
        let millis = told.precise_timestamp.unwrap_or(told.timestamp.saturating_mul(1000));
        let channel = ChannelName::new(channel.base()).ok()?;
        Some(Self { channel, at: Timestamp::from_millis(millis), occupancy: told.occupancy, what })
    }

    /// Appends `d`.
    pub fn write_payload(&self, out: &mut Vec<u8>) {
        let action = self.what.action().as_str();
        out.extend_from_slice(format!(r#"{{"action":"{action}""#).as_bytes());
        if let Some(user) = self.what.user() {
            out.extend_from_slice(br#","uuid":"#);
            push_string(out, user.as_str());
        }
        let (seconds, millis, occupancy) = (self.at.seconds(), self.at.millis(), self.occupancy);
        out.extend_from_slice(
            format!(r#","timestamp":{seconds},"precise_timestamp":{millis},"occupancy":{occupancy}"#).as_bytes(),
        );
        match &self.what {
            What::Join(_, state) | What::Leave(_, state) => {
                if let Some(state) = state {
                    out.extend_from_slice(br#","data":"#);
                    out.extend_from_slice(state.as_str().as_bytes());
                }
            }
            What::Timeout(_, state) => {
                out.extend_from_slice(br#","data":"#);
                out.extend_from_slice(state.as_ref().map_or("{}", Json::as_str).as_bytes());
            }
            What::StateChange(_, state) => {
                out.extend_from_slice(br#","data":"#);
                out.extend_from_slice(state.as_str().as_bytes());
            }
            What::Interval(delta) => write_delta(out, delta, ""),
        }
        out.push(b'}');
    }

    /// Appends `u`, which filter expressions read.
    pub fn write_meta(&self, out: &mut Vec<u8>) {
        let action = self.what.action().as_str();
        out.extend_from_slice(
            format!(r#"{{"pn_action":"{action}","pn_channel":"{}""#, encode(self.channel.as_str())).as_bytes(),
        );
        let (seconds, millis, occupancy) = (self.at.seconds(), self.at.millis(), self.occupancy);
        out.extend_from_slice(
            format!(
                r#","pn_ispresence":1,"pn_occupancy":{occupancy},"pn_timestamp":{seconds},"pn_precise_timestamp":{millis}"#
            )
            .as_bytes(),
        );
        if let Some(user) = self.what.user() {
            out.extend_from_slice(br#","pn_uuid":"#);
            push_string(out, user.as_str());
        }
        match &self.what {
            What::StateChange(_, state) | What::Leave(_, Some(state)) => {
                for (key, value) in state.members() {
                    out.push(b',');
                    push_string(out, &format!("pn_state_{key}"));
                    out.push(b':');
                    out.extend_from_slice(value.as_str().as_bytes());
                }
            }
            What::Interval(delta) => write_delta(out, delta, "pn_"),
            What::Join(..) | What::Leave(_, None) | What::Timeout(..) => {}
        }
        out.push(b'}');
    }
}

/// `d` of any event, as it is read.
#[derive(serde::Deserialize)]
struct Payload {
    action: Action,
    uuid: Option<UserId>,
    timestamp: u64,
    precise_timestamp: Option<u64>,
    #[serde(default)]
    occupancy: usize,
    data: Option<Json>,
    #[serde(default)]
    join: Vec<UserId>,
    #[serde(default)]
    leave: Vec<UserId>,
    #[serde(default)]
    timeout: Vec<UserId>,
    #[serde(default)]
    here_now_refresh: bool,
}

fn write_delta(out: &mut Vec<u8>, delta: &Delta, prefix: &str) {
    for (name, users) in [("join", &delta.join), ("leave", &delta.leave), ("timeout", &delta.timeout)] {
        if !users.is_empty() {
            out.extend_from_slice(format!(r#","{prefix}{name}":"#).as_bytes());
            write_list(out, users, |out, user| push_string(out, user.as_str()));
        }
    }
    if delta.here_now_refresh {
        out.extend_from_slice(format!(r#","{prefix}here_now_refresh":true"#).as_bytes());
    }
}

/// One user in a here-now answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Who.
    pub user: UserId,
    /// The user's state on the channel, if there is one.
    pub state: Option<Json>,
}

/// Who is on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// The channel.
    pub channel: ChannelName,
    /// How many users there are in all.
    pub occupancy: usize,
    /// The page of them that was asked for; `None` when none was.
    pub occupants: Option<Vec<Occupant>>,
}

/// The reply to a heartbeat.
#[must_use]
pub fn renewed() -> &'static str {
    r#"{"status":200,"message":"OK","service":"Presence"}"#
}

/// The reply to a leave.
#[must_use]
pub fn left() -> &'static str {
    r#"{"status":200,"message":"OK","action":"leave","service":"Presence"}"#
}

/// The reply to here now on exactly one channel.
#[must_use]
pub fn here_now_single(channel: &Occupancy, with_state: bool) -> Vec<u8> {
    let mut out = br#"{"status":200,"message":"OK","#.to_vec();
    write_occupancy(&mut out, channel, with_state);
    out.extend_from_slice(br#","service":"Presence"}"#);
    out
}

/// The reply to here now on several channels, on groups, and on the whole key set.
#[must_use]
pub fn here_now_many(channels: &[Occupancy], with_state: bool) -> Vec<u8> {
    let mut out = br#"{"status":200,"message":"OK","payload":{"channels":{"#.to_vec();
    let mut occupancy = 0;
    for (index, channel) in channels.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(&mut out, channel.channel.as_str());
        out.extend_from_slice(b":{");
        write_occupancy(&mut out, channel, with_state);
        out.push(b'}');
        occupancy += channel.occupancy;
    }
    let total = channels.len();
    out.extend_from_slice(
        format!(r#"}},"total_channels":{total},"total_occupancy":{occupancy}}},"service":"Presence"}}"#).as_bytes(),
    );
    out
}

/// What stands around a name in a list.
const NAME_BYTES: usize = 3;

fn write_occupancy(out: &mut Vec<u8>, channel: &Occupancy, with_state: bool) {
    out.extend_from_slice(format!(r#""occupancy":{}"#, channel.occupancy).as_bytes());
    let Some(occupants) = &channel.occupants else { return };
    out.extend_from_slice(br#","uuids":"#);
    out.reserve(occupants.iter().map(|occupant| occupant.user.as_str().len() + NAME_BYTES).sum());
    write_list(out, occupants, |out, occupant| {
        if !with_state {
            return push_string(out, occupant.user.as_str());
        }
        out.extend_from_slice(br#"{"uuid":"#);
        push_string(out, occupant.user.as_str());
        if let Some(state) = &occupant.state {
            out.extend_from_slice(br#","state":"#);
            out.extend_from_slice(state.as_str().as_bytes());
        }
        out.push(b'}');
    });
}

/// The reply to where now.
#[must_use]
pub fn where_now(channels: &[ChannelName]) -> Vec<u8> {
    let mut out = br#"{"status":200,"message":"OK","payload":{"channels":"#.to_vec();
    write_list(&mut out, channels, |out, channel| push_string(out, channel.as_str()));
    out.extend_from_slice(br#"},"service":"Presence"}"#);
    out
}

/// The reply to set state.
#[must_use]
pub fn state_set(state: &Json) -> String {
    format!(r#"{{"status":200,"message":"OK","payload":{},"service":"Presence"}}"#, state.as_str())
}

/// The reply to get state on exactly one channel.
#[must_use]
pub fn state_single(user: &UserId, channel: &ChannelName, state: Option<&Json>) -> Vec<u8> {
    let mut out = br#"{"status":200,"message":"OK","payload":"#.to_vec();
    out.extend_from_slice(state.map_or("{}", Json::as_str).as_bytes());
    out.extend_from_slice(br#","uuid":"#);
    push_string(&mut out, user.as_str());
    out.extend_from_slice(br#","channel":"#);
    push_string(&mut out, channel.as_str());
    out.extend_from_slice(br#","service":"Presence"}"#);
    out
}

/// The reply to get state on several channels or on groups.
#[must_use]
pub fn state_many(user: &UserId, states: &[(ChannelName, Option<Json>)]) -> Vec<u8> {
    let mut out = br#"{"status":200,"message":"OK","payload":{"channels":{"#.to_vec();
    for (index, (channel, state)) in states.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_string(&mut out, channel.as_str());
        out.push(b':');
        out.extend_from_slice(state.as_ref().map_or("{}", Json::as_str).as_bytes());
    }
    out.extend_from_slice(br#"}},"uuid":"#);
    push_string(&mut out, user.as_str());
    out.extend_from_slice(br#","service":"Presence"}"#);
    out
}

fn write_list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user() -> impl Strategy<Value = UserId> {
        "[a-z\"\\\\é]{1,9}".prop_map(|text| UserId::new(text).unwrap())
    }

    fn state() -> impl Strategy<Value = Option<Json>> {
        prop::sample::select(vec![None, Json::parse(r#"{"mood":"ok","deep":{"a":[1,null]}}"#)])
    }

    fn what() -> impl Strategy<Value = What> {
        let users = || prop::collection::vec(user(), 0..3);
        let delta = (users(), users(), users(), any::<bool>()).prop_map(|(join, leave, timeout, here_now_refresh)| {
            What::Interval(Delta { join, leave, timeout, here_now_refresh })
        });
        prop_oneof![
            (user(), state()).prop_map(|(user, state)| What::Join(user, state)),
            (user(), state()).prop_map(|(user, state)| What::Leave(user, state)),
            (user(), state()).prop_map(|(user, state)| What::Timeout(user, state)),
            user().prop_map(|user| What::StateChange(user, Json::parse("{}").unwrap())),
            delta,
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(channel in "[a-z.*]{1,9}", millis in 0..u64::MAX / 2, occupancy in 0..9_usize, what in what()) {
            let channel = ChannelName::new(channel).unwrap();
            let event = Event { channel, at: Timestamp::from_millis(millis), occupancy, what };
            let mut payload = Vec::new();
            event.write_payload(&mut payload);
            let payload = Json::parse(std::str::from_utf8(&payload).unwrap()).unwrap();
            prop_assert_eq!(Event::read(&event.channel.presence(), &payload), Some(event));
        }
    }

    #[test]
    fn what_is_no_event_is_not_read() {
        for text in ["1", "{}", r#"{"action":"dance","timestamp":1}"#, r#"{"action":"join","timestamp":1}"#, "\"join\""]
        {
            let payload = Json::parse(text).unwrap();
            assert_eq!(Event::read(&ChannelName::new("room-pnpres").unwrap(), &payload), None, "{text}");
        }
    }
}
