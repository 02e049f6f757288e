//! What a reader has not read yet: a bounded queue with one writer.
//!
//! The writer waits for room, but not for ever: [`Queue::push_over`] drops the oldest, and the reader is told how many, and of which
//! time, at the place where they were.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use wire::Timetoken;

use super::event::{Event, Gap, GapCause};

/// Events between the driver and one reader.
pub(crate) struct Queue {
    state: Mutex<State>,
    readable: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// What was dropped, where the queue begins.
    lost: Option<Gap>,
    /// The newest that was read.
    read: Timetoken,
    closed: bool,
    /// The writer gave up waiting for this reader, which has read nothing since.
    stalled: bool,
    reader: Option<Waker>,
    /// Who wants to know that there is room again.
    writer: Option<Waker>,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), readable: Condvar::new(), capacity: capacity.max(1) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room. If not, `writer` is woken when there is.
    pub(crate) fn has_room(&self, writer: &Waker) -> bool {
        let mut state = self.state();
        let has_room = state.closed || state.events.len() < self.capacity;
        if !has_room {
            state.writer = Some(writer.clone());
        }
        has_room
    }

    /// Whether the writer has given up waiting for this reader.
    pub(crate) fn is_stalled(&self) -> bool {
        self.state().stalled
    }

    /// The writer gives up waiting for this reader until it reads again.
    pub(crate) fn stall(&self) {
        self.state().stalled = true;
    }

    /// Adds an event. Where there is no room, the oldest goes, and the reader is told.
    pub(crate) fn push_over(&self, event: Event) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        while state.events.len() >= self.capacity {
            state.drop_oldest();
        }
        state.events.push_back(event);
        state.wake_reader();
        self.readable.notify_one();
    }

    /// Nothing more comes. What is there can still be read.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.wake_reader();
        self.readable.notify_all();
    }

    /// The next event, or none when nothing more comes.
    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.state();
        if let Some(event) = state.take() {
            return Poll::Ready(Some(event));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }

    /// The next event, waited for on this thread; none when nothing more comes, or nothing came in time.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Option<Event> {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        let mut state = self.state();
        loop {
            if let Some(event) = state.take() {
                return Some(event);
            }
            if state.closed {
                return None;
            }
            state = match until {
                None => self.readable.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.readable.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl State {
    fn take(&mut self) -> Option<Event> {
        let event = self.lost.take().map(Event::Gap).or_else(|| self.events.pop_front())?;
        self.read = event.timetoken().unwrap_or(self.read);
        self.stalled = false;
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        Some(event)
    }

    fn drop_oldest(&mut self) {
        let Some(event) = self.events.pop_front() else { return };
        let gap = self.lost.get_or_insert(Gap {
            after: self.read,
            until: self.read,
            cause: GapCause::SlowReader { dropped: 0 },
        });
        gap.until = event.timetoken().unwrap_or(gap.until);
        if let GapCause::SlowReader { dropped } = &mut gap.cause {
            *dropped += 1;
        }
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::subscribe::machine::tests::message;

    fn event(ticks: u64) -> Event {
        Event::of(&message("room", ticks))
    }

    fn read(queue: &Queue) -> Vec<Event> {
        std::iter::from_fn(|| queue.wait(Some(Duration::ZERO))).collect()
    }

    fn ticks(events: &[Event]) -> Vec<u64> {
        events.iter().filter_map(Event::timetoken).map(Timetoken::ticks).collect()
    }

    #[test]
    fn a_reader_that_is_too_slow_loses_the_oldest_and_is_told_where() {
        let queue = Queue::new(3);
        queue.push_over(event(1));
        assert_eq!(ticks(&read(&queue)), [1]);
        (2..=7).for_each(|ticks| queue.push_over(event(ticks)));
        let events = read(&queue);
        let gap = Gap {
            after: Timetoken::from_ticks(1),
            until: Timetoken::from_ticks(4),
            cause: GapCause::SlowReader { dropped: 3 },
        };
        assert!(matches!(&events[0], Event::Gap(told) if *told == gap), "{events:?}");
        assert_eq!(ticks(&events), [5, 6, 7]);
        assert!(read(&queue).is_empty());
    }

    #[test]
    fn a_reader_that_reads_again_is_waited_for_again() {
        let (queue, waker) = (Queue::new(1), Waker::noop());
        assert!(queue.has_room(waker));
        queue.push_over(event(1));
        assert!(!queue.has_room(waker));
        queue.stall();
        assert!(queue.is_stalled());
        read(&queue);
        assert!(!queue.is_stalled() && queue.has_room(waker));
    }

    #[test]
    fn what_was_there_before_the_end_is_read_and_then_it_ends() {
        let queue = Arc::new(Queue::new(9));
        queue.push_over(event(1));
        let reader = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || std::iter::from_fn(|| queue.wait(None)).collect::<Vec<_>>()
        });
        queue.push_over(event(2));
        queue.close();
        assert_eq!(ticks(&reader.join().unwrap()), [1, 2]);
        queue.push_over(event(3));
        assert!(read(&queue).is_empty());
    }
}
