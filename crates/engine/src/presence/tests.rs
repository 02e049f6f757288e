//! The rules of `docs/protocol/presence.md`, one scenario each.

mod bounds;
mod devices;
mod intervals;
mod model;
mod polls;
mod reconfigured;
mod restarts;
mod states;
mod stays;
mod times;

use std::time::Duration;

use wire::presence::{Action, Delta, Event, What};
use wire::{ChannelName, InstanceId, Json, Timestamp, UserId};

use super::*;

const START: u64 = 1_700_000_000_000;

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

fn user(name: &str) -> UserId {
    UserId::new(name).expect("a user id")
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A key set, and seconds since it began.
struct World {
    presence: Presence,
    effects: Effects,
    millis: u64,
}

impl World {
    fn new(options: Options) -> Self {
        Self { presence: Presence::new(options), effects: Effects::default(), millis: START }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis)
    }

    /// Time goes on to `seconds` after the start.
    fn at(&mut self, seconds: u64) -> &mut Self {
        self.millis = START + seconds * 1000;
        self
    }

    /// `who` is a user, or a user and a device: `ann`, `ann@phone`.
    fn arrive_with(&mut self, who: &str, name: &str, timeout: u64, state: Option<&str>) -> Seats {
        let (who, device) = who.split_once('@').unwrap_or((who, ""));
        let (user, instance) = (user(who), InstanceId::new(device).expect("an instance"));
        let now = self.now();
        self.presence.arrive(
            Device { user: &user, instance: &instance },
            &[(channel(name), state.map(json))],
            secs(timeout),
            now,
            &mut self.effects,
        )
    }

    fn arrive(&mut self, who: &str, name: &str, timeout: u64) -> Seats {
        self.arrive_with(who, name, timeout, None)
    }

    fn leave(&mut self, who: &str, name: &str) {
        let (who, device) = who.split_once('@').unwrap_or((who, ""));
        let (user, instance) = (user(who), InstanceId::new(device).expect("an instance"));
        let now = self.now();
        self.presence.leave(Device { user: &user, instance: &instance }, &[channel(name)], now, &mut self.effects);
    }

    fn set_state(&mut self, who: &str, name: &str, state: &str) {
        let now = self.now();
        self.presence.set_state(&user(who), &[channel(name)], &json(state), now, &mut self.effects);
    }

    fn hold(&mut self, seats: &Seats) {
        let now = self.now();
        self.presence.hold(seats, now);
    }

    fn release(&mut self, seats: &Seats, how: Release) {
        let now = self.now();
        self.presence.release(seats, how, now, &mut self.effects);
    }

    fn advance(&mut self) {
        let now = self.now();
        while self.presence.advance(now, 7, &mut self.effects) {}
    }

    fn state(&self, who: &str, name: &str) -> Option<String> {
        let state = self.presence.state(&user(who), &channel(name), self.now());
        state.map(|state| state.as_str().to_owned())
    }

    /// The names on a channel, checked against the occupancy.
    fn here(&self, name: &str) -> Vec<String> {
        let all = Page { limit: usize::MAX, offset: 0 };
        let answer = self.presence.here_now(&channel(name), Some(all), self.now());
        let names: Vec<_> = answer.occupants.expect("a page").into_iter().map(|who| who.user.to_string()).collect();
        assert_eq!(answer.occupancy, names.len());
        names
    }

    /// The events since the last call, one line each.
    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.effects).events.iter().map(line).collect()
    }
}

fn line(event: &Event) -> String {
    let Event { channel, at, occupancy, what } = event;
    let data = |state: &Option<Json>| state.as_ref().map_or(String::new(), |state| format!(" {state:?}"));
    let what = match what {
        What::Join(user, state) => format!("join {user}{}", data(state)),
        What::Leave(user, state) => format!("leave {user}{}", data(state)),
        What::Timeout(user, state) => format!("timeout {user}{}", data(state)),
        What::StateChange(user, state) => format!("state-change {user} {state:?}"),
        What::Interval(Delta { here_now_refresh: true, .. }) => "interval refresh".to_owned(),
        What::Interval(delta) => {
            let names = |users: &[UserId]| users.iter().map(UserId::as_str).collect::<Vec<_>>().join(",");
            format!("interval +{} -{} ~{}", names(&delta.join), names(&delta.leave), names(&delta.timeout))
        }
    };
    let millis = at.millis() - START;
    format!("{}.{:03} {channel} {what} = {occupancy}", millis / 1000, millis % 1000)
}

fn world() -> World {
    World::new(Options::default())
}
