//! Deadlines of seats: which of them may have passed, without looking at the others.
//!
//! - A seat is in exactly one list, and that list comes due at or before the seat's deadline. So when no list that has
//!   come due holds a seat, no deadline has passed.
//! - A later deadline moves nothing: the seat is looked at when its list comes due and is then put where it belongs. An
//!   earlier deadline must be put in its place at once.
//! - Passing time costs at most one step for each list, whatever the seats in them and however far the clock jumped:
//!   lists that came due are chained whole into one list of overdue seats, which is then worked off in portions.
//!
//! Two levels: 512 lists of one tick (25.6 s), then 256 lists of 512 ticks (1 h 49 min). What is later than that waits
//! in the last list and is put again from there.

use super::term::Tick;

const NEAR: u64 = 512;
const FAR: u64 = 256;
const OVERDUE: u32 = (NEAR + FAR) as u32;

/// The number from which on a link leads to the end of a list instead of a seat.
const ENDS: u32 = super::slots::SLOTS_MAX;

/// The neighbours of a seat in its list. At the ends of the list the neighbour is the list itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    before: u32,
    after: u32,
}

impl Links {
    /// Of a seat that is in no list yet.
    pub(super) const fn loose() -> Self {
        Self { before: ENDS, after: ENDS }
    }
}

/// Where the links of the seats are: in the seats.
pub(super) trait Linked {
    fn links(&mut self, slot: u32) -> &mut Links;
}

#[derive(Debug)]
pub(super) struct Wheel {
    /// The first tick that has not come due. A near list holds one tick of `at..at + NEAR`; a far list holds one block
    /// of `NEAR` ticks that starts at or after `at`.
    at: u64,
    /// The last and the first seat of each list (`before` and `after` the list): near, far, overdue.
    ends: Box<[Links]>,
    near: Bits<{ NEAR as usize / 64 }>,
    far: Bits<{ FAR as usize / 64 }>,
}

impl Wheel {
    pub(super) fn new() -> Self {
        let ends = (0..=OVERDUE).map(|list| Links { before: ENDS + list, after: ENDS + list }).collect();
        Self { at: 0, ends, near: Bits::default(), far: Bits::default() }
    }

    /// Puts a loose seat where it comes due at `end` or, when that is far away, earlier.
    pub(super) fn link(&mut self, slot: u32, end: Tick, seats: &mut impl Linked) {
        let tick = end.0;
        let list = if tick < self.at {
            OVERDUE
        } else if tick - self.at < NEAR {
            self.near.set(tick % NEAR);
            (tick % NEAR) as u32
        } else {
            let block = (tick / NEAR).min(self.at / NEAR + FAR - 1);
            self.far.set(block % FAR);
            (NEAR + block % FAR) as u32
        };
        let list = ENDS + list;
        let last = self.links(list, seats).before;
        *seats.links(slot) = Links { before: last, after: list };
        self.links(last, seats).after = slot;
        self.links(list, seats).before = slot;
    }

    /// Takes a seat out of its list.
    pub(super) fn unlink(&mut self, slot: u32, seats: &mut impl Linked) {
        let Links { before, after } = *seats.links(slot);
        self.links(before, seats).after = after;
        self.links(after, seats).before = before;
        if before == after && before >= ENDS {
            self.emptied(before - ENDS);
        }
    }

    /// Makes all lists overdue that come due up to `now`.
    pub(super) fn pass(&mut self, now: Tick, seats: &mut impl Linked) {
        if now.0 < self.at {
            return;
        }
        let ticks = (now.0 - self.at + 1).min(NEAR);
        while let Some(step) = self.near.next(self.at % NEAR, ticks) {
            self.make_overdue(((self.at + step) % NEAR) as u32, seats);
        }
        let first = self.at.div_ceil(NEAR);
        let blocks = (now.0 / NEAR + 1).saturating_sub(first).min(FAR);
        while let Some(step) = self.far.next(first % FAR, blocks) {
            self.make_overdue((NEAR + (first + step) % FAR) as u32, seats);
        }
        self.at = now.0 + 1;
    }

    /// A seat whose list has come due. It stays first until it is linked elsewhere.
    pub(super) fn overdue(&self) -> Option<u32> {
        let first = self.ends[OVERDUE as usize].after;
        (first < ENDS).then_some(first)
    }

    /// Whether a deadline may have passed at `now`. When not, none has.
    pub(super) fn may_be_due(&self, now: Tick) -> bool {
        self.next().is_some_and(|tick| tick <= now)
    }

    /// Whether time has passed this tick.
    pub(super) fn has_passed(&self, tick: Tick) -> bool {
        tick.0 < self.at
    }

    /// When the next list comes due; a tick that has passed when seats are overdue.
    pub(super) fn next(&self) -> Option<Tick> {
        if self.overdue().is_some() {
            return Some(Tick(self.at.saturating_sub(1)));
        }
        let near = self.near.next(self.at % NEAR, NEAR).map(|step| self.at + step);
        let first = self.at.div_ceil(NEAR);
        let far = self.far.next(first % FAR, FAR).map(|step| (first + step) * NEAR);
        near.into_iter().chain(far).min().map(Tick)
    }

    /// Chains a whole list to the end of the overdue one.
    fn make_overdue(&mut self, list: u32, seats: &mut impl Linked) {
        let Links { before: last, after: first } = self.ends[list as usize];
        self.emptied(list);
        if first >= ENDS {
            return;
        }
        self.ends[list as usize] = Links { before: ENDS + list, after: ENDS + list };
        let end = ENDS + OVERDUE;
        let before = self.links(end, seats).before;
        self.links(before, seats).after = first;
        seats.links(first).before = before;
        seats.links(last).after = end;
        self.links(end, seats).before = last;
    }

    fn emptied(&mut self, list: u32) {
        let list = u64::from(list);
        if list < NEAR {
            self.near.clear(list);
        } else if list < NEAR + FAR {
            self.far.clear(list - NEAR);
        }
    }

    fn links<'a>(&'a mut self, node: u32, seats: &'a mut impl Linked) -> &'a mut Links {
        if node >= ENDS { &mut self.ends[(node - ENDS) as usize] } else { seats.links(node) }
    }
}

/// Which lists of a level hold seats.
#[derive(Debug)]
struct Bits<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Default for Bits<WORDS> {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl<const WORDS: usize> Bits<WORDS> {
    const LEN: u64 = WORDS as u64 * 64;

    fn set(&mut self, bit: u64) {
        self.0[(bit / 64) as usize] |= 1 << (bit % 64);
    }

    fn clear(&mut self, bit: u64) {
        self.0[(bit / 64) as usize] &= !(1 << (bit % 64));
    }

    /// How many steps after `from`, going round, the first set bit is; `None` when it is not within `steps`.
    fn next(&self, from: u64, steps: u64) -> Option<u64> {
        let mut step = 0;
        while step < steps {
            let bit = (from + step) % Self::LEN;
            let ahead = self.0[(bit / 64) as usize] >> (bit % 64);
            if ahead != 0 {
                let step = step + u64::from(ahead.trailing_zeros());
                return (step < steps).then_some(step);
            }
            step += 64 - bit % 64;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Linked for Vec<Links> {
        fn links(&mut self, slot: u32) -> &mut Links {
            &mut self[slot as usize]
        }
    }

    fn drain(wheel: &mut Wheel, seats: &mut Vec<Links>) -> Vec<u32> {
        std::iter::from_fn(|| {
            let slot = wheel.overdue()?;
            wheel.unlink(slot, seats);
            Some(slot)
        })
        .collect()
    }

    /// For every distance from every place in a block: never before its time by more than a block, never after.
    #[test]
    fn a_seat_comes_due_at_or_before_its_deadline_and_never_later() {
        for at in [0, 1, 511, 512, 513, 131_071, 131_072, 700_000_017] {
            for distance in [0, 1, 2, 63, 64, 511, 512, 513, 1023, 1024, 5_000, 130_559, 130_560, 131_072, 400_000] {
                let (mut wheel, mut seats) = (Wheel::new(), vec![Links::loose()]);
                wheel.pass(Tick(at), &mut seats);
                let end = Tick(at + distance);
                wheel.link(0, end, &mut seats);
                let mut looks = 0;
                while let Some(next) = wheel.next() {
                    assert!(next <= end, "{at} {distance} {next:?}");
                    wheel.pass(next, &mut seats);
                    assert_eq!(drain(&mut wheel, &mut seats), [0]);
                    if next < end {
                        wheel.link(0, end, &mut seats);
                    }
                    looks += 1;
                }
                assert!(looks <= 2 + distance / (NEAR * (FAR - 2)), "{at} {distance}: {looks} looks");
            }
        }
    }

    #[test]
    fn a_jump_over_everything_makes_everything_overdue_once() {
        let mut wheel = Wheel::new();
        let mut seats = vec![Links::loose(); 3_000];
        wheel.pass(Tick(1_000), &mut seats);
        for slot in 0..3_000_u32 {
            wheel.link(slot, Tick(1_001 + u64::from(slot) * 97), &mut seats);
        }
        wheel.unlink(7, &mut seats);
        wheel.pass(Tick(1 << 40), &mut seats);
        let mut drained = drain(&mut wheel, &mut seats);
        drained.sort_unstable();
        assert_eq!(drained, (0..3_000).filter(|slot| *slot != 7).collect::<Vec<_>>());
        assert_eq!(wheel.next(), None);
    }
}
