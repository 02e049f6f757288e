//! From changes to events: one each in a small channel, a summary each interval in a large one.
//!
//! - A channel is in interval mode exactly while more than `announce_max` users are on it, counted after each change.
//! - Whoever follows all events knows who is there: with deltas, the lists of an interval event lead from the
//!   occupants at the event before to those at this one, when joins are read before ends. So a user that came and went
//!   in between stands in two lists, and one that went and came back in none: no reader could tell which came last.
//! - Every event holds the occupancy after it.
//!
//! Nothing here knows how members are kept, so every backend can announce with it.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use wire::presence::{Action, Delta, Event, What};
use wire::{ChannelName, Json, Timestamp, UserId};

use super::rules::Actions;

/// The most bytes of JSON the lists of an interval event may have. Together with the rest the event stays below the
/// 32 KiB that a message may have; the protocol page says "about 30 KB".
const DELTA_MAX_BYTES: usize = 30_000;

/// The shortest time between two interval events. A configured zero would make an event of each change, and a walk
/// through time that does not end.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// Somebody came or went.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) channel: &'a ChannelName,
    pub(super) user: UserId,
    pub(super) kind: Kind,
    /// What a join came with, or what was there at the end.
    pub(super) state: Option<Json>,
    /// How many users are on the channel after it.
    pub(super) occupancy: usize,
    /// What the channel announces.
    pub(super) announced: Actions,
}

/// How somebody came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Join,
    Leave,
    Timeout,
}

#[derive(Debug)]
pub(super) struct Announcer {
    announce_max: usize,
    interval: Duration,
    deltas: bool,
    /// The channels in interval mode.
    busy: HashMap<ChannelName, Busy>,
    /// When the channels in interval mode that have something to tell will tell it.
    due: BTreeSet<(Timestamp, ChannelName)>,
}

/// A channel in interval mode.
#[derive(Debug)]
struct Busy {
    /// When interval mode began, or the first change in it after a restart: interval events come whole intervals later.
    since: Timestamp,
    /// When it tells what changed; `None` when nothing did.
    due: Option<Timestamp>,
    occupancy: usize,
    net: Net,
}

/// Who came and went since the last event.
#[derive(Debug, Default)]
struct Net {
    users: HashMap<UserId, Moves>,
    /// Orders the lists by when their users came or went.
    changes: u64,
    bytes: usize,
    /// There were too many at some moment. Stays until the next event: the changes are no longer known.
    overflown: bool,
}

/// What a user did since the last event; at least one of the two.
#[derive(Debug)]
struct Moves {
    order: u64,
    came: bool,
    ended: Option<Kind>,
}

impl Announcer {
    pub(super) fn new(announce_max: usize, interval: Duration, deltas: bool) -> Self {
        let interval = interval.max(INTERVAL_MIN);
        Self { announce_max, interval, deltas, busy: HashMap::new(), due: BTreeSet::new() }
    }

    /// Tells of a change, now or with the next interval event.
    pub(super) fn tell(&mut self, change: Change<'_>, at: Timestamp, events: &mut Vec<Event>) {
        let Change { channel, user, kind, state, occupancy, announced } = change;
        if occupancy > self.announce_max {
            // Deltas are not filtered by the rules: an interval event is one thing, and half of it would mislead.
            if announced.has(Action::Interval) {
                self.gather(channel, user, kind, occupancy, at);
            }
            return;
        }
        self.fall_back(channel, at, events);
        let what = match kind {
            Kind::Join => What::Join(user, state),
            Kind::Leave => What::Leave(user, state),
            Kind::Timeout => What::Timeout(user, state),
        };
        if announced.has(what.action()) {
            events.push(Event { channel: channel.clone(), at, occupancy, what });
        }
    }

    /// Makes the interval events that are due at `now`, as many as `budget` allows; each costs one and what it lists.
    pub(super) fn advance(&mut self, now: Timestamp, budget: &mut usize, events: &mut Vec<Event>) -> bool {
        while self.next().is_some_and(|due| due <= now) {
            if *budget == 0 {
                return true;
            }
            let listed = self.tell_first(now, events);
            *budget = budget.saturating_sub(1 + listed);
        }
        false
    }

    /// Makes all interval events that are to come, now.
    pub(super) fn flush(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        while self.next().is_some() {
            self.tell_first(now, events);
        }
    }

    /// When the next interval event is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Makes the interval event that is due first. Answers with how many users it lists.
    fn tell_first(&mut self, now: Timestamp, events: &mut Vec<Event>) -> usize {
        let Some((_, channel)) = self.due.pop_first() else { return 0 };
        let Some(busy) = self.busy.get_mut(&channel) else { return 0 };
        busy.due = None;
        let (occupancy, delta) = (busy.occupancy, busy.net.take());
        let listed = delta.join.len() + delta.leave.len() + delta.timeout.len();
        events.push(Event { channel, at: now, occupancy, what: What::Interval(delta) });
        listed
    }

    fn gather(&mut self, channel: &ChannelName, user: UserId, kind: Kind, occupancy: usize, at: Timestamp) {
        // Not `entry`: it would cost a copy of the name each time.
        let busy = match self.busy.get_mut(channel) {
            Some(busy) => busy,
            None => self.busy.entry(channel.clone()).or_insert(Busy::new(at)),
        };
        busy.occupancy = occupancy;
        if self.deltas {
            busy.net.add(user, kind);
        }
        if busy.due.is_none() {
            let due = next_on_grid(busy.since, self.interval, at);
            busy.due = Some(due);
            self.due.insert((due, channel.clone()));
        }
    }

    /// Ends interval mode. What was gathered goes out first, with the occupancy before the change that ends it, so
    /// that following the events still leads to who is there.
    fn fall_back(&mut self, channel: &ChannelName, at: Timestamp, events: &mut Vec<Event>) {
        if self.busy.is_empty() {
            return;
        }
        let Some(mut busy) = self.busy.remove(channel) else { return };
        if let Some(due) = busy.due {
            self.due.remove(&(due, channel.clone()));
        }
        let delta = busy.net.take();
        if delta != Delta::default() {
            events.push(Event { channel: channel.clone(), at, occupancy: busy.occupancy, what: What::Interval(delta) });
        }
    }
}

impl Busy {
    fn new(since: Timestamp) -> Self {
        Self { since, due: None, occupancy: 0, net: Net::default() }
    }
}

impl Net {
    fn add(&mut self, user: UserId, kind: Kind) {
        if self.overflown {
            return;
        }
        let bytes = json_bytes(user.as_str()) + 1;
        self.changes += 1;
        let order = self.changes;
        match (self.users.get_mut(&user), kind) {
            (None, Kind::Join) => {
                self.users.insert(user, Moves { order, came: true, ended: None });
                self.bytes += bytes;
            }
            (None, Kind::Leave | Kind::Timeout) => {
                self.users.insert(user, Moves { order, came: false, ended: Some(kind) });
                self.bytes += bytes;
            }
            (Some(moves), Kind::Join) if moves.came => {
                moves.ended = None;
                self.bytes = self.bytes.saturating_sub(bytes);
            }
            // Gone and back again: where the last event left it.
            (Some(_), Kind::Join) => {
                self.users.remove(&user);
                self.bytes = self.bytes.saturating_sub(bytes);
            }
            (Some(moves), Kind::Leave | Kind::Timeout) => {
                moves.ended = Some(kind);
                self.bytes += bytes;
            }
        }
        if self.bytes > DELTA_MAX_BYTES {
            *self = Self { overflown: true, ..Self::default() };
        }
    }

    fn take(&mut self) -> Delta {
        let net = std::mem::take(self);
        let mut delta = Delta { here_now_refresh: net.overflown, ..Delta::default() };
        let mut users: Vec<_> = net.users.into_iter().collect();
        users.sort_unstable_by_key(|(_, moves)| moves.order);
        for (user, moves) in users {
            if moves.came {
                delta.join.push(user.clone());
            }
            match moves.ended {
                Some(Kind::Leave) => delta.leave.push(user),
                Some(Kind::Timeout) => delta.timeout.push(user),
                Some(Kind::Join) | None => {}
            }
        }
        delta
    }
}

/// The first moment after `now` that is whole intervals after `since`.
fn next_on_grid(since: Timestamp, interval: Duration, now: Timestamp) -> Timestamp {
    let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    let passed = now.millis().saturating_sub(since.millis()) / interval;
    Timestamp::from_millis(since.millis().saturating_add((passed + 1).saturating_mul(interval)))
}

/// The length of `text` as a JSON string, at most: an escape has up to six bytes.
fn json_bytes(text: &str) -> usize {
    2 + text
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum::<usize>()
}
