//! How often somebody may ask: a token bucket in one word of memory.
//!
//! - A bucket is full at first, and is filled again at the pace of its rate. Each request takes one token.
//! - What is kept is the moment at which the bucket will be full again (the "generic cell rate algorithm"): one atomic,
//!   so that all threads may ask at once, and nothing has to be filled by anybody.
//! - Nothing here knows the clock. A `now` before one that was seen finds the bucket as it was then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wire::Timestamp;

const NANOS_A_MILLI: u64 = 1_000_000;
const NANOS_A_SECOND: u64 = 1_000_000_000;

/// How many requests a second there may be, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Nanoseconds in which one token comes back.
    pace: u64,
    /// Nanoseconds that a bucket may be short of being full, and still have a token.
    slack: u64,
}

impl Rate {
    /// So many requests a second, and up to `burst` of them at once; both count as at least 1.
    ///
    /// ```
    /// use engine::rate::{Bucket, Rate};
    /// use std::time::Duration;
    /// use wire::Timestamp;
    ///
    /// let (rate, bucket, noon) = (Rate::per_second(10, 2), Bucket::default(), Timestamp::from_millis(1_700_000_000_000));
    /// assert!(bucket.take(rate, noon).is_ok() && bucket.take(rate, noon).is_ok());
    /// assert_eq!(bucket.take(rate, noon), Err(Duration::from_millis(100)));
    /// assert!(bucket.take(rate, noon + Duration::from_millis(100)).is_ok());
    /// ```
    #[must_use]
    pub fn per_second(requests: u32, burst: u32) -> Self {
        let pace = (NANOS_A_SECOND / u64::from(requests.max(1))).max(1);
        Self { pace, slack: pace.saturating_mul(u64::from(burst.max(1)) - 1) }
    }
}

/// The tokens of one who asks.
#[derive(Debug, Default)]
pub struct Bucket {
    /// When it is full again, in nanoseconds since the epoch.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// How long it is until there is one, when there is none. Nothing is taken then: who asks in vain does not wait
    /// longer for it.
    pub fn take(&self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let now = now.millis().saturating_mul(NANOS_A_MILLI);
        let mut before = self.full_at.load(Ordering::Relaxed);
        loop {
            let short = before.saturating_sub(now);
            if short > rate.slack {
                return Err(Duration::from_nanos(short - rate.slack));
            }
            let after = before.max(now).saturating_add(rate.pace);
            match self.full_at.compare_exchange_weak(before, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(changed) => before = changed,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    fn taken(bucket: &Bucket, rate: Rate, now: Timestamp) -> u32 {
        std::iter::repeat_with(|| bucket.take(rate, now)).take_while(Result::is_ok).map(|_| 1).sum()
    }

    #[test]
    fn a_bucket_is_full_at_first_and_again_after_a_rest_and_never_more_than_full() {
        let (rate, bucket) = (Rate::per_second(100, 20), Bucket::default());
        assert_eq!(taken(&bucket, rate, at(0)), 20, "full");
        assert_eq!(taken(&bucket, rate, at(0)), 0);
        assert_eq!(taken(&bucket, rate, at(9)), 0, "a token takes ten milliseconds");
        assert_eq!(taken(&bucket, rate, at(10)), 1);
        assert_eq!(taken(&bucket, rate, at(60)), 5);
        assert_eq!(taken(&bucket, rate, at(3_600_000)), 20, "an hour does not count for more than a full bucket");
    }

    #[test]
    fn who_is_refused_is_told_when_to_come_back_and_does_not_wait_longer_for_having_asked() {
        let (rate, bucket) = (Rate::per_second(1, 1), Bucket::default());
        assert!(bucket.take(rate, at(0)).is_ok());
        for _ in 0..10 {
            assert_eq!(bucket.take(rate, at(400)), Err(Duration::from_millis(600)));
        }
        assert!(bucket.take(rate, at(999)).is_err());
        assert!(bucket.take(rate, at(1_000)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_neither_fills_nor_locks_a_bucket() {
        let (rate, bucket) = (Rate::per_second(1, 2), Bucket::default());
        assert_eq!(taken(&bucket, rate, at(10_000)), 2);
        assert_eq!(bucket.take(rate, at(9_000)), Err(Duration::from_secs(2)));
        assert!(bucket.take(rate, at(11_000)).is_ok());
    }

    proptest! {
        /// Whenever somebody asks, however often: within any time there are at most a full bucket and what came back.
        #[test]
        fn there_are_never_more_than_the_rate_allows(
            requests in 1_u32..2_000,
            burst in 1_u32..50,
            rests in proptest::collection::vec(0_u64..50, 1..300),
        ) {
            let (rate, bucket) = (Rate::per_second(requests, burst), Bucket::default());
            let (mut now, mut count) = (0, 0_u64);
            for rest in rests {
                now += rest;
                count += u64::from(bucket.take(rate, at(now)).is_ok());
                // The pace is cut to whole nanoseconds, which gives away less than one token in an hour.
                prop_assert!(count <= u64::from(burst) + now * u64::from(requests) / 1_000 + 1);
            }
        }
    }
}
