//! The budget of memory: what is refused when there is no room, so that what is there can stay.
//!
//! - What may grow is counted where it grows, in bytes that it takes or is about to take: kept messages, members and
//!   their states, groups, parked polls (`kept`, weighed by the upkeep), and connections, bodies on their way in and
//!   replies that nobody takes (`held`, exact at each moment, by [`Reserved`]).
//! - It is not what the system says of the process: memory that was freed and not given back can be used again, and
//!   whoever is refused for its sake would be refused for ever. `/metrics` shows both.
//! - With no room, new work is refused: joins, publishes, polls, bodies. What lessens the load or keeps what is there goes
//!   on: renewals of members, leaves, reads, replies. A part of the budget is for that alone, since it takes connections,
//!   and somebody has to hear that the server is alive; when that is used up as well, connections are turned away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wire::Refusal;

/// One part in so many of the budget is for answering those who are here.
const ANSWERS_SHARE: usize = 8;

/// What room is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What would be more than there is.
    NewWork,
    /// What it takes to answer: connections, heads of requests, replies.
    Answers,
}

/// How much may be used, and how much is.
#[derive(Debug)]
pub struct Memory {
    budget: AtomicUsize,
    kept: AtomicUsize,
    held: AtomicUsize,
}

impl Default for Memory {
    /// Without a budget.
    fn default() -> Self {
        Self { budget: AtomicUsize::new(usize::MAX), kept: AtomicUsize::new(0), held: AtomicUsize::new(0) }
    }
}

impl Memory {
    /// Sets the budget, in bytes.
    pub fn set_budget(&self, bytes: usize) {
        self.budget.store(bytes, Ordering::Relaxed);
    }

    /// The budget, in bytes; `usize::MAX` when there is none.
    #[must_use]
    pub fn budget(&self) -> usize {
        self.budget.load(Ordering::Relaxed)
    }

    /// What is used, in bytes, as far as it is counted.
    #[must_use]
    pub fn used(&self) -> usize {
        self.kept.load(Ordering::Relaxed).saturating_add(self.held.load(Ordering::Relaxed))
    }

    /// Whether new work may be taken on.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`] when the budget is used up, but for what is kept for answers.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.used() < self.most(Purpose::NewWork) { Ok(()) } else { Err(Refusal::OutOfMemory) }
    }

    /// Takes room for so many bytes, if there is any.
    #[must_use]
    pub fn reserve(self: &Arc<Self>, bytes: usize, purpose: Purpose) -> Option<Reserved> {
        let mut reserved = Reserved { memory: Arc::clone(self), bytes: 0 };
        reserved.grow(bytes, purpose).then_some(reserved)
    }

    /// Takes room for what must go on, whether there is any or not.
    #[must_use]
    pub fn hold(self: &Arc<Self>, bytes: usize) -> Reserved {
        let mut reserved = Reserved { memory: Arc::clone(self), bytes: 0 };
        reserved.hold(bytes);
        reserved
    }

    fn most(&self, purpose: Purpose) -> usize {
        match (self.budget(), purpose) {
            (usize::MAX, _) => usize::MAX,
            (budget, Purpose::NewWork) => budget - budget / ANSWERS_SHARE,
            (budget, Purpose::Answers) => budget,
        }
    }

    /// What the upkeep found when it looked at everything that is kept.
    pub(crate) fn weigh(&self, bytes: usize) {
        self.kept.store(bytes, Ordering::Relaxed);
    }
}

/// Room that was taken. It is given back when this is dropped.
#[derive(Debug)]
pub struct Reserved {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Reserved {
    /// Takes room for so many bytes more. False, and nothing is taken, when there is none.
    #[must_use]
    pub fn grow(&mut self, bytes: usize, purpose: Purpose) -> bool {
        let memory = &self.memory;
        let after = memory.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if memory.kept.load(Ordering::Relaxed).saturating_add(after) > memory.most(purpose) {
            memory.held.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Takes room for so many bytes more, whether there is any or not.
    pub fn hold(&mut self, bytes: usize) {
        self.memory.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
    }

    /// How many bytes were taken.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives a part of it back.
    pub fn shrink(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes -= bytes;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.memory.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Purpose::{Answers, NewWork};
    use super::*;

    #[test]
    fn room_is_taken_up_to_the_budget_and_given_back() {
        let memory = Arc::new(Memory::default());
        memory.set_budget(800);
        memory.weigh(400);
        let work = memory.reserve(300, NewWork).expect("exactly what is left for new work");
        assert_eq!((memory.used(), memory.check()), (700, Err(Refusal::OutOfMemory)));
        assert!(memory.reserve(1, NewWork).is_none());
        let answer = memory.reserve(100, Answers).expect("exactly what is left");
        assert!(memory.reserve(1, Answers).is_none());
        drop((work, answer));
        assert_eq!((memory.used(), memory.check()), (400, Ok(())), "nothing is left behind by what was refused");
    }

    #[test]
    fn what_is_reserved_grows_and_shrinks() {
        let memory = Arc::new(Memory::default());
        memory.set_budget(800);
        let mut room = memory.reserve(500, NewWork).expect("room");
        assert!(!room.grow(201, NewWork) && room.grow(200, NewWork));
        room.hold(1_000);
        assert_eq!(memory.used(), 1_700, "what must go on goes on");
        room.shrink(1_650);
        assert_eq!(memory.used(), 50);
        room.shrink(1_000);
        drop(room);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn without_a_budget_there_is_always_room() {
        let memory = Arc::new(Memory::default());
        memory.weigh(usize::MAX / 2);
        assert!(memory.reserve(usize::MAX / 2, NewWork).is_some());
        assert_eq!(memory.check(), Ok(()));
    }
}
