//! The rules of presence alone, driven as a node drives them: 64 looks before each operation, 256 every 50 ms.

use std::time::Duration;

use engine::presence::{Device, Devices, Effects, Options, Page, Presence, Restart, SaveCursor};
use wire::presence::Event;
use wire::{ChannelName, InstanceId, Json, Timestamp, UserId};

use super::site::Site;

/// What a node does, without the node: `node::keyset` and `node::upkeep`.
const LOOKS_AN_OPERATION: usize = 64;
const LOOKS_A_TURN: usize = 256;
const TURN_MILLIS: u64 = 50;

/// Any moment after 1970, on the grid of turns.
const BEGIN_MILLIS: u64 = 1_700_000_000_000;

/// The rules of presence.
pub struct EngineSite {
    options: Options,
    presence: Presence,
    effects: Effects,
    /// How long the server was down, all restarts together.
    down: u64,
}

impl EngineSite {
    /// Nobody is there.
    #[must_use]
    pub fn new(options: &super::Options) -> Self {
        let options = rules(options);
        Self { presence: Presence::new(options.clone()), options, effects: Effects::default(), down: 0 }
    }

    fn at(&self, now: u64) -> Timestamp {
        Timestamp::from_millis(BEGIN_MILLIS + self.down + now)
    }

    /// What is due passes before each operation.
    fn begin(&mut self, now: u64) -> Timestamp {
        let now = self.at(now);
        self.presence.advance(now, LOOKS_AN_OPERATION, &mut self.effects);
        now
    }
}

/// The rules of a key set in a simulation.
pub(super) fn rules(options: &super::Options) -> Options {
    Options {
        announce_max: options.announce_max,
        interval: Duration::from_secs(options.interval),
        deltas: true,
        devices: if options.devices > 1 { Devices::Counted } else { Devices::Single },
        ..Options::default()
    }
}

impl Site for EngineSite {
    fn pass(&mut self, to: u64) -> u64 {
        // Turns in which nothing is due change nothing: they are left out.
        let due = self.presence.next_due().map(|due| due.millis().saturating_sub(BEGIN_MILLIS + self.down));
        let Some(turn) = due.map(|due| due.next_multiple_of(TURN_MILLIS)).filter(|turn| *turn <= to) else { return to };
        let at = self.at(turn);
        while self.presence.advance(at, LOOKS_A_TURN, &mut self.effects) {}
        turn
    }

    fn arrive(
        &mut self,
        user: &UserId,
        instance: &InstanceId,
        places: &[(ChannelName, Option<Json>)],
        timeout: u64,
        now: u64,
    ) {
        let now = self.begin(now);
        let device = Device { user, instance };
        self.presence.arrive(device, places, Duration::from_secs(timeout), now, &mut self.effects);
    }

    fn leave(&mut self, user: &UserId, instance: &InstanceId, channels: &[ChannelName], now: u64) {
        let now = self.begin(now);
        let device = Device { user, instance };
        self.presence.leave(device, channels, now, &mut self.effects);
    }

    fn set_state(&mut self, user: &UserId, channels: &[ChannelName], state: &Json, now: u64) {
        let now = self.begin(now);
        self.presence.set_state(user, channels, state, now, &mut self.effects);
    }

    fn here(&mut self, channel: &ChannelName, now: u64) -> (usize, Vec<(UserId, Option<Json>)>) {
        // Not after `begin`: a read is exact whatever was told.
        let page = Page { limit: usize::MAX, offset: 0 };
        let answer = self.presence.here_now(channel, Some(page), self.at(now));
        let occupants = answer.occupants.into_iter().flatten();
        (answer.occupancy, occupants.map(|occupant| (occupant.user, occupant.state)).collect())
    }

    fn where_now(&mut self, user: &UserId, now: u64) -> Vec<ChannelName> {
        self.presence.where_now(user, self.at(now))
    }

    fn jump(&mut self, _millis: i64) {
        // A node measures deadlines with a steady clock: the rules never see the one on the wall.
    }

    fn restart(&mut self, down_millis: u64, now: u64) {
        let at = self.begin(now);
        self.presence.flush(at, &mut self.effects);
        let mut saved = Vec::new();
        let mut from = Some(SaveCursor::default());
        while let Some(cursor) = from {
            let (seats, next) = self.presence.save(cursor, 1_000, at);
            saved.extend(seats);
            from = next;
        }
        self.down += down_millis;
        self.presence = Presence::new(self.options.clone());
        self.presence.restore(saved, Restart::Clean, self.at(now));
    }

    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.effects).events
    }
}
