//! Who is where, until when.
//!
//! - A seat is the pair of a channel and a user. A present seat stands in the list of its channel;
//!   an absent one only keeps the state of a user that is not there.
//! - A seat whose deadline has passed is over for every read, though it stays until its end has been told.
//! - A channel is known as long as it has a seat, and so is a user. Nothing is kept for the rest.
//! - No operation walks over all seats, except for a read of everything and a save, which comes in portions.
//!
//! A seat has 72 bytes, with the id of the user inside when it has up to 24 bytes, and is found through one table of
//! slot numbers: the first seat of a user by the user alone, each further one by channel and user. Most users are on one
//! channel, so most seats stand there once and not twice. Ids in a table of their own were measured and are slower by
//! two cache misses a renewal.

mod questions;

use std::hash::{BuildHasher, RandomState};

use wire::{ChannelName, InstanceId, Json, UserId};

use super::devices::Extra;
use super::index::Index;
use super::members::{List, Members};
use super::rules::Actions;
use super::slots::{NONE, Slots};
use super::term::{Term, Tick};
use super::wheel::{Linked, Links, Wheel};

#[derive(Debug)]
pub(super) struct Roster {
    seats: Slots<Seat>,
    rooms: Slots<Room>,
    members: Members,
    by_user: Index,
    by_name: Index,
    wheel: Wheel,
    /// Names are chosen by clients, so the hash is keyed, and the key is another one in each process.
    keys: RandomState,
    /// Numbers stays and devices in the order in which they begin. Seats keep the lower half.
    begun: u64,
    present: usize,
    /// What the seats, the channels and the states take.
    bytes: usize,
    devices_count: bool,
    polls_hold: bool,
}

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) user: UserId,
    extra: Option<Box<Extra>>,
    term: Term,
    room: u32,
    /// The number of the stay.
    stay: u32,
    /// Where in the list of its channel the seat is; `NONE` for an absent one.
    block: u32,
    /// The seats of the same user before and after this one; `NONE` before the first.
    of_user: Pair,
    wheel: Links,
}

#[derive(Clone, Copy, Debug)]
struct Pair {
    before: u32,
    after: u32,
}

#[derive(Debug)]
struct Room {
    name: ChannelName,
    present: List,
    /// Seats, the absent ones included.
    seats: u32,
    announced: Actions,
}

/// What was on a seat.
#[derive(Debug)]
pub(super) struct Vacated {
    pub(super) channel: ChannelName,
    pub(super) user: UserId,
    pub(super) state: Option<Json>,
    pub(super) was_present: bool,
    pub(super) occupancy: usize,
    pub(super) announced: Actions,
}

impl Linked for Slots<Seat> {
    fn links(&mut self, slot: u32) -> &mut Links {
        &mut self[slot].wheel
    }
}

impl Seat {
    pub(super) fn is_present(&self) -> bool {
        self.block != NONE
    }

    pub(super) fn term(&self) -> Term {
        self.term
    }

    pub(super) fn stay(&self) -> u32 {
        self.stay
    }

    pub(super) fn state(&self) -> Option<&Json> {
        self.extra.as_ref()?.state.as_ref()
    }

    pub(super) fn extra(&self) -> Option<&Extra> {
        self.extra.as_deref()
    }

    /// Whether it is the first one of its user.
    fn is_first(&self) -> bool {
        self.of_user.before == NONE
    }

    fn polled(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.polled())
    }

    /// Gives back the memory of an extra that holds nothing.
    fn tidy(&mut self) {
        if self.extra.as_ref().is_some_and(|extra| extra.is_empty()) {
            self.extra = None;
        }
    }
}

/// Commands.
impl Roster {
    /// A roster of at most `seats_max` seats. `devices_count`: devices of a user are told apart; `polls_hold`: an open
    /// poll keeps a seat.
    pub(super) fn new(seats_max: u32, devices_count: bool, polls_hold: bool) -> Self {
        Self {
            seats: Slots::new(seats_max),
            rooms: Slots::new(seats_max),
            members: Members::new(seats_max),
            by_user: Index::new(),
            by_name: Index::new(),
            wheel: Wheel::new(),
            keys: RandomState::new(),
            begun: 0,
            present: 0,
            bytes: 0,
            devices_count,
            polls_hold,
        }
    }

    /// Lets time pass. Nothing ends by it, but what has ended can be asked for.
    pub(super) fn pass(&mut self, now: Tick) {
        self.wheel.pass(now, &mut self.seats);
    }

    /// Adds an absent seat; `None` when there is no room for another one.
    pub(super) fn add(
        &mut self,
        channel: &ChannelName,
        announced: Actions,
        user: &UserId,
        user_hash: u64,
        term: Term,
    ) -> Option<u32> {
        if !self.seats.has_room() {
            return None;
        }
        let room = match self.room(channel) {
            Some(room) => room,
            None => self.open_room(channel, announced)?,
        };
        let stay = self.begin();
        let slot = self.seats.insert(Seat {
            user: user.clone(),
            extra: None,
            term,
            room,
            stay,
            block: NONE,
            of_user: Pair { before: NONE, after: NONE },
            wheel: Links::loose(),
        })?;
        self.rooms[room].seats += 1;
        self.bytes += SEAT_BYTES;
        self.link_user(slot, user_hash);
        self.wheel.link(slot, term.end(), &mut self.seats);
        Some(slot)
    }

    /// Makes an absent seat present: a stay begins, last in the order of the channel.
    pub(super) fn enter(&mut self, slot: u32) {
        let stay = self.begin();
        let seat = &mut self.seats[slot];
        let room = &mut self.rooms[seat.room];
        seat.stay = stay;
        seat.block = self.members.push(&mut room.present, slot, seat.term.end());
        self.present += 1;
    }

    /// Takes a seat away.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Vacated> {
        self.seats.get(slot)?;
        self.wheel.unlink(slot, &mut self.seats);
        let user_hash = self.hash_user(&self.seats[slot].user);
        self.unlink_user(slot, user_hash);
        let seat = self.seats.remove(slot)?;
        self.bytes -= SEAT_BYTES + seat.state().map_or(0, state_bytes);
        let was_present = seat.is_present();
        let room = &mut self.rooms[seat.room];
        if was_present {
            let Self { members, seats, .. } = self;
            members.remove(&mut room.present, seat.block, slot, |slot, block| seats[slot].block = block);
            self.present -= 1;
        }
        room.seats -= 1;
        let (occupancy, announced) = (room.present.len(), room.announced);
        let channel = if room.seats > 0 { room.name.clone() } else { self.close_room(seat.room)? };
        let state = seat.extra.and_then(|extra| extra.state);
        Some(Vacated { channel, user: seat.user, state, was_present, occupancy, announced })
    }

    /// Gives a seat another term.
    pub(super) fn set_term(&mut self, slot: u32, term: Term) {
        let seat = &mut self.seats[slot];
        let sooner = term.end() < seat.term.end();
        seat.term = term;
        if sooner {
            if seat.is_present() {
                self.members.sooner(seat.block, term.end());
            }
            self.relink(slot);
        }
    }

    /// Gives a seat another state.
    pub(super) fn set_state(&mut self, slot: u32, state: Option<Json>) {
        let seat = &mut self.seats[slot];
        self.bytes -= seat.state().map_or(0, state_bytes);
        self.bytes += state.as_ref().map_or(0, state_bytes);
        if state.is_some() || seat.extra.is_some() {
            seat.extra.get_or_insert_default().state = state;
            seat.tidy();
        }
    }

    /// Notes that a device of the user was heard of. Answers with the number of the device, and whether it is new.
    pub(super) fn hear(&mut self, slot: u32, instance: &InstanceId, term: Term, now: Tick) -> (u32, bool) {
        if !self.devices_count {
            self.set_term(slot, term);
            return (0, false);
        }
        let next = self.begin();
        let extra = self.seats[slot].extra.get_or_insert_default();
        extra.prune(now, self.polls_hold);
        let number = extra.heard(instance, term, next);
        let end = extra.end().unwrap_or(term.end());
        self.set_term(slot, Term::until(end, term.timeout_seconds()));
        (number, number == next)
    }

    /// Renews what the handle stands for, if its deadline has not passed.
    pub(super) fn renew(&mut self, slot: u32, device: u32, timeout_seconds: Option<u16>, now: wire::Timestamp) -> bool {
        let tick = Tick::reached(now);
        if self.is_due(slot, tick) {
            return false;
        }
        let fresh = |term: Term| Term::from(now, timeout_seconds.unwrap_or(term.timeout_seconds()));
        if !self.devices_count {
            self.set_term(slot, fresh(self.seats[slot].term));
            return true;
        }
        let polls_hold = self.polls_hold;
        let Some(extra) = self.seats[slot].extra.as_mut() else { return false };
        extra.prune(tick, polls_hold);
        let Some(found) = extra.device(device) else { return false };
        found.term = fresh(found.term);
        let timeout_seconds = found.term.timeout_seconds();
        let end = extra.end().unwrap_or(tick);
        self.set_term(slot, Term::until(end, timeout_seconds));
        true
    }

    /// Counts one more open poll of a device.
    pub(super) fn hold(&mut self, slot: u32, device: u32, now: Tick) {
        if self.is_due(slot, now) {
            return;
        }
        let (devices_count, polls_hold) = (self.devices_count, self.polls_hold);
        let extra = self.seats[slot].extra.get_or_insert_default();
        if !devices_count {
            extra.polls = extra.polls.saturating_add(1);
            return;
        }
        extra.prune(now, polls_hold);
        if let Some(device) = extra.device(device) {
            device.polls = device.polls.saturating_add(1);
        }
    }

    /// Counts one open poll of a device less. Answers with how many remain; `None` when the device is gone.
    pub(super) fn unhold(&mut self, slot: u32, device: u32) -> Option<u32> {
        let devices_count = self.devices_count;
        let seat = &mut self.seats[slot];
        if devices_count {
            let device = seat.extra.as_mut()?.device(device)?;
            device.polls = device.polls.saturating_sub(1);
            return Some(device.polls);
        }
        let Some(extra) = seat.extra.as_mut() else { return Some(0) };
        extra.polls = extra.polls.saturating_sub(1);
        let remain = extra.polls;
        seat.tidy();
        Some(remain)
    }

    /// The number of a device that is on a seat. Where devices are not told apart, any is.
    pub(super) fn device_number(&self, slot: u32, instance: &InstanceId) -> Option<u32> {
        if !self.devices_count {
            return Some(0);
        }
        let extra = self.seats[slot].extra()?;
        extra.devices.iter().find(|device| device.instance == *instance).map(|device| device.number)
    }

    /// Forgets one device of a user. Answers whether the user is still there by another one.
    pub(super) fn forget_device(&mut self, slot: u32, number: u32, now: Tick) -> bool {
        let polls_hold = self.polls_hold;
        let seat = &mut self.seats[slot];
        let Some(extra) = seat.extra.as_mut() else { return false };
        extra.prune(now, polls_hold);
        extra.devices.retain(|device| device.number != number);
        let Some(end) = extra.end() else { return false };
        let term = Term::until(end, seat.term.timeout_seconds());
        self.set_term(slot, term);
        true
    }

    /// Looks at an overdue seat: it is over, or it is put where its deadline belongs.
    pub(super) fn review(&mut self, slot: u32, now: wire::Timestamp) -> Review {
        let tick = Tick::reached(now);
        if self.is_due(slot, tick) {
            return Review::Over;
        }
        if self.seats[slot].term.end() <= tick {
            // Only an open poll keeps it.
            self.seats[slot].term = self.seats[slot].term.renewed(now);
        }
        self.relink(slot);
        Review::Stays
    }

    /// Counts stays and devices on from so many.
    pub(super) fn begin_after(&mut self, begun: u64) {
        self.begun = begun;
    }

    fn relink(&mut self, slot: u32) {
        self.wheel.unlink(slot, &mut self.seats);
        let end = self.seats[slot].term.end();
        self.wheel.link(slot, end, &mut self.seats);
    }

    fn begin(&mut self) -> u32 {
        self.begun += 1;
        // The lower half.
        self.begun as u32
    }

    fn open_room(&mut self, channel: &ChannelName, announced: Actions) -> Option<u32> {
        let room = Room { name: channel.clone(), present: List::new(), seats: 0, announced };
        let hash = self.keys.hash_one(channel.as_str());
        let slot = self.rooms.insert(room)?;
        self.bytes += ROOM_BYTES;
        let Self { rooms, keys, by_name, .. } = self;
        by_name.insert(hash, slot, |slot| keys.hash_one(rooms[slot].name.as_str()));
        Some(slot)
    }

    fn close_room(&mut self, room: u32) -> Option<ChannelName> {
        let name = self.rooms.remove(room)?.name;
        self.bytes -= ROOM_BYTES;
        self.by_name.remove(self.keys.hash_one(name.as_str()), room);
        Some(name)
    }

    /// Puts a seat into the table: as the first one of its user, or behind that, so that the first stays the first.
    fn link_user(&mut self, slot: u32, user_hash: u64) {
        let mut hash = user_hash;
        if let Some(first) = self.first_of(&self.seats[slot].user, user_hash) {
            let after = std::mem::replace(&mut self.seats[first].of_user.after, slot);
            self.seats[slot].of_user = Pair { before: first, after };
            if after != NONE {
                self.seats[after].of_user.before = slot;
            }
            hash = hash_place(user_hash, self.seats[slot].room);
        }
        let Self { seats, keys, by_user, .. } = self;
        by_user.insert(hash, slot, |slot| {
            let seat = &seats[slot];
            let user_hash = keys.hash_one(seat.user.as_str());
            if seat.is_first() { user_hash } else { hash_place(user_hash, seat.room) }
        });
    }

    fn unlink_user(&mut self, slot: u32, user_hash: u64) {
        let Seat { of_user: Pair { before, after }, room, .. } = self.seats[slot];
        if after != NONE {
            self.seats[after].of_user.before = before;
        }
        if before != NONE {
            self.seats[before].of_user.after = after;
            self.by_user.remove(hash_place(user_hash, room), slot);
        } else if after != NONE {
            // The next one is the first from now on.
            self.by_user.remove(hash_place(user_hash, self.seats[after].room), after);
            self.by_user.replace(user_hash, slot, after);
        } else {
            self.by_user.remove(user_hash, slot);
        }
    }
}

/// What a seat takes, with its places in the tables: measured at 106 bytes with ids of 20, and rounded up for longer ones.
const SEAT_BYTES: usize = 128;
/// What a channel with seats takes: its name, its list, and its place in the table.
const ROOM_BYTES: usize = 192;
/// What a state takes beside its text.
const STATE_BYTES: usize = 96;

fn state_bytes(state: &Json) -> usize {
    STATE_BYTES + state.as_str().len()
}

/// What became of a seat that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Review {
    /// Its deadline has passed.
    Over,
    /// It was renewed in the meantime.
    Stays,
}

/// Mixes the keyed hash of a user with the slot of a channel. Who does not know the first cannot aim at the result,
/// and the same user gets a different one on every channel.
fn hash_place(user_hash: u64, room: u32) -> u64 {
    let mixed = user_hash ^ u64::from(room).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let wide = u128::from(mixed) * 0xA076_1D64_78BD_642F;
    (wide >> 64) as u64 ^ wide as u64
}

#[cfg(test)]
impl Roster {
    /// Seats, channels and blocks in the slabs, and entries in the tables: all zero when nobody is anywhere.
    pub(super) fn sizes(&self) -> [usize; 6] {
        let (users, names) = (self.by_user.len(), self.by_name.len());
        [self.seats.len(), self.rooms.len(), self.members.blocks_len(), users, names, self.present]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a member costs is promised; the slot of the slab must not add to the seat.
    #[test]
    fn a_seat_has_72_bytes() {
        assert_eq!(size_of::<super::super::slots::Slot<Seat>>(), 72);
    }
}
