//! [`Limits`] that may be replaced while others go by them.
//!
//! Each number is read by itself: nothing rests on two of them being of the same moment.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::timeline::Limits;

#[derive(Debug)]
pub(super) struct Bounds {
    messages: AtomicUsize,
    age_millis: AtomicU64,
    bytes: AtomicUsize,
}

impl Bounds {
    pub(super) fn new(limits: Limits) -> Self {
        let bounds = Self { messages: AtomicUsize::new(0), age_millis: AtomicU64::new(0), bytes: AtomicUsize::new(0) };
        bounds.set(limits);
        bounds
    }

    pub(super) fn set(&self, limits: Limits) {
        let Limits { messages, age, bytes } = limits;
        self.messages.store(messages, Ordering::Relaxed);
        self.age_millis.store(u64::try_from(age.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn messages(&self) -> usize {
        self.messages.load(Ordering::Relaxed)
    }

    pub(super) fn age(&self) -> Duration {
        Duration::from_millis(self.age_millis.load(Ordering::Relaxed))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}
