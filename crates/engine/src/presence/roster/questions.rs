//! Who is there, as the roster knows it. Exact at any time that is asked for: whose deadline has passed is over.

use std::hash::BuildHasher;

use wire::{ChannelName, UserId};

use super::super::Page;
use super::super::members::{Look, Moment};
use super::super::rules::Actions;
use super::super::slots::NONE;
use super::super::term::Tick;
use super::{Roster, Seat, hash_place};

impl Roster {
    /// About how much memory the seats, their channels and their states take.
    pub(in crate::presence) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(in crate::presence) fn hash_user(&self, user: &UserId) -> u64 {
        self.keys.hash_one(user.as_str())
    }

    pub(in crate::presence) fn room(&self, channel: &ChannelName) -> Option<u32> {
        let hash = self.keys.hash_one(channel.as_str());
        self.by_name.find(hash, |room| self.rooms[room].name == *channel)
    }

    pub(in crate::presence) fn find(&self, channel: &ChannelName, user: &UserId, user_hash: u64) -> Option<u32> {
        let room = self.room(channel)?;
        let first = self.first_of(user, user_hash)?;
        match &self.seats[first] {
            seat if seat.room == room => Some(first),
            seat if seat.of_user.after == NONE => None,
            _ => self.by_user.find(hash_place(user_hash, room), |slot| {
                let seat = &self.seats[slot];
                seat.room == room && seat.user == *user
            }),
        }
    }

    pub(in crate::presence) fn seat(&self, slot: u32) -> Option<&Seat> {
        self.seats.get(slot)
    }

    pub(in crate::presence) fn is_present(&self, slot: u32) -> bool {
        self.seats[slot].is_present()
    }

    /// The channel of a seat, its occupancy, and what it announces.
    pub(in crate::presence) fn channel(&self, seat: &Seat) -> (&ChannelName, usize, Actions) {
        let room = &self.rooms[seat.room];
        (&room.name, room.present.len(), room.announced)
    }

    /// Whether the deadline of a seat has passed.
    pub(in crate::presence) fn is_due(&self, slot: u32, now: Tick) -> bool {
        self.is_over(&self.seats[slot], now)
    }

    /// The same of a seat.
    pub(in crate::presence) fn is_over(&self, seat: &Seat, now: Tick) -> bool {
        seat.term.end() <= now && !(self.polls_hold && seat.polled())
    }

    /// A seat that must be looked at, because its deadline may have passed.
    pub(in crate::presence) fn overdue(&self) -> Option<u32> {
        self.wheel.overdue()
    }

    /// When a deadline may pass next.
    pub(in crate::presence) fn next(&self) -> Option<Tick> {
        self.wheel.next()
    }

    /// How many are present on a channel.
    pub(in crate::presence) fn occupancy(&self, room: u32, now: Tick) -> usize {
        self.members.count(&self.rooms[room].present, self.moment(now), self.look(now))
    }

    /// Shows a page of who is present on a channel, in the order of joining.
    pub(in crate::presence) fn occupants(&self, room: u32, page: Page, now: Tick, mut show: impl FnMut(&Seat)) {
        let list = &self.rooms[room].present;
        self.members.page(list, page, self.moment(now), self.look(now), |slot| show(&self.seats[slot]));
    }

    /// The channels on which somebody is present, of those whose name begins with `prefix`.
    pub(in crate::presence) fn occupied(&self, prefix: &str, now: Tick) -> impl Iterator<Item = &ChannelName> {
        let at = self.moment(now);
        self.rooms
            .iter()
            .filter(move |(_, room)| room.name.as_str().starts_with(prefix))
            .filter(move |(_, room)| self.members.any(&room.present, at, self.look(now)))
            .map(|(_, room)| &room.name)
    }

    /// The channels on which a user is present.
    pub(in crate::presence) fn places(&self, user: &UserId, now: Tick) -> impl Iterator<Item = &ChannelName> {
        let mut next = self.first_of(user, self.hash_user(user)).unwrap_or(NONE);
        let seats = std::iter::from_fn(move || {
            let seat = self.seats.get(next)?;
            next = seat.of_user.after;
            Some(seat)
        });
        seats.filter(move |seat| seat.is_present() && !self.is_over(seat, now)).map(|seat| &self.rooms[seat.room].name)
    }

    pub(in crate::presence) fn present(&self) -> usize {
        self.present
    }

    /// How many stays and devices have begun.
    pub(in crate::presence) fn begun(&self) -> u64 {
        self.begun
    }

    /// One more than the highest slot.
    pub(in crate::presence) fn reach(&self) -> u32 {
        self.seats.reach()
    }

    fn moment(&self, now: Tick) -> Moment {
        Moment { now, nobody_is_over: !self.wheel.may_be_due(now), has_passed: self.wheel.has_passed(now) }
    }

    fn look(&self, now: Tick) -> impl Fn(u32) -> Look {
        move |slot| {
            let seat = &self.seats[slot];
            Look { end: seat.term.end(), over: self.is_over(seat, now) }
        }
    }

    pub(super) fn first_of(&self, user: &UserId, user_hash: u64) -> Option<u32> {
        self.by_user.find(user_hash, |slot| {
            let seat = &self.seats[slot];
            seat.is_first() && seat.user == *user
        })
    }
}
