//! When a stay ends: points in time in ticks of 50 ms, and a deadline with the timeout it came from.
//!
//! - A deadline is rounded up to a tick and the present is rounded down, so nothing ever ends early, and it ends at
//!   most one tick late.
//! - Whether something has ended depends on the tick alone. The wheel keeps one list a tick, so "nothing has ended
//!   by now" is a look at a few bits.

use wire::Timestamp;

/// Milliseconds in a tick. Clients give timeouts in whole seconds and clocks tick in milliseconds; 50 is far below
/// what a person notices and keeps the wheel small.
const TICK_MILLIS: u64 = 50;

/// A term keeps 48 bits of tick: 446,000 years.
const TICK_BITS: u32 = 48;

/// The last tick that can be now. Room for the longest timeout stays above it, so that a clock set to nonsense makes
/// stays that do not end rather than sums that overflow.
const LAST_NOW: u64 = (1 << TICK_BITS) - (1 << 22);

/// A point in time, in steps of 50 ms since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(pub(super) u64);

impl Tick {
    /// Later than any other.
    pub(super) const NEVER: Self = Self(u64::MAX);

    /// The last tick that is complete at `now`: deadlines up to it have passed.
    pub(super) fn reached(now: Timestamp) -> Self {
        Self((now.millis() / TICK_MILLIS).min(LAST_NOW))
    }

    /// The first tick at or after `millis` from `now`.
    pub(super) fn after(now: Timestamp, millis: u64) -> Self {
        let millis = now.millis().saturating_add(millis);
        Self(millis.div_ceil(TICK_MILLIS).min((1 << TICK_BITS) - 1))
    }

    /// The moment at which this tick is reached.
    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(TICK_MILLIS))
    }
}

/// Until when a seat is kept, and the timeout that the next renewal starts again.
///
/// Both in eight bytes, because there is one in every seat: 48 bits of tick, 16 bits of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term(u64);

impl Term {
    /// The term that a renewal at `now` begins.
    pub(super) fn from(now: Timestamp, timeout_seconds: u16) -> Self {
        Self::until(Tick::after(now, u64::from(timeout_seconds) * 1000), timeout_seconds)
    }

    /// A term that ends at `tick`.
    pub(super) fn until(tick: Tick, timeout_seconds: u16) -> Self {
        Self(tick.0.min((1 << TICK_BITS) - 1) << 16 | u64::from(timeout_seconds))
    }

    /// The first tick at which it is over.
    pub(super) fn end(self) -> Tick {
        Tick(self.0 >> 16)
    }

    /// The timeout that a renewal without one of its own starts again.
    pub(super) fn timeout_seconds(self) -> u16 {
        // The low 16 bits, which is what the cast keeps.
        self.0 as u16
    }

    /// The term that the same timeout gives from `now`.
    pub(super) fn renewed(self, now: Timestamp) -> Self {
        Self::from(now, self.timeout_seconds())
    }

    /// What is left of it at `now`.
    pub(super) fn remaining_millis(self, now: Timestamp) -> u64 {
        self.end().timestamp().millis().saturating_sub(now.millis())
    }
}
