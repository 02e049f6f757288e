//! Whether a history of concurrent calls could have come from one thing that does one call at a time, each at an instant
//! between its begin and its answer (Herlihy and Wing).
//!
//! The search is that of Wing and Gong with Lowe's memory of what was tried: calls are put in order one by one; an order that
//! cannot go on is taken back; the same set of calls with the same state is looked at once. `stateright` has a tester of
//! this kind, but without that memory, so that histories of some dozen overlapping calls never end, and with a web server.

use std::collections::HashSet;
use std::hash::Hash;

/// What does one call at a time.
pub(crate) trait Sequential {
    type State: Clone + Default + Eq + Hash;
    type Call;
    type Answer;

    /// The state after a call that was answered so, if a thing in `state` may answer so. A call without an answer was
    /// lost on its way there or back.
    fn after(state: &Self::State, call: &Self::Call, answer: Option<&Self::Answer>) -> Option<Self::State>;
}

/// A call as a client saw it. Times are of one clock.
#[derive(Clone, Debug)]
pub(crate) struct Lived<C, A> {
    pub(crate) call: C,
    pub(crate) begun: u64,
    /// When it was answered, and what.
    pub(crate) ended: Option<(u64, A)>,
}

/// Whether there is such an order. Calls without an answer may stand in it, at any time after their begin, or not.
pub(crate) fn is_linearizable<S: Sequential>(history: &[Lived<S::Call, S::Answer>]) -> bool {
    let mut edges: Vec<(u64, bool, usize)> = Vec::new();
    for (index, lived) in history.iter().enumerate() {
        edges.push((lived.begun, false, index));
        edges.extend(lived.ended.as_ref().map(|(ended, _)| (*ended, true, index)));
    }
    // At one instant, begins come before ends: the calls overlap.
    edges.sort_unstable();
    let mut state = S::State::default();
    let mut placed = Placed(vec![0; history.len().div_ceil(64)]);
    let mut order: Vec<(usize, S::State)> = Vec::new();
    let mut tried: HashSet<(Placed, S::State)> = HashSet::new();
    let mut at = 0;
    loop {
        let Some(&(_, is_end, index)) = edges.get(at) else { return true };
        at += 1;
        if placed.has(index) {
            continue;
        }
        if is_end {
            // It ended here, so it has to stand before whatever begins later, and does not: something before is wrong.
            let Some((last, before)) = order.pop() else { return false };
            placed.flip(last);
            state = before;
            at = 1 + edges.iter().position(|&(_, is_end, index)| !is_end && index == last).unwrap_or_default();
            continue;
        }
        let lived = &history[index];
        let Some(next) = S::after(&state, &lived.call, lived.ended.as_ref().map(|(_, answer)| answer)) else {
            continue;
        };
        placed.flip(index);
        if tried.insert((placed.clone(), next.clone())) {
            order.push((index, std::mem::replace(&mut state, next)));
            at = 0;
        } else {
            placed.flip(index);
        }
    }
}

/// Which calls stand in the order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Placed(Vec<u64>);

impl Placed {
    fn has(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    fn flip(&mut self, index: usize) {
        self.0[index / 64] ^= 1 << (index % 64);
    }
}

mod tests {
    use super::*;

    struct Register;

    #[derive(Clone, Debug)]
    enum Call {
        Read,
        Write(u8),
        Swap { from: u8, to: u8 },
    }
    use Call::{Read, Swap, Write};

    impl Sequential for Register {
        type State = u8;
        type Call = Call;
        /// What was read; 1 or 0 for a swap that was done or not.
        type Answer = u8;

        fn after(state: &u8, call: &Call, answer: Option<&u8>) -> Option<u8> {
            match (*call, answer) {
                (Read, read) => read.is_none_or(|read| read == state).then_some(*state),
                (Write(value), _) => Some(value),
                (Swap { from, to }, done) => {
                    let does = *state == from;
                    done.is_none_or(|done| (*done == 1) == does).then_some(if does { to } else { *state })
                }
            }
        }
    }

    impl Copy for Call {}

    /// Calls as (call, begin, end, answer); an end of 0 is none.
    fn check(expected: bool, history: &[(Call, u64, u64, u8)]) {
        let lived = |&(call, begun, ended, answer): &(Call, u64, u64, u8)| Lived {
            call,
            begun,
            ended: (ended > 0).then_some((ended, answer)),
        };
        let lived: Vec<_> = history.iter().map(lived).collect();
        assert_eq!(is_linearizable::<Register>(&lived), expected, "{history:?}");
    }

    #[test]
    fn calls_one_after_the_other_are_done_in_their_order() {
        check(true, &[]);
        check(true, &[(Write(1), 1, 2, 0), (Read, 3, 4, 1), (Write(2), 5, 6, 0), (Read, 7, 8, 2)]);
        check(false, &[(Write(1), 1, 2, 0), (Write(2), 3, 4, 0), (Read, 5, 6, 1)]);
        check(false, &[(Write(1), 1, 2, 0), (Read, 3, 4, 0)]);
    }

    #[test]
    fn calls_that_overlap_may_have_been_done_in_any_order() {
        check(true, &[(Write(1), 1, 10, 0), (Read, 2, 3, 0), (Read, 4, 5, 1)]);
        check(true, &[(Write(1), 1, 10, 0), (Write(2), 1, 10, 0), (Read, 11, 12, 1)]);
        // The new value is there for one, so it is there for the next.
        check(false, &[(Write(1), 1, 10, 0), (Read, 2, 3, 1), (Read, 4, 5, 0)]);
        // Two readers see two writes in opposite orders.
        let writes = [(Write(1), 1, 20, 0), (Write(2), 1, 20, 0)];
        let reads = |first, second, third, fourth| {
            [(Read, 2, 3, first), (Read, 4, 5, second), (Read, 6, 7, third), (Read, 8, 9, fourth)]
        };
        check(true, &[&writes[..], &reads(1, 1, 2, 2)].concat());
        check(false, &[&writes[..], &reads(1, 2, 1, 2)].concat());
    }

    #[test]
    fn of_two_swaps_from_one_value_one_is_done() {
        let (first, second) = (Swap { from: 0, to: 1 }, Swap { from: 0, to: 2 });
        check(true, &[(first, 1, 10, 1), (second, 1, 10, 0), (Read, 11, 12, 1)]);
        check(true, &[(first, 1, 10, 0), (second, 1, 10, 1), (Read, 11, 12, 2)]);
        check(false, &[(first, 1, 10, 1), (second, 1, 10, 1)]);
        check(false, &[(first, 1, 10, 0), (second, 1, 10, 0)]);
    }

    #[test]
    fn a_call_without_an_answer_may_have_been_done_late_or_not_at_all() {
        check(true, &[(Write(1), 1, 0, 0), (Read, 2, 3, 0), (Read, 4, 5, 1)]);
        check(true, &[(Write(1), 1, 0, 0), (Read, 2, 3, 0), (Read, 4, 5, 0)]);
        check(false, &[(Write(1), 1, 0, 0), (Read, 2, 3, 1), (Read, 4, 5, 0)]);
        check(false, &[(Read, 1, 2, 1), (Write(1), 3, 0, 0)]);
    }

    #[test]
    fn many_calls_at_once_are_decided_soon() {
        let writes = (0..24).map(|n| (Write(n), 1, 100, 0));
        let reads = (0..24).map(|n| (Read, 200 + 2 * n, 201 + 2 * n, 7));
        check(true, &writes.clone().chain(reads.clone()).collect::<Vec<_>>());
        // Memory decides this one: there are 24! orders, of 2^24 sets; half of them suffice to fail, here with 12.
        let few = writes.take(12);
        check(false, &few.chain(reads).chain([(Read, 300, 301, 8)]).collect::<Vec<_>>());
    }
}
