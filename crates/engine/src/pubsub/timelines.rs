//! All streams of a key set, in shards.
//!
//! A channel and every pattern that matches it share a shard: the shard is chosen by what stands before the first dot.
//! So a publish takes one lock, and takes its timetoken inside it. A publish to `a.b` has to enter the stream `a.*` in
//! any case, hence a finer choice would gain nothing.
//!
//! Whoever waits has found its streams: a [`Watch`] knows them by number, and what it does with them later looks for nothing.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;
use wire::{ChannelName, Timetoken, stream};

use super::bounds::Bounds;
use super::cursor::Catch;
use super::shard::Shard;
use super::sync::{
    Hasher, Mutex,
    atomic::{AtomicUsize, Ordering},
    lock,
};
use super::ticker::Ticker;
use super::timeline::{self, Limits, Place, Post, Timeline};

/// Enough that two cores seldom meet; a power of two.
const SHARDS: usize = 64;

/// The streams of a key set. `M` is what is published, `W` what wakes a waiting subscriber.
#[derive(Debug)]
pub struct Timelines<M, W> {
    ticker: Arc<Ticker>,
    limits: Bounds,
    hasher: Hasher,
    shards: Box<[Mutex<Shard<M, W>>]>,
    /// Bytes of messages that are kept, of all shards and of each.
    bytes: AtomicUsize,
    shard_bytes: Box<[AtomicUsize]>,
}

/// Whether a subscriber has to wait.
#[derive(Debug)]
pub enum Watched {
    /// Something is there already.
    Ready,
    /// Nothing yet; the waiter will be returned by the next publish to any of the streams.
    Waiting(Watch),
}

/// A waiter's places on its streams. Must be given back to [`Timelines::unwatch`].
#[derive(Debug, Default)]
#[must_use = "a waiter stays on its streams until it is given back"]
pub struct Watch {
    spots: SmallVec<[Spot; 1]>,
}

/// Where a waiter is: a stream, and its place there.
#[derive(Clone, Copy, Debug)]
struct Spot {
    /// Which of all shards; there are no more than [`SHARDS`].
    shard: u8,
    number: u32,
    place: Place,
}

/// Where a stream is by its name.
#[derive(Clone, Copy)]
struct Address {
    shard: usize,
    hash: u64,
}

/// What a sweep of one shard did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Timelines that remain in the shard.
    pub timelines: usize,
    /// Timelines that had nothing left to keep.
    pub removed: usize,
}

impl<M, W: Clone> Timelines<M, W> {
    /// No messages yet. Cursors before `start` cannot know what they missed.
    #[must_use]
    pub fn new(ticker: Arc<Ticker>, limits: Limits, start: Timetoken) -> Self {
        let hasher = Hasher::default();
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(hasher.clone(), start))).collect();
        let shard_bytes = (0..SHARDS).map(|_| AtomicUsize::new(0)).collect();
        Self { ticker, limits: Bounds::new(limits), hasher, shards, bytes: AtomicUsize::new(0), shard_bytes }
    }

    /// Keeps so much from now on. What is beyond it goes with the next message of its stream, and by and by.
    pub fn set_limits(&self, limits: Limits) {
        self.limits.set(limits);
        self.make_room(0);
    }

    /// Publishes to a channel: the message enters the channel's stream and those of the patterns that match it.
    /// Returns it with its timetoken, and everyone who waited on one of the streams.
    pub fn publish(&self, channel: ChannelName, now: Timetoken, bytes: usize, body: M) -> (Arc<Post<M>>, Vec<W>) {
        let patterns = stream::patterns_of(&channel);
        self.make_room((1 + patterns.len()) * timeline::cost_of(bytes));
        let mut woken = Vec::new();
        let Address { shard: index, hash } = self.address_of(channel.as_str());
        let mut shard = lock(&self.shards[index]);
        // Inside the lock: the cursor rule rests on it.
        let timetoken = self.ticker.next(now);
        let post = Arc::new(Post { timetoken, channel, bytes, body });
        let mut budget = Budget::default();
        let patterns = patterns.iter().map(|pattern| (pattern.as_str(), self.hasher.hash_one(pattern.as_str())));
        for (name, hash) in std::iter::once((post.channel.as_str(), hash)).chain(patterns) {
            let number = shard.number_of(name, hash);
            let Some(timeline) = shard.at(number) else { continue };
            budget.add(timeline.push(Arc::clone(&post), self.limits.messages()));
            budget.add((0, timeline.forget_until(timetoken.minus(self.limits.age()))));
            timeline.wake(&mut woken);
        }
        self.settle(index, budget);
        (post, woken)
    }

    /// The timetoken of a message that nobody receives.
    pub fn stamp(&self, now: Timetoken) -> Timetoken {
        self.ticker.next(now)
    }

    /// Draws a fence: a cursor that is not below any message published before, and below every one published after.
    pub fn fence(&self, now: Timetoken) -> Timetoken {
        self.ticker.fence(now)
    }

    /// The messages of `streams` after `after`: the newest that are kept, merged, oldest first.
    pub fn catch_up(&self, streams: &[impl AsRef<str>], after: Timetoken, now: Timetoken) -> Catch<M> {
        // The fence comes first, the locks after: whatever is at or below the fence is then seen.
        let mut catch = Catch::new(self.ticker.fence(now));
        for (index, name) in streams.iter().enumerate() {
            let Address { shard, hash } = self.address_of(name.as_ref());
            let mut shard = lock(&self.shards[shard]);
            match shard.find(name.as_ref(), hash) {
                Some(timeline) => catch.read(timeline, index, after),
                None => catch.lose(after, shard.forgotten_until()),
            }
        }
        catch.merge(after, self.limits.messages())
    }

    /// The same, of the streams of a watch.
    pub fn catch_up_at(&self, watch: &Watch, after: Timetoken, now: Timetoken) -> Catch<M> {
        let mut catch = Catch::new(self.ticker.fence(now));
        for (index, spot) in watch.spots.iter().enumerate() {
            self.with(*spot, |timeline| catch.read(timeline, index, after));
        }
        catch.merge(after, self.limits.messages())
    }

    /// Waits on `streams` for messages after `after`, unless one is there already.
    pub fn watch(&self, streams: &[impl AsRef<str>], after: Timetoken, waiter: &W) -> Watched {
        let mut watch = Watch { spots: SmallVec::with_capacity(streams.len()) };
        for name in streams {
            let Address { shard: index, hash } = self.address_of(name.as_ref());
            let mut shard = lock(&self.shards[index]);
            let number = shard.number_of(name.as_ref(), hash);
            let place = shard.at(number).filter(|timeline| !timeline.has_after(after));
            let Some(place) = place.map(|timeline| timeline.enter(waiter.clone())) else {
                drop(shard);
                self.unwatch(watch);
                return Watched::Ready;
            };
            watch.spots.push(Spot { shard: index as u8, number, place });
        }
        Watched::Waiting(watch)
    }

    /// Waits on for messages after `after`, where it was woken and where it was not. False when one is there already;
    /// the places are held all the same.
    #[must_use = "who need not wait should read"]
    pub fn watch_on(&self, watch: &mut Watch, after: Timetoken, waiter: &W) -> bool {
        watch.spots.iter_mut().all(|spot| {
            let place =
                self.with(*spot, |timeline| (!timeline.has_after(after)).then(|| timeline.stay(spot.place, waiter)));
            place.flatten().map(|place| spot.place = place).is_some()
        })
    }

    /// Takes a waiter off its streams, woken or not.
    #[allow(clippy::needless_pass_by_value, reason = "the places are void afterwards")]
    pub fn unwatch(&self, watch: Watch) {
        for Spot { shard, number, place } in watch.spots {
            let mut shard = lock(&self.shards[usize::from(shard)]);
            let waiter = shard.at(number).and_then(|timeline| timeline.exit(place));
            shard.forget_if_idle(number);
            // What a waiter does when it is dropped is its own affair, and not done under the lock.
            drop(shard);
            drop(waiter);
        }
    }

    /// Takes everyone who waits on a stream, though nothing was published there.
    #[must_use = "who is taken off the stream must be told"]
    pub fn rouse(&self, stream: &str) -> Vec<W> {
        let mut woken = Vec::new();
        let Address { shard, hash } = self.address_of(stream);
        if let Some(timeline) = lock(&self.shards[shard]).find(stream, hash) {
            timeline.wake(&mut woken);
        }
        woken
    }

    /// Takes everyone who waits on any stream of one shard: what [`Timelines::sweep`] does to messages, for waiters.
    #[must_use = "who is taken off the stream must be told"]
    pub fn rouse_all(&self, turn: usize) -> Vec<W> {
        let mut woken = Vec::new();
        let mut shard = lock(&self.shards[turn % self.shards.len()]);
        shard.all_mut().for_each(|timeline| timeline.wake(&mut woken));
        woken
    }

    /// Forgets what is too old in one shard. Calling it with a running number sweeps all of them in turn; a full turn
    /// takes [`Timelines::shards`] calls.
    pub fn sweep(&self, turn: usize, now: Timetoken) -> Swept {
        // The time of the timelines is the ticker's: it may stand below a clock that has jumped.
        let until = self.ticker.fence(now).minus(self.limits.age());
        let index = turn % self.shards.len();
        let mut shard = lock(&self.shards[index]);
        let mut budget = Budget::default();
        let removed = shard.sweep(|timeline| budget.add((0, timeline.forget_until(until))));
        let timelines = shard.len();
        self.settle(index, budget);
        Swept { timelines, removed }
    }

    /// How many places on streams are held by waiters, woken ones included until they are given back. Walks over all
    /// streams.
    #[must_use]
    pub fn places(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).all().map(Timeline::places).sum::<usize>()).sum()
    }

    /// How many shards there are to sweep.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Bytes of messages that are kept now.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How long messages are kept.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.limits.age()
    }

    /// Makes room for so many bytes where most are kept, and before they come: a message must not drive out itself,
    /// nor a loud channel the messages of all quiet ones.
    fn make_room(&self, bytes: usize) {
        let is_short = || self.bytes().saturating_add(bytes) > self.limits.bytes();
        while is_short() {
            let load = |index: &usize| self.shard_bytes[*index].load(Ordering::Relaxed);
            let Some(fullest) = (0..self.shards.len()).max_by_key(load).filter(|index| load(index) > 0) else { return };
            let mut shard = lock(&self.shards[fullest]);
            // Somebody else may have made it while this one waited for the lock. Each stream forgets its older half.
            if is_short() {
                let lost = shard.all_mut().map(Timeline::forget_half).sum();
                self.settle(fullest, Budget { gained: 0, lost });
            }
        }
    }

    fn settle(&self, index: usize, budget: Budget) {
        for bytes in [&self.bytes, &self.shard_bytes[index]] {
            if budget.gained >= budget.lost {
                bytes.fetch_add(budget.gained - budget.lost, Ordering::Relaxed);
            } else {
                bytes.fetch_sub(budget.lost - budget.gained, Ordering::Relaxed);
            }
        }
    }

    /// Does something with the stream of a spot.
    fn with<R>(&self, spot: Spot, act: impl FnOnce(&mut Timeline<M, W>) -> R) -> Option<R> {
        lock(&self.shards[usize::from(spot.shard)]).at(spot.number).map(act)
    }

    fn address_of(&self, stream: &str) -> Address {
        let hash = self.hasher.hash_one(stream);
        let by = stream.split_once('.').map_or(hash, |(root, _)| self.hasher.hash_one(root));
        // The table of a shard uses the lowest and the highest bits; those in the middle are as good.
        Address { shard: (by >> 32) as usize % SHARDS, hash }
    }
}

/// Bytes that came and went.
#[derive(Clone, Copy, Default)]
struct Budget {
    gained: usize,
    lost: usize,
}

impl Budget {
    fn add(&mut self, (gained, lost): (usize, usize)) {
        self.gained += gained;
        self.lost += lost;
    }
}
