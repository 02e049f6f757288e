//! Presence of one key set: who is on which channel, until when, and what is told about it
//! (`docs/protocol/presence.md`).
//!
//! - A read at `now` gives the same answer whether or not [`Presence::advance`] has run.
//! - A heartbeat after the deadline is a lapse and then a join. Nobody lapses before the deadline.
//! - Each stay of a user on a channel has one beginning and one end, and [`Effects`] tell both in order. Occupancy in
//!   an event counts those whose end has not been told yet, so that following the events gives the same numbers.
//! - Time does not run backwards here: a `now` before the latest one seen counts as the latest. A caller whose clock is
//!   set back by a minute keeps everybody a minute longer; a caller with a steady clock has no such minute.
//! - Names of presence streams, and channels that no rule selects, leave no trace.
//! - Nothing here knows the clock, the network or the store, and nothing here locks or waits. The caller keeps a
//!   `Presence` behind a lock and publishes the effects of a command before it gives the lock back: their order is the
//!   order in which they happened.
//!
//! How it is done: `roster` keeps the seats, `wheel` their deadlines, `announce` turns changes into events, `questions`
//! answers who is where, `carry` takes everybody over into the next process.

mod announce;
mod carry;
mod devices;
mod index;
mod members;
mod options;
mod questions;
mod roster;
mod rules;
mod saved;
mod slots;
mod term;
mod wheel;

#[cfg(test)]
mod tests;

use std::time::Duration;

use smallvec::SmallVec;
use wire::presence::{Action, Event, What};
use wire::{ChannelName, InstanceId, Json, Timestamp, UserId};

use self::announce::{Announcer, Change, Kind};
use self::roster::{Review, Roster};
use self::term::{Term, Tick};

pub use self::options::{Devices, Options};
pub use self::rules::{Actions, Rule, Rules};
pub use self::saved::{Restart, SaveCursor, SavedDevice, SavedSeat};

/// How long the state of a user that is not there is kept: the default timeout, so that a client that sets state first
/// and then subscribes finds it.
const ABSENT_STATE_SECONDS: u16 = 300;

/// Who a command speaks for.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The user.
    pub user: &'a UserId,
    /// The device, as it names itself; it matters only with [`Devices::Counted`].
    pub instance: &'a InstanceId,
}

/// A handle of one stay of a device on a channel. Once the stay is over it stands for nothing, also when the user came
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatId {
    slot: u32,
    stay: u32,
    device: u32,
}

/// The handles of the seats that a request renewed.
pub type Seats = SmallVec<[SeatId; 1]>;

/// How an open poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// It was answered.
    Answered,
    /// Its connection closed.
    Dropped,
}

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many to list at most.
    pub limit: usize,
    /// How many to skip.
    pub offset: usize,
}

/// What commands did, in order. Commands add to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// What subscribers are told.
    pub events: Vec<Event>,
    /// Which channels became active and inactive, in a key set that asks for it.
    pub notices: Vec<Notice>,
    /// How many stays began.
    pub joined: usize,
    /// How many ended with a leave.
    pub left: usize,
    /// How many ended with their timeout.
    pub lapsed: usize,
    /// How many could not begin, because all seats are taken.
    pub refused: usize,
}

impl Effects {
    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A channel got its first occupant, or lost its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The channel.
    pub channel: ChannelName,
    /// Whether somebody is there now.
    pub active: bool,
    /// Since when.
    pub at: Timestamp,
}

/// Who is where in one key set, and what is told about it.
///
/// ```
/// use std::time::Duration;
/// use engine::presence::{Device, Effects, Options, Page, Presence};
/// use wire::{ChannelName, InstanceId, Timestamp, UserId};
///
/// let lobby = ChannelName::new("lobby")?;
/// let (ann, phone) = (UserId::new("ann")?, InstanceId::unnamed());
/// let (mut presence, mut effects) = (Presence::new(Options::default()), Effects::default());
///
/// let noon = Timestamp::from_millis(1_700_000_000_000);
/// let ann = Device { user: &ann, instance: &phone };
/// presence.arrive(ann, &[(lobby.clone(), None)], Duration::from_secs(20), noon, &mut effects);
/// assert_eq!(effects.events.len(), 1);
/// assert_eq!(presence.here_now(&lobby, None, noon).occupancy, 1);
/// assert_eq!(presence.here_now(&lobby, None, noon + Duration::from_secs(20)).occupancy, 0);
/// # Ok::<(), wire::InvalidName>(())
/// ```
#[derive(Debug)]
pub struct Presence {
    options: Options,
    max_timeout_seconds: u16,
    /// The latest time seen.
    now: Timestamp,
    roster: Roster,
    announcer: Announcer,
    revision: u64,
}

/// Commands of clients.
impl Presence {
    /// A key set in which nobody is anywhere.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let counted = options.devices == Devices::Counted;
        Self {
            max_timeout_seconds: whole_seconds(options.max_timeout).max(1),
            now: Timestamp::from_millis(0),
            roster: Roster::new(options.seats_max, counted, options.open_poll_is_presence),
            announcer: Announcer::new(options.announce_max, options.interval, options.deltas),
            revision: 0,
            options,
        }
    }

    /// A subscribe or a heartbeat: joins the channels or renews on them, with the state that the request carried for
    /// each, which must be a JSON object. Answers with the handles of the seats.
    ///
    /// The timeout is counted in whole seconds, rounded up, from one second to [`Options::max_timeout`].
    pub fn arrive(
        &mut self,
        who: Device<'_>,
        channels: &[(ChannelName, Option<Json>)],
        timeout: Duration,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Seats {
        let now = self.pass(now);
        let timeout_seconds = self.timeout_seconds(timeout);
        let user_hash = self.roster.hash_user(who.user);
        let mut seats = Seats::new();
        for (channel, state) in channels {
            seats.extend(self.take_seat(who, user_hash, channel, state.as_ref(), timeout_seconds, now, effects));
        }
        seats
    }

    /// The same as [`Presence::arrive`] without state, by handles, for a client that asks for the same channels again.
    /// Answers `false` when one of the seats is no longer taken; the caller then says [`Presence::arrive`] with names.
    #[must_use]
    pub fn renew(&mut self, seats: &[SeatId], timeout: Duration, now: Timestamp) -> bool {
        let now = self.pass(now);
        let timeout_seconds = self.timeout_seconds(timeout);
        let mut all = true;
        for id in seats {
            let seat = self.slot_of(*id).and_then(|slot| Some((slot, self.roster.seat(slot)?.term())));
            let Some((slot, before)) = seat else {
                all = false;
                continue;
            };
            self.revision += u64::from(before.timeout_seconds() != timeout_seconds);
            all &= self.roster.renew(slot, id.device, Some(timeout_seconds), now);
        }
        all
    }

    /// A poll is now open on these seats, until [`Presence::release`].
    pub fn hold(&mut self, seats: &[SeatId], now: Timestamp) {
        let now = self.pass(now);
        if !self.polls_matter() {
            return;
        }
        for id in seats {
            if let Some(slot) = self.slot_of(*id) {
                self.roster.hold(slot, id.device, Tick::reached(now));
            }
        }
    }

    /// The poll that was open on these seats has ended. An answer renews the seats that are still taken and joins
    /// nothing. A closed connection is a leave if the key set says so and the device has no other poll open; otherwise,
    /// where open polls are presence, the timeout starts now.
    pub fn release(&mut self, seats: &[SeatId], how: Release, now: Timestamp, effects: &mut Effects) {
        let now = self.pass(now);
        let tick = Tick::reached(now);
        for id in seats {
            let Some(slot) = self.slot_of(*id) else { continue };
            // Asked before the poll is given back, since the poll may be what keeps the seat.
            let renewed = match how {
                Release::Answered => self.roster.renew(slot, id.device, None, now),
                Release::Dropped if self.options.open_poll_is_presence => self.roster.renew(slot, id.device, None, now),
                Release::Dropped => !self.roster.is_due(slot, tick),
            };
            let polls = if self.polls_matter() { self.roster.unhold(slot, id.device) } else { Some(0) };
            if renewed && how == Release::Dropped && self.options.leave_on_disconnect && polls == Some(0) {
                self.depart(slot, id.device, tick, effects);
            }
        }
    }

    /// A leave call. Nobody needs to have been there.
    pub fn leave(&mut self, who: Device<'_>, channels: &[ChannelName], now: Timestamp, effects: &mut Effects) {
        let tick = Tick::reached(self.pass(now));
        let user_hash = self.roster.hash_user(who.user);
        for channel in channels {
            let Some(slot) = self.find(channel, who.user, user_hash, tick, effects) else { continue };
            if !self.roster.is_present(slot) {
                // Its state ends here.
                self.end(slot, Kind::Leave, effects);
            } else if let Some(device) = self.roster.device_number(slot, who.instance) {
                self.depart(slot, device, tick, effects);
            }
        }
    }

    /// Replaces the state of a user, a JSON object, on each of the channels; `{}` is no state. Whoever is not there
    /// has its state kept for a while, without joining.
    pub fn set_state(
        &mut self,
        user: &UserId,
        channels: &[ChannelName],
        state: &Json,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let now = self.pass(now);
        let user_hash = self.roster.hash_user(user);
        for channel in channels {
            match self.find(channel, user, user_hash, Tick::reached(now), effects) {
                Some(slot) => self.restate(slot, state, now, effects),
                None if state.is_empty_object() => {}
                None => {
                    let term = Term::from(now, ABSENT_STATE_SECONDS);
                    if let Some(slot) = self.add(channel, user, user_hash, term, effects) {
                        self.roster.set_state(slot, meant(state));
                        self.revision += 1;
                    }
                }
            }
        }
    }
}

/// Time.
impl Presence {
    /// Tells of the timeouts and intervals that are due, after at most `budget` looks at a seat or users listed.
    /// Answers whether more is due: then call again soon, and let others have the lock in between.
    ///
    /// Timeouts go first, so that an interval event holds those of its own moment.
    pub fn advance(&mut self, now: Timestamp, budget: usize, effects: &mut Effects) -> bool {
        let now = self.pass(now);
        let mut budget = budget;
        while let Some(slot) = self.roster.overdue() {
            if budget == 0 {
                return true;
            }
            budget -= 1;
            match self.roster.review(slot, now) {
                Review::Over => self.end(slot, Kind::Timeout, effects),
                Review::Stays => {}
            }
        }
        self.announcer.advance(now, &mut budget, &mut effects.events)
    }

    /// Tells now what interval events would tell later. For the last moment before an orderly stop: what was gathered
    /// is not saved, and who follows the events would miss it.
    pub fn flush(&mut self, now: Timestamp, effects: &mut Effects) {
        let now = self.pass(now);
        self.announcer.flush(now, &mut effects.events);
    }

    /// When to call [`Presence::advance`] next. Nothing is due before; it may turn out that nothing is due then.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let timeout = self.roster.next().map(Tick::timestamp);
        timeout.into_iter().chain(self.announcer.next()).min()
    }
}

impl Presence {
    /// Makes `now` the present, unless it is past, and answers with the present.
    fn pass(&mut self, now: Timestamp) -> Timestamp {
        self.now = self.now.max(now);
        self.roster.pass(Tick::reached(self.now));
        self.now
    }

    fn tick(&self, now: Timestamp) -> Tick {
        Tick::reached(now.max(self.now))
    }

    fn timeout_seconds(&self, timeout: Duration) -> u16 {
        whole_seconds(timeout).clamp(1, self.max_timeout_seconds)
    }

    /// Whether it matters which polls are open. If not, they are not counted, which saves the memory.
    fn polls_matter(&self) -> bool {
        self.options.open_poll_is_presence || self.options.leave_on_disconnect
    }

    fn slot_of(&self, id: SeatId) -> Option<u32> {
        let seat = self.roster.seat(id.slot)?;
        (seat.is_present() && seat.stay() == id.stay).then_some(id.slot)
    }

    /// The seat of a user on a channel. One whose deadline has passed is ended first: it is not there any more.
    fn find(
        &mut self,
        channel: &ChannelName,
        user: &UserId,
        user_hash: u64,
        now: Tick,
        effects: &mut Effects,
    ) -> Option<u32> {
        let slot = self.roster.find(channel, user, user_hash)?;
        if self.roster.is_due(slot, now) {
            self.end(slot, Kind::Timeout, effects);
            return None;
        }
        Some(slot)
    }

    /// Adds a seat on which nobody is yet, if the channel has presence and a seat is free.
    fn add(
        &mut self,
        channel: &ChannelName,
        user: &UserId,
        user_hash: u64,
        term: Term,
        effects: &mut Effects,
    ) -> Option<u32> {
        let announced = self.options.rules.announced(channel)?;
        let slot = self.roster.add(channel, announced, user, user_hash, term);
        effects.refused += usize::from(slot.is_none());
        slot
    }

    #[expect(clippy::too_many_arguments, reason = "one step of `arrive`, with what it has found out for all channels")]
    fn take_seat(
        &mut self,
        who: Device<'_>,
        user_hash: u64,
        channel: &ChannelName,
        state: Option<&Json>,
        timeout_seconds: u16,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Option<SeatId> {
        let tick = Tick::reached(now);
        let term = Term::from(now, timeout_seconds);
        let slot = match self.find(channel, who.user, user_hash, tick, effects) {
            Some(slot) => slot,
            None => self.add(channel, who.user, user_hash, term, effects)?,
        };
        let before = self.roster.seat(slot)?;
        let (was_present, old_timeout) = (before.is_present(), before.term().timeout_seconds());
        if let Some(state) = state {
            self.roster.set_state(slot, meant(state));
        }
        let (device, is_new) = self.roster.hear(slot, who.instance, term, tick);
        if !was_present {
            self.roster.enter(slot);
            self.tell_join(slot, state.and_then(meant), effects);
        }
        if !was_present || is_new || state.is_some() || old_timeout != timeout_seconds {
            self.revision += 1;
        }
        Some(SeatId { slot, stay: self.roster.seat(slot)?.stay(), device })
    }

    fn tell_join(&mut self, slot: u32, state: Option<Json>, effects: &mut Effects) {
        let Some(seat) = self.roster.seat(slot) else { return };
        let (channel, occupancy, announced) = self.roster.channel(seat);
        effects.joined += 1;
        if occupancy == 1 && self.options.notices {
            effects.notices.push(Notice { channel: channel.clone(), active: true, at: self.now });
        }
        let change = Change { channel, user: seat.user.clone(), kind: Kind::Join, state, occupancy, announced };
        self.announcer.tell(change, self.now, &mut effects.events);
    }

    /// One device of a user leaves, and the user with it when it was the last one.
    fn depart(&mut self, slot: u32, device: u32, now: Tick, effects: &mut Effects) {
        if self.roster.forget_device(slot, device, now) {
            self.revision += 1;
        } else {
            self.end(slot, Kind::Leave, effects);
        }
    }

    /// Takes a seat away and tells it, if somebody was there.
    fn end(&mut self, slot: u32, kind: Kind, effects: &mut Effects) {
        let Some(vacated) = self.roster.remove(slot) else { return };
        self.revision += 1;
        if !vacated.was_present {
            return;
        }
        match kind {
            Kind::Leave => effects.left += 1,
            Kind::Timeout => effects.lapsed += 1,
            Kind::Join => {}
        }
        let change = Change {
            channel: &vacated.channel,
            user: vacated.user,
            kind,
            state: vacated.state,
            occupancy: vacated.occupancy,
            announced: vacated.announced,
        };
        self.announcer.tell(change, self.now, &mut effects.events);
        if vacated.occupancy == 0 && self.options.notices {
            effects.notices.push(Notice { channel: vacated.channel, active: false, at: self.now });
        }
    }

    fn restate(&mut self, slot: u32, state: &Json, now: Timestamp, effects: &mut Effects) {
        self.revision += 1;
        let Some(seat) = self.roster.seat(slot) else { return };
        if seat.is_present() {
            let (channel, occupancy, announced) = self.roster.channel(seat);
            if announced.has(Action::StateChange) {
                let what = What::StateChange(seat.user.clone(), state.clone());
                effects.events.push(Event { channel: channel.clone(), at: now, occupancy, what });
            }
            self.roster.set_state(slot, meant(state));
        } else if state.is_empty_object() {
            self.roster.remove(slot);
        } else {
            self.roster.set_term(slot, Term::from(now, ABSENT_STATE_SECONDS));
            self.roster.set_state(slot, meant(state));
        }
    }
}

/// `{}` is the same as no state.
fn meant(state: &Json) -> Option<Json> {
    (!state.is_empty_object()).then(|| state.clone())
}

/// In whole seconds, rounded up, as far as they fit.
fn whole_seconds(duration: Duration) -> u16 {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    u16::try_from(seconds).unwrap_or(u16::MAX)
}
