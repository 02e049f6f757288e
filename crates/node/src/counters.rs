//! What happened since the start, in numbers that only grow, and what there is now.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that grows and shrinks.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Adds, or takes away.
    pub fn add(&self, count: i64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The number.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
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
}
