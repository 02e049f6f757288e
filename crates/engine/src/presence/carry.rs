//! Carrying everybody over: into the next process, and into other rules.

use wire::{InstanceId, Timestamp};

use super::devices;
use super::term::{Term, Tick};
use super::{Devices, Effects, Options, Presence, Restart, SaveCursor, SavedDevice, SavedSeat, meant};

/// What outlives the process.
impl Presence {
    /// A number that grows with every change that a save should hold: a save is worth taking when it has grown since
    /// the last one. Renewals do not count, because after a crash everybody gets the full timeout anyway.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Saves a portion: looks at the next `most` seats and answers with what they hold and where to go on, until `None`.
    ///
    /// What changes between two portions may be saved as before or as after; who leaves and joins in that time may be
    /// saved twice or not at all. A save without commands in between is exact.
    #[must_use]
    pub fn save(&self, from: SaveCursor, most: usize, now: Timestamp) -> (Vec<SavedSeat>, Option<SaveCursor>) {
        let now = now.max(self.now);
        let end = from.0.saturating_add(u32::try_from(most.max(1)).unwrap_or(u32::MAX)).min(self.roster.reach());
        let saved = (from.0..end).filter_map(|slot| self.saved(slot, now)).collect();
        (saved, (end < self.roster.reach()).then_some(SaveCursor(end)))
    }

    /// Takes over a whole save, in any order, before the first command. Tells nobody: those who were there still are.
    ///
    /// Who is here already is kept as it is, and what no longer has presence by the rules is dropped.
    pub fn restore(&mut self, mut seats: Vec<SavedSeat>, how: Restart, now: Timestamp) {
        let now = self.pass(now);
        seats.sort_by_key(|seat| seat.joined);
        for seat in seats {
            self.restore_seat(&seat, how, now);
        }
        self.revision += 1;
    }
}

/// What an operator changes.
impl Presence {
    /// Goes on by other rules, with everyone who has presence by these too: what a restart with them would do, without
    /// the time in between. What interval events would tell later is told now; nobody else is told anything.
    ///
    /// The handles of seats that were given out stand for nothing any more.
    pub fn reconfigure(&mut self, options: Options, now: Timestamp, effects: &mut Effects) {
        self.flush(now, effects);
        let (seats, _) = self.save(SaveCursor::default(), usize::MAX, now);
        self.begin_anew(options);
        self.restore(seats, Restart::Clean, now);
    }

    /// Forgets everybody, and tells nobody.
    pub fn clear(&mut self) {
        self.begin_anew(self.options.clone());
        self.revision += 1;
    }

    /// The numbers of stays go on, so that no handle from before is one of somebody else.
    fn begin_anew(&mut self, options: Options) {
        let mut next = Self { now: self.now, revision: self.revision, ..Self::new(options) };
        next.roster.begin_after(self.roster.begun());
        *self = next;
    }
}

impl Presence {
    fn saved(&self, slot: u32, now: Timestamp) -> Option<SavedSeat> {
        let seat = self.roster.seat(slot)?;
        let (channel, ..) = self.roster.channel(seat);
        let remaining = |term: Term, open_polls: bool| match open_polls && self.options.open_poll_is_presence {
            // The poll ends with the process, so the timeout starts then.
            true => u64::from(term.timeout_seconds()) * 1000,
            false => term.remaining_millis(now),
        };
        let devices = seat.extra().map_or(&[][..], |extra| &extra.devices);
        // A seat keeps the lower half of its number; the upper half is that of the count, or one less.
        let age = (self.roster.begun() as u32).wrapping_sub(seat.stay());
        Some(SavedSeat {
            channel: channel.clone(),
            user: seat.user.clone(),
            present: seat.is_present(),
            joined: self.roster.begun().saturating_sub(u64::from(age)),
            state: seat.state().cloned(),
            timeout_seconds: seat.term().timeout_seconds(),
            remaining_millis: remaining(seat.term(), seat.extra().is_some_and(devices::Extra::polled)),
            devices: devices
                .iter()
                .map(|device| SavedDevice {
                    instance: device.instance.clone(),
                    timeout_seconds: device.term.timeout_seconds(),
                    remaining_millis: remaining(device.term, device.polls > 0),
                })
                .collect(),
        })
    }

    fn restore_seat(&mut self, seat: &SavedSeat, how: Restart, now: Timestamp) {
        let user_hash = self.roster.hash_user(&seat.user);
        if self.roster.find(&seat.channel, &seat.user, user_hash).is_some() {
            return;
        }
        let term = |timeout_seconds: u16, remaining_millis: u64| match how {
            // It was over when it was saved, only not told. It must not come back to life for a moment.
            Restart::Clean | Restart::Crash if remaining_millis == 0 => {
                Term::until(Tick::reached(now), timeout_seconds)
            }
            Restart::Clean => Term::until(Tick::after(now, remaining_millis), timeout_seconds),
            Restart::Crash => Term::from(now, timeout_seconds),
        };
        let own = term(seat.timeout_seconds, seat.remaining_millis);
        let Some(slot) = self.add(&seat.channel, &seat.user, user_hash, own, &mut Effects::default()) else { return };
        self.roster.set_state(slot, seat.state.as_ref().and_then(meant));
        if !seat.present {
            return;
        }
        if self.options.devices == Devices::Counted && seat.devices.is_empty() {
            self.roster.hear(slot, &InstanceId::unnamed(), own, Tick::reached(now));
        }
        for device in &seat.devices {
            let term = term(device.timeout_seconds, device.remaining_millis);
            self.roster.hear(slot, &device.instance, term, Tick::reached(now));
        }
        self.roster.enter(slot);
    }
}
