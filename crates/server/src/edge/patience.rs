//! How long a connection may wait, without a timer for each wait.
//!
//! A timer that is set and taken back at every request costs as much as parsing it. This one is set once and looked at
//! when it goes off: if the deadline has moved on meanwhile, as it nearly always has, it is set again.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that moves.
pub(super) struct Patience {
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) fn new(until: Instant) -> Self {
        Self { until, timer: Box::pin(sleep_until(until)) }
    }

    /// Waits until `until` from now on.
    pub(super) fn extend(&mut self, until: Instant) {
        self.until = until;
        if until < self.timer.deadline() {
            self.timer.as_mut().reset(until);
        }
    }

    /// Ready once the deadline is past.
    pub(super) fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.timer.deadline() >= self.until {
                return Poll::Ready(());
            }
            let until = self.until;
            self.timer.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_deadline_that_was_set_last_counts() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::new(after(10));
        patience.extend(after(30));
        poll_fn(|context| patience.poll_expired(context)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
        patience.extend(after(100));
        patience.extend(after(40));
        poll_fn(|context| patience.poll_expired(context)).await;
        assert_eq!(start.elapsed().as_secs(), 40);
    }
}
