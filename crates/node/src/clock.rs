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

    /// About now, some milliseconds ago at most: for what is read to the second and asked at every request, since the
    /// exact time takes ten times as long to read.
    fn recent(&self) -> Timestamp {
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

    #[cfg(target_os = "linux")]
    fn recent(&self) -> Timestamp {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        Timestamp::from_millis(now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000)
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
fn wall() -> Timetoken {
    Timetoken::ZERO + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}
