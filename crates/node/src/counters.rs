//! What happened since the start, in numbers that only grow, and what there is now.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// A number that every request moves and hardly anybody reads. Each thread has a part of it to itself: one that all
/// threads write costs each of them a trip to the other's cache, which is more than the rest of counting.
#[derive(Debug, Default)]
struct Striped([Stripe; STRIPES]);

/// More than the threads of a small machine; on a larger one some share a part.
const STRIPES: usize = 8;

/// One cache line, so that no other part is in it.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe(AtomicI64);

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static STRIPE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

impl Striped {
    fn add(&self, count: i64) {
        let stripe = STRIPE.with(|stripe| *stripe);
        self.0[stripe].0.fetch_add(count, Ordering::SeqCst);
    }

    fn sum(&self) -> i64 {
        self.0.iter().map(|stripe| stripe.0.load(Ordering::SeqCst)).fold(0, i64::wrapping_add)
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(Striped);

impl Counter {
    /// Adds.
    pub fn add(&self, count: u64) {
        if count > 0 {
            self.0.add(count.cast_signed());
        }
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.sum().cast_unsigned()
    }
}

/// A number that grows and shrinks. While others change it, a reading is one that it had or could have had meanwhile.
#[derive(Debug, Default)]
pub struct Gauge(Striped);

impl Gauge {
    /// Adds, or takes away.
    pub fn add(&self, count: i64) {
        self.0.add(count);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.sum()
    }
}

/// The figures of one key set.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages, signals and events that entered a timeline.
    pub published: Counter,
    /// Envelopes handed to subscribers.
    pub delivered: Counter,
    /// Replies that could not hold everything since their cursor.
    pub gaps: Counter,
    /// Users who came to a channel.
    pub joined: Counter,
    /// Users who left a channel.
    pub left: Counter,
    /// Users who were not heard of in time.
    pub lapsed: Counter,
    /// Joins that found every seat of the key set taken.
    pub refused: Counter,
    /// Polls that wait now.
    pub parked: Gauge,
    /// Streams on which they wait beside the first one of each.
    pub more_streams: Gauge,
}
