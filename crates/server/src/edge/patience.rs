//! How long a connection may wait, without a timer for each wait.
//!
//! A timer that is set and taken back at every request costs as much as parsing it. This one is set once and looked at
//! when it goes off: if the deadline has moved on meanwhile, as it nearly always has, it is set again.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that moves. For one task: whoever asked first is woken.
pub(super) struct Patience {
    until: Instant,
    timer: Pin<Box<Sleep>>,
    /// When the timer goes off and wakes the task; `None` while it would wake nobody. Kept here because the timer lies
    /// elsewhere in memory, and nearly every look at it would find that it has not gone off.
    wakes_at: Option<Instant>,
}

impl Patience {
    pub(super) fn new(until: Instant) -> Self {
        Self { until, timer: Box::pin(sleep_until(until)), wakes_at: None }
    }

    /// Waits until `until` from now on.
    pub(super) fn extend(&mut self, until: Instant) {
        self.until = until;
        if self.wakes_at.is_some_and(|at| until < at) {
            self.wakes_at = None;
        }
    }

    /// Ready once the deadline is past. `now` is when the task began its turn.
    pub(super) fn poll_expired(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        if self.wakes_at.is_some_and(|at| now < at) {
            return Poll::Pending;
        }
        self.wakes_at = None;
        let until = self.until;
        if until < self.timer.deadline() {
            self.timer.as_mut().reset(until);
        }
        loop {
            if self.timer.as_mut().poll(context).is_pending() {
                self.wakes_at = Some(self.timer.deadline());
                return Poll::Pending;
            }
            if self.timer.deadline() >= until {
                return Poll::Ready(());
            }
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
        poll_fn(|context| patience.poll_expired(Instant::now(), context)).await;
        assert_eq!(start.elapsed().as_secs(), 30);
        patience.extend(after(100));
        patience.extend(after(40));
        poll_fn(|context| patience.poll_expired(Instant::now(), context)).await;
        assert_eq!(start.elapsed().as_secs(), 40);
    }
}
