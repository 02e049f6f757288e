//! The one place where time comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wire::Timetoken;

/// What time it is. Tests bring a clock that they move by hand.
pub trait Clock: Send + Sync + 'static {
    /// Now, as the clock of this machine has it. May step back; what is built on it must not mind.
    fn now(&self) -> Timetoken;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
    fn now(&self) -> Timetoken {
        Timetoken::ZERO + SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
    }
}
