//! Presence calls (`docs/protocol/presence.md`).

use std::collections::HashSet;
use std::time::Duration;

use engine::access::Permit;
use engine::access::acts::{self, Places};
use engine::presence::{Device, Page, Seats};
use wire::presence::Occupancy;
use wire::{ChannelName, InstanceId, Json, Refusal, UserId, names::pattern_prefix};

use crate::keyset::Keyset;

/// Who calls, from which of the user's clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The client.
    pub instance: InstanceId,
}

impl Caller {
    pub(crate) fn device(&self) -> Device<'_> {
        Device { user: &self.user, instance: &self.instance }
    }
}

/// How a caller comes to its places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Whether it renews where it is present already.
    pub(crate) renews: bool,
    /// Whether it comes with a poll that is open from now on.
    pub(crate) polls: bool,
}

/// What a here-now call asks.
#[derive(Clone, Copy, Debug)]
pub struct HereNow {
    /// Whether a pattern means the channels that match it, and not the channel of that name.
    pub patterns: bool,
    /// Which users to list on each channel; none to count only.
    pub page: Option<Page>,
}

/// Channels that are looked at in one turn, so that a long answer does not hold up everyone else.
const CHANNELS_A_TURN: usize = 64;

impl Keyset {
    /// Joins or renews the caller on channels and on all channels of groups. `states` are by channel or group.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`] when there is no room to join; where the caller is already, it is renewed all the same.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn heartbeat(
        &self,
        permit: Permit<acts::Heartbeat>,
        caller: &Caller,
        states: &[(String, Json)],
        timeout: Duration,
    ) -> Result<(), Refusal> {
        self.arrive(caller, &permit.act().0, states, timeout, Arrival { renews: true, polls: false }).map(drop)
    }

    /// The same without a permit, for calls that have theirs.
    pub(crate) fn arrive(
        &self,
        caller: &Caller,
        places: &Places,
        states: &[(String, Json)],
        timeout: Duration,
        arrival: Arrival,
    ) -> Result<Seats, Refusal> {
        let state_of = |name: &str| states.iter().find(|(key, _)| key == name).map(|(_, state)| state.clone());
        let mut arrivals = Vec::with_capacity(places.channels.len());
        for channel in &places.channels {
            arrivals.push((channel.clone(), state_of(channel.as_str())));
        }
        for group in &places.groups {
            let state = state_of(group.as_str());
            for channel in self.group(group).channels() {
                arrivals.push((channel.clone(), state_of(channel.as_str()).or_else(|| state.clone())));
            }
        }
        arrivals.retain(|(channel, _)| !channel.is_presence());
        if arrivals.len() > 1 {
            let mut seen = HashSet::with_capacity(arrivals.len());
            arrivals.retain(|(channel, _)| seen.insert(channel.clone()));
        }
        if arrivals.is_empty() {
            return Ok(Seats::new());
        }
        let room = self.check_room();
        self.with_presence(|presence, now, effects| {
            let mut refused = false;
            if !arrival.renews || room.is_err() {
                arrivals.retain(|(channel, _)| {
                    let is_there = presence.is_present(&caller.user, channel, now);
                    refused |= !is_there && room.is_err() && self.has_presence(channel);
                    if is_there { arrival.renews } else { room.is_ok() }
                });
            }
            if room.is_err() {
                // A state may be as large as many members.
                arrivals.iter_mut().for_each(|(_, state)| *state = None);
            }
            let seats = presence.arrive(caller.device(), &arrivals, timeout, now, effects);
            if refused {
                return Err(Refusal::OutOfMemory);
            }
            if arrival.polls {
                // In the same turn: were the caller's last poll to close in between, it would leave.
                presence.hold(&seats, now);
            }
            Ok(seats)
        })
    }

    fn has_presence(&self, channel: &ChannelName) -> bool {
        self.options().presence.rules.rules.announced(channel).is_some()
    }

    /// Takes the caller off channels and off all channels of groups.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn leave(&self, permit: Permit<acts::Leave>, caller: &Caller) {
        let channels = self.channels_of(&permit.act().0);
        self.with_presence(|presence, now, effects| presence.leave(caller.device(), &channels, now, effects));
    }

    /// Who is on which channel, exactly at this moment. Channels without occupants are in the answer only where they
    /// were asked for by name.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn here_now(&self, permit: Permit<acts::HereNow>, request: HereNow) -> Vec<Occupancy> {
        let mut channels = Vec::new();
        for channel in self.channels_of(&permit.act().0) {
            match pattern_prefix(channel.as_str()).filter(|_| request.patterns) {
                Some(prefix) => channels.extend(self.occupied(Some(prefix))),
                None => channels.push(channel),
            }
        }
        let mut seen = HashSet::new();
        channels.retain(|channel| seen.insert(channel.clone()));
        self.occupancies(&channels, request.page)
    }

    /// Who is on which channel, on all that have an occupant.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn here_now_everywhere(&self, _permit: Permit<acts::HereNowEverywhere>, page: Option<Page>) -> Vec<Occupancy> {
        self.occupancies(&self.occupied(None), page)
    }

    fn occupancies(&self, channels: &[ChannelName], page: Option<Page>) -> Vec<Occupancy> {
        let mut answer = Vec::with_capacity(channels.len());
        for turn in channels.chunks(CHANNELS_A_TURN) {
            answer.extend(self.with_presence(|presence, now, _| {
                turn.iter().map(|channel| presence.here_now(channel, page, now)).collect::<Vec<_>>()
            }));
        }
        answer
    }

    fn occupied(&self, prefix: Option<&str>) -> Vec<ChannelName> {
        self.with_presence(|presence, now, _| presence.occupied(prefix, now))
    }

    /// The channels that a user is on; with `among`, only those that it names or matches by a pattern.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn where_now(&self, _permit: Permit<acts::WhereNow>, user: &UserId, among: &[ChannelName]) -> Vec<ChannelName> {
        let mut channels = self.with_presence(|presence, now, _| presence.where_now(user, now));
        let matches = |channel: &ChannelName, wanted: &ChannelName| match pattern_prefix(wanted.as_str()) {
            Some(prefix) => channel.as_str().starts_with(prefix),
            None => channel == wanted,
        };
        channels.retain(|channel| among.is_empty() || among.iter().any(|wanted| matches(channel, wanted)));
        channels
    }

    /// Sets a user's state on channels and on all channels of groups.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`] when there is no room for it; an empty state, which takes none, is always set.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn set_state(&self, permit: Permit<acts::SetState>, user: &UserId, state: &Json) -> Result<(), Refusal> {
        if !state.is_empty_object() {
            self.check_room()?;
        }
        let channels = self.channels_of(&permit.act().0);
        self.with_presence(|presence, now, effects| presence.set_state(user, &channels, state, now, effects));
        Ok(())
    }

    /// A user's state on each of the channels, and of the channels of the groups.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn states(&self, permit: Permit<acts::GetState>, user: &UserId) -> Vec<(ChannelName, Option<Json>)> {
        let channels = self.channels_of(&permit.act().0);
        self.with_presence(|presence, now, _| {
            channels.into_iter().map(|channel| (channel.clone(), presence.state(user, &channel, now))).collect()
        })
    }

    /// Whether a subscribe renews. It does wherever polls matter, since a poll can keep only what it has taken.
    pub(crate) fn subscribes_renew(&self) -> bool {
        self.options().presence.renew_by_subscribe || self.polls_matter()
    }

    pub(crate) fn polls_matter(&self) -> bool {
        let options = self.options();
        let rules = &options.presence.rules;
        rules.open_poll_is_presence || rules.leave_on_disconnect
    }

    /// The channels that are meant, each once, without presence streams.
    fn channels_of(&self, places: &Places) -> Vec<ChannelName> {
        let mut channels = places.channels.clone();
        for group in &places.groups {
            channels.extend_from_slice(self.group(group).channels());
        }
        channels.retain(|channel| !channel.is_presence());
        if channels.len() > 1 {
            let mut seen = HashSet::with_capacity(channels.len());
            channels.retain(|channel| seen.insert(channel.clone()));
        }
        channels
    }
}
