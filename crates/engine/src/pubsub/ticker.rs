//! The source of timetokens.

use wire::Timetoken;

use super::sync::atomic::{AtomicU64, Ordering};

/// Gives each message its timetoken, and readers a point up to which they have seen everything.
///
/// Both take part in one total order (read-modify-writes of one atomic), which the cursor rule rests on: a message
/// whose timetoken is not above a reader's fence took its timetoken before that fence was drawn.
///
/// Neither goes beyond the *ceiling*, a point that its owner has written down: whatever the clock does, and whenever the
/// process dies, the next run begins above every timetoken of this one. At the ceiling time stands still, and timetokens
/// count on by ones.
#[derive(Debug)]
pub struct Ticker {
    last: AtomicU64,
    ceiling: AtomicU64,
}

impl Default for Ticker {
    fn default() -> Self {
        Self::above(Timetoken::ZERO)
    }
}

impl Ticker {
    /// A ticker whose timetokens are all above `floor`: the last one that any earlier run may have given.
    #[must_use]
    pub fn above(floor: Timetoken) -> Self {
        Self { last: AtomicU64::new(floor.ticks()), ceiling: AtomicU64::new(Timetoken::MAX.ticks()) }
    }

    /// Lets time go on up to `ceiling`, which has been written down.
    pub fn set_ceiling(&self, ceiling: Timetoken) {
        self.ceiling.store(ceiling.ticks(), Ordering::Release);
    }

    /// The point up to which time may go.
    #[must_use]
    pub fn ceiling(&self) -> Timetoken {
        Timetoken::from_ticks(self.ceiling.load(Ordering::Acquire))
    }

    /// The next timetoken: `now`, or one more than the last when the clock has not moved on.
    #[must_use]
    pub fn next(&self, now: Timetoken) -> Timetoken {
        let now = self.below_ceiling(now);
        let advance = |last: u64| Some(last.saturating_add(1).max(now.ticks()));
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, advance).unwrap_or_else(|last| last);
        Timetoken::from_ticks(last.saturating_add(1).max(now.ticks()))
    }

    /// Draws a fence at `now`: every later [`Ticker::next`] is above it.
    #[must_use]
    pub fn fence(&self, now: Timetoken) -> Timetoken {
        let now = self.below_ceiling(now);
        let last = self.last.fetch_max(now.ticks(), Ordering::AcqRel);
        Timetoken::from_ticks(last.max(now.ticks()))
    }

    fn below_ceiling(&self, now: Timetoken) -> Timetoken {
        now.min(self.ceiling())
    }
}
