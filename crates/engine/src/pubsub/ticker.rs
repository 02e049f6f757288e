//! The source of timetokens.

use wire::Timetoken;

use super::sync::atomic::{AtomicU64, Ordering};

/// Gives each message its timetoken, and readers a point up to which they have seen everything.
///
/// Both take part in one total order (read-modify-writes of one atomic), which the cursor rule rests on: a message
/// whose timetoken is not above a reader's fence took its timetoken before that fence was drawn.
#[derive(Debug, Default)]
pub struct Ticker {
    last: AtomicU64,
}

impl Ticker {
    /// A ticker whose timetokens are all above `floor`: the last one that any earlier run may have given.
    #[must_use]
    pub fn above(floor: Timetoken) -> Self {
        Self { last: AtomicU64::new(floor.ticks()) }
    }

    /// The next timetoken: `now`, or one more than the last when the clock has not moved on.
    #[must_use]
    pub fn next(&self, now: Timetoken) -> Timetoken {
        let advance = |last: u64| Some(last.saturating_add(1).max(now.ticks()));
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, advance).unwrap_or_else(|last| last);
        Timetoken::from_ticks(last.saturating_add(1).max(now.ticks()))
    }

    /// Draws a fence at `now`: every later [`Ticker::next`] is above it.
    #[must_use]
    pub fn fence(&self, now: Timetoken) -> Timetoken {
        let last = self.last.fetch_max(now.ticks(), Ordering::AcqRel);
        Timetoken::from_ticks(last.max(now.ticks()))
    }
}
