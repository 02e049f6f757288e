//! A clock that is moved by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use node::Clock;
use wire::Timetoken;

/// Stands still until it is moved. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl Default for ManualClock {
    /// Some time in 2023: a timetoken of 17 digits, as clients expect it.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(17_000_000_000_000_000)))
    }
}

impl ManualClock {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Moves it back, as happens when somebody sets it.
    pub fn step_back(&self, by: Duration) {
        self.set(self.now().minus(by));
    }

    fn set(&self, now: Timetoken) {
        self.0.store(now.ticks(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timetoken {
        Timetoken::from_ticks(self.0.load(Ordering::SeqCst))
    }
}
