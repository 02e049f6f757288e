//! All streams of a key set, in shards.
//!
//! A channel and every pattern that matches it share a shard: the shard is chosen by what stands before the first dot.
//! So a publish takes one lock, and takes its timetoken inside it. A publish to `a.b` has to enter the stream `a.*` in
//! any case, hence a finer choice would gain nothing.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use smallvec::SmallVec;
use wire::{ChannelName, Timetoken, stream};

use super::bounds::Bounds;
use super::cursor::{Catch, Caught};
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

#[derive(Debug)]
struct Shard<M, W> {
    timelines: HashMap<String, Timeline<M, W>, Hasher>,
    /// Nothing is known of a timeline that is not here before this point.
    forgotten_until: Timetoken,
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
    places: SmallVec<[Place; 1]>,
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
        let shard = || Shard { timelines: HashMap::with_hasher(hasher.clone()), forgotten_until: start };
        let shards = (0..SHARDS).map(|_| Mutex::new(shard())).collect();
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
        let index = self.index_of(channel.as_str());
        let mut shard = lock(&self.shards[index]);
        // Inside the lock: the cursor rule rests on it.
        let timetoken = self.ticker.next(now);
        let post = Arc::new(Post { timetoken, channel, bytes, body });
        let mut budget = Budget::default();
        for name in std::iter::once(post.channel.as_str()).chain(patterns.iter().map(String::as_str)) {
            let timeline = shard.timeline(name);
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
            let shard = lock(self.shard_of(name.as_ref()));
            let lost_until = match shard.timelines.get(name.as_ref()) {
                Some(timeline) => {
                    let posts = timeline.between(after, catch.until);
                    catch.posts.extend(posts.map(|post| Caught { post: Arc::clone(post), stream: index }));
                    timeline.lost_until()
                }
                None => shard.forgotten_until,
            };
            drop(shard);
            if lost_until > after {
                catch.lose(after, lost_until);
            }
        }
        catch.merge(after, self.limits.messages())
    }

    /// Waits on `streams` for messages after `after`, unless one is there already.
    pub fn watch(&self, streams: &[impl AsRef<str>], after: Timetoken, waiter: &W) -> Watched {
        let mut watch = Watch { places: SmallVec::with_capacity(streams.len()) };
        for name in streams {
            let mut shard = lock(self.shard_of(name.as_ref()));
            let timeline = shard.timeline(name.as_ref());
            if timeline.has_after(after) {
                drop(shard);
                self.unwatch(streams, watch);
                return Watched::Ready;
            }
            watch.places.push(timeline.enter(waiter.clone()));
        }
        Watched::Waiting(watch)
    }

    /// Takes a waiter off its streams, woken or not. `streams` are those it was put on.
    #[allow(clippy::needless_pass_by_value, reason = "the places are void afterwards")]
    pub fn unwatch(&self, streams: &[impl AsRef<str>], watch: Watch) {
        for (name, place) in streams.iter().zip(watch.places) {
            let mut shard = lock(self.shard_of(name.as_ref()));
            let forgotten_until = shard.forgotten_until;
            let Some(timeline) = shard.timelines.get_mut(name.as_ref()) else { continue };
            let waiter = timeline.exit(place);
            if timeline.is_idle() && timeline.lost_until() <= forgotten_until {
                shard.timelines.remove(name.as_ref());
            }
            // What a waiter does when it is dropped is its own affair, and not done under the lock.
            drop(shard);
            drop(waiter);
        }
    }

    /// Takes everyone who waits on a stream, though nothing was published there.
    #[must_use = "who is taken off the stream must be told"]
    pub fn rouse(&self, stream: &str) -> Vec<W> {
        let mut woken = Vec::new();
        if let Some(timeline) = lock(self.shard_of(stream)).timelines.get_mut(stream) {
            timeline.wake(&mut woken);
        }
        woken
    }

    /// Takes everyone who waits on any stream of one shard: what [`Timelines::sweep`] does to messages, for waiters.
    #[must_use = "who is taken off the stream must be told"]
    pub fn rouse_all(&self, turn: usize) -> Vec<W> {
        let mut woken = Vec::new();
        let mut shard = lock(&self.shards[turn % self.shards.len()]);
        shard.timelines.values_mut().for_each(|timeline| timeline.wake(&mut woken));
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
        let mut forgotten_until = shard.forgotten_until;
        let before = shard.timelines.len();
        shard.timelines.retain(|_, timeline| {
            budget.add((0, timeline.forget_until(until)));
            if timeline.is_idle() {
                forgotten_until = forgotten_until.max(timeline.lost_until());
            }
            !timeline.is_idle()
        });
        shard.forgotten_until = forgotten_until;
        if shard.timelines.capacity() > 4 * shard.timelines.len() {
            shard.timelines.shrink_to_fit();
        }
        let timelines = shard.timelines.len();
        self.settle(index, budget);
        Swept { timelines, removed: before - timelines }
    }

    /// How many places on streams are held by waiters, woken ones included until they are given back. Walks over all
    /// streams.
    #[must_use]
    pub fn places(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).timelines.values().map(Timeline::places).sum::<usize>()).sum()
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
            // Somebody else may have made it while this one waited for the lock.
            if is_short() {
                self.settle(fullest, shard.shed());
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

    fn shard_of(&self, stream: &str) -> &Mutex<Shard<M, W>> {
        &self.shards[self.index_of(stream)]
    }

    fn index_of(&self, stream: &str) -> usize {
        let root = stream.split_once('.').map_or(stream, |(root, _)| root);
        // The map below uses the low bits of the same keyed hash for other text; the high ones are as good.
        let hash = self.hasher.hash_one(root);
        (hash >> 32) as usize % self.shards.len()
    }
}

impl<M, W> Shard<M, W> {
    fn timeline(&mut self, name: &str) -> &mut Timeline<M, W> {
        let forgotten_until = self.forgotten_until;
        self.timelines.entry_ref(name).or_insert_with(|| Timeline::new(forgotten_until))
    }

    /// Makes room when memory is short: each stream of the shard forgets its older half.
    fn shed(&mut self) -> Budget {
        let lost = self.timelines.values_mut().map(Timeline::forget_half).sum();
        Budget { gained: 0, lost }
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
