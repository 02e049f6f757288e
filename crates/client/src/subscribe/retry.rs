//! When to try again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How a subscription tries again after a failure: after a delay that doubles, up to a limit, with a random part as long
/// again at most, so that clients which lost their server together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use hereabouts::{Config, Retry};
///
/// let config = Config::new("demo").retry(Retry::default().at_most(10).delays(Duration::from_secs(2), Duration::from_secs(60)));
/// ```
///
/// ```
/// use hereabouts::{Config, Retry};
/// use std::time::Duration;
///
/// let retry = Retry::default().delays(Duration::from_millis(200), Duration::from_secs(60)).at_most(20);
/// let config = Config::new("demo").retry(retry);
/// let config = Config::new("demo").retry(Retry::never());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    first: Duration,
    longest: Duration,
    times: Option<usize>,
}

/// For ever: after 1 second at first, then up to 150.
impl Default for Retry {
    fn default() -> Self {
        Self { first: Self::FIRST, longest: Self::LONGEST, times: None }
    }
}

impl Retry {
    /// The first delay, when nothing else was set.
    pub const FIRST: Duration = Duration::from_secs(1);
    /// The longest delay, when nothing else was set.
    pub const LONGEST: Duration = Duration::from_secs(150);

    /// Not at all: the first failure ends it, until it is told to reconnect.
    #[must_use]
    pub fn never() -> Self {
        Self::default().at_most(0)
    }

    /// So many times in a row; then the subscription waits until it is told to reconnect.
    #[must_use]
    pub fn at_most(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// With these delays: the first, which doubles each time, and the longest. A longest below the first is taken as the
    /// first; neither is below a millisecond.
    #[must_use]
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first.max(Duration::from_millis(1));
        self.longest = longest.max(self.first);
        self
    }
}

/// The delays of one row of failures.
#[derive(Debug)]
pub(crate) struct Backoff {
    retry: Retry,
    random: fastrand::Rng,
    row: Option<ExponentialBackoff>,
}

impl Backoff {
    /// With a random part from this seed.
    pub(crate) fn new(retry: Retry, seed: u64) -> Self {
        Self { retry, random: fastrand::Rng::with_seed(seed), row: None }
    }

    /// How long to wait now; none when it was tried often enough. Never shorter than the server asks for.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let Retry { first, longest, times } = self.retry;
        let row = self.row.get_or_insert_with(|| {
            let builder = ExponentialBuilder::new().with_min_delay(first).with_max_delay(longest).with_jitter();
            let builder = builder.with_jitter_seed(self.random.u64(..));
            times.map_or(builder.without_max_times(), |times| builder.with_max_times(times)).build()
        });
        let delay = row.next()?;
        // Whom the server sends away for a second would all come back after exactly that.
        let asked = asked.map(|asked| asked.saturating_add(Duration::from_millis(self.random.u64(..1000))));
        Some(delay.max(asked.unwrap_or_default()))
    }

    /// It works again.
    pub(crate) fn reset(&mut self) {
        self.row = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    proptest! {
        #[test]
        fn delays_double_up_to_the_longest_with_a_random_part_of_at_most_as_much_again(seed: u64) {
            let mut backoff = Backoff::new(Retry::default().delays(SECOND, 8 * SECOND), seed);
            for _ in 0..2 {
                for whole in [1, 2, 4, 8, 8, 8] {
                    let delay = backoff.next(None).unwrap();
                    prop_assert!(delay >= whole * SECOND && delay <= 2 * whole * SECOND, "{delay:?} for {whole}");
                }
                backoff.reset();
            }
        }

        #[test]
        fn what_the_server_asks_for_is_waited_and_not_by_all_to_the_same_moment(seed: u64, asked in 1..600_u32) {
            let mut backoff = Backoff::new(Retry::default().delays(SECOND / 1000, SECOND / 1000), seed);
            let asked = asked * SECOND;
            let delay = backoff.next(Some(asked)).unwrap();
            prop_assert!(delay >= asked && delay < asked + SECOND);
        }
    }

    #[test]
    fn clients_differ() {
        let delays: std::collections::BTreeSet<Duration> =
            (0..20).filter_map(|seed| Backoff::new(Retry::default(), seed).next(None)).collect();
        assert!(delays.len() > 15, "{delays:?}");
    }

    #[test]
    fn it_ends_after_so_many_times_and_begins_anew_after_a_success() {
        let mut backoff = Backoff::new(Retry::default().at_most(2), 1);
        let mut row = || [backoff.next(None).is_some(), backoff.next(None).is_some(), backoff.next(None).is_some()];
        assert_eq!(row(), [true, true, false]);
        backoff.reset();
        assert!(backoff.next(None).is_some());
        assert_eq!(Backoff::new(Retry::never(), 1).next(None), None);
    }

    #[test]
    fn senseless_delays_are_made_sensible() {
        let mut backoff = Backoff::new(Retry::default().delays(Duration::ZERO, Duration::ZERO), 1);
        for _ in 0..100 {
            let delay = backoff.next(None).unwrap();
            assert!(!delay.is_zero() && delay <= Duration::from_millis(2), "{delay:?}");
        }
    }
}
