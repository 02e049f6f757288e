//! One stream: its newest messages, and who waits for the next.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use slab::Slab;
use wire::{ChannelName, Timetoken};

/// A published message.
#[derive(Debug)]
pub struct Post<M> {
    /// When, and its place in every stream that carries it.
    pub timetoken: Timetoken,
    /// Where it was published.
    pub channel: ChannelName,
    /// What counts against the memory budget.
    pub bytes: usize,
    /// What was published.
    pub body: M,
}

/// How much is kept for subscribers that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages of one stream, and messages of one reply.
    pub messages: usize,
    /// How long.
    pub age: Duration,
    /// Bytes of messages, all streams together; beyond it, those that keep most forget their oldest messages first.
    pub bytes: usize,
}

/// What a message costs beside its own bytes: its place in the ring, and its allocation.
const POST_OVERHEAD_BYTES: usize = 128;

/// A stream. `lost_until` is the newest message that it no longer keeps.
#[derive(Debug)]
pub(super) struct Timeline<M, W> {
    name: CompactString,
    ring: VecDeque<Arc<Post<M>>>,
    lost_until: Timetoken,
    waiters: Slab<W>,
    /// Raised by each wake, so that places from before are void. It lives as long as anybody holds such a place: a
    /// stream that was forgotten and begun again would count from 0, and void places would seem valid.
    epoch: u32,
    /// Places that are held, void ones included.
    places: usize,
}

/// A place among the waiters of a timeline. Void once the timeline has woken them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    epoch: u32,
    slot: u32,
}

impl<M, W> Timeline<M, W> {
    /// A timeline that may have been forgotten once: nothing is known before `lost_until`.
    pub(super) fn new(name: &str, lost_until: Timetoken) -> Self {
        let name = CompactString::new(name);
        Self { name, ring: VecDeque::new(), lost_until, waiters: Slab::new(), epoch: 0, places: 0 }
    }

    /// What a subscriber calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Appends a message, and drops the oldest beyond `most`. Returns the bytes gained and lost.
    pub(super) fn push(&mut self, post: Arc<Post<M>>, most: usize) -> (usize, usize) {
        let gained = cost(&post);
        let mut lost = 0;
        while self.ring.len() >= most.max(1) {
            lost += self.forget_oldest();
        }
        self.ring.push_back(post);
        (gained, lost)
    }

    /// Drops messages up to and including `timetoken`. Returns the bytes lost.
    pub(super) fn forget_until(&mut self, timetoken: Timetoken) -> usize {
        let mut lost = 0;
        while self.ring.front().is_some_and(|post| post.timetoken <= timetoken) {
            lost += self.forget_oldest();
        }
        if self.ring.is_empty() {
            self.ring.shrink_to_fit();
        }
        lost
    }

    /// Drops the older half, at least one message. Returns the bytes lost.
    pub(super) fn forget_half(&mut self) -> usize {
        let half = self.ring.len().div_ceil(2);
        (0..half).map(|_| self.forget_oldest()).sum()
    }

    fn forget_oldest(&mut self) -> usize {
        let Some(post) = self.ring.pop_front() else { return 0 };
        self.lost_until = self.lost_until.max(post.timetoken);
        cost(&post)
    }

    /// The messages after `after`, up to and including `until`.
    pub(super) fn between(&self, after: Timetoken, until: Timetoken) -> impl Iterator<Item = &Arc<Post<M>>> {
        let start = self.ring.partition_point(|post| post.timetoken <= after);
        self.ring.range(start..).take_while(move |post| post.timetoken <= until)
    }

    /// Whether a message after `after` is here.
    pub(super) fn has_after(&self, after: Timetoken) -> bool {
        self.ring.back().is_some_and(|post| post.timetoken > after)
    }

    /// The newest message that is no longer kept.
    pub(super) fn lost_until(&self) -> Timetoken {
        self.lost_until
    }

    /// Adds a waiter for the next message.
    pub(super) fn enter(&mut self, waiter: W) -> Place {
        self.places += 1;
        self.take_place(waiter)
    }

    /// Waits on at a place that is held: at another one, if its waiter was woken.
    pub(super) fn stay(&mut self, place: Place, waiter: &W) -> Place
    where
        W: Clone,
    {
        match self.waiters.get_mut(place.slot as usize) {
            Some(waits) if place.epoch == self.epoch => {
                // A waker that wakes the same task is not replaced.
                waits.clone_from(waiter);
                place
            }
            _ => self.take_place(waiter.clone()),
        }
    }

    fn take_place(&mut self, waiter: W) -> Place {
        // A process has far fewer sockets than u32 has numbers.
        let slot = u32::try_from(self.waiters.insert(waiter)).unwrap_or(u32::MAX);
        Place { epoch: self.epoch, slot }
    }

    /// Takes a place back. Answers with its waiter, unless it was woken already.
    pub(super) fn exit(&mut self, place: Place) -> Option<W> {
        self.places = self.places.saturating_sub(1);
        if place.epoch == self.epoch { self.waiters.try_remove(place.slot as usize) } else { None }
    }

    /// Takes all waiters.
    pub(super) fn wake(&mut self, woken: &mut Vec<W>) {
        if !self.waiters.is_empty() {
            self.epoch = self.epoch.wrapping_add(1);
            woken.extend(self.waiters.drain());
        }
    }

    /// How many places are held, whether woken or not.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Whether nothing is lost when the timeline is: no message, and nobody who holds a place.
    pub(super) fn is_idle(&self) -> bool {
        self.ring.is_empty() && self.places == 0
    }
}

fn cost<M>(post: &Post<M>) -> usize {
    cost_of(post.bytes)
}

/// What a message of so many bytes costs in each stream that carries it.
pub(super) fn cost_of(bytes: usize) -> usize {
    bytes + POST_OVERHEAD_BYTES
}
