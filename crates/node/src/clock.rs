//! The one place where time comes from.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wire::{Timestamp, Timetoken};

/// What time it is. Tests bring a clock that they move by hand.
pub trait Clock: Send + Sync + 'static {
    /// Now, as the clock of this machine has it. May step, forwards and back; what is built on it must not mind.
    fn now(&self) -> Timetoken;

    /// A point on a clock that only goes forwards, second for second. Deadlines are measured with it: a step of the
    /// machine's clock must neither end a presence nor keep a ghost.
    fn steady(&self) -> Timestamp {
        self.now().timestamp()
    }
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    begun: Instant,
    begun_at: Timestamp,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { begun: Instant::now(), begun_at: wall().timestamp() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timetoken {
        wall()
    }

    fn steady(&self) -> Timestamp {
        self.begun_at + self.begun.elapsed()
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
fn wall() -> Timetoken {
    Timetoken::ZERO + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
