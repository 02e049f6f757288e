//! Who is on each channel, in the order of joining.
//!
//! - The members of a channel stand in blocks of up to 256, in order; no block is empty, and two neighbours do not
//!   both stay nearly empty. A seat knows its block.
//! - A block knows how many of its members are over, and a time before which no other one is. So what is asked about a
//!   large channel while deadlines pass looks at blocks, and at the members only of those where more may be over; and who
//!   is over stays so until its end is told, so nobody is looked at twice.
//!
//! Seats linked one to the next were measured: a list of 100,000 took 16 ms, each step waiting for the memory of the
//! one before. The members of a block are fetched side by side.

use std::cell::Cell;

use super::slots::{NONE, Slots};
use super::term::Tick;

/// A block of this size is one page of memory at most; finding a member in it costs as much as one cache miss.
/// Small in tests, so that the few members of a test fill, leave and join blocks.
const BLOCK: usize = if cfg!(test) { 4 } else { 256 };

#[derive(Debug)]
pub(super) struct Members {
    blocks: Slots<Block>,
}

/// The blocks of one channel.
#[derive(Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
    len: u32,
}

#[derive(Debug)]
struct Block {
    slots: Vec<u32>,
    before: u32,
    after: u32,
    /// How many are known to be over. A question may find more, which changes no answer.
    over: Cell<usize>,
    /// None of the others is over before this. A question may raise it, which changes no answer either.
    earliest: Cell<Tick>,
}

impl List {
    pub(super) const fn new() -> Self {
        Self { first: NONE, last: NONE, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }
}

impl Members {
    /// For at most as many members as there may be blocks.
    pub(super) fn new(max: u32) -> Self {
        Self { blocks: Slots::new(max) }
    }

    /// Adds a member at the end. Answers with its block.
    pub(super) fn push(&mut self, list: &mut List, slot: u32, end: Tick) -> u32 {
        list.len += 1;
        if let Some(last) = self.blocks.get_mut(list.last).filter(|last| last.slots.len() < BLOCK) {
            last.slots.push(slot);
            last.earliest.set(last.earliest.get().min(end));
            return list.last;
        }
        let block = Block::of(slot, end, list.last);
        // There are never more blocks than members, and as many fit.
        let number = self.blocks.insert(block).unwrap_or(NONE);
        if list.last == NONE {
            list.first = number;
        } else {
            self.blocks[list.last].after = number;
        }
        list.last = number;
        number
    }

    /// Takes a member out of its block. `moved` is told of each member that is in another block from then on.
    pub(super) fn remove(&mut self, list: &mut List, block: u32, slot: u32, mut moved: impl FnMut(u32, u32)) {
        let here = &mut self.blocks[block];
        let Some(place) = here.slots.iter().position(|other| *other == slot) else { return };
        here.slots.remove(place);
        here.forget_over();
        list.len -= 1;
        let (left, before, after) = (here.slots.len(), here.before, here.after);
        if left == 0 {
            self.unlink(list, block);
        } else if self.fits(left, after) {
            self.absorb(list, block, after, &mut moved);
        } else if self.fits(left, before) {
            self.absorb(list, before, block, &mut moved);
        }
    }

    /// A member is over earlier than before.
    pub(super) fn sooner(&mut self, block: u32, end: Tick) {
        let earliest = &self.blocks[block].earliest;
        earliest.set(earliest.get().min(end));
    }

    /// How many members are not over at `now`. `certain` says that nobody is, `look` looks at one.
    pub(super) fn count(&self, list: &List, at: Moment, look: impl Fn(u32) -> Look) -> usize {
        if at.nobody_is_over {
            return list.len();
        }
        self.blocks(list).map(|block| block.slots.len() - block.over(at, &look)).sum()
    }

    /// Whether there is a member that is not over at `now`.
    pub(super) fn any(&self, list: &List, at: Moment, look: impl Fn(u32) -> Look) -> bool {
        if at.nobody_is_over {
            return list.len > 0;
        }
        self.blocks(list).any(|block| block.over(at, &look) < block.slots.len())
    }

    /// Shows `limit` members after the first `offset`, of those that are not over at `now`.
    pub(super) fn page(
        &self,
        list: &List,
        page: super::Page,
        at: Moment,
        look: impl Fn(u32) -> Look,
        mut show: impl FnMut(u32),
    ) {
        let (mut skip, mut left) = (page.offset, page.limit);
        for block in self.blocks(list) {
            let over = if at.nobody_is_over { 0 } else { block.over(at, &look) };
            let live = block.slots.len() - over;
            if skip >= live {
                skip -= live;
                continue;
            }
            for slot in block.slots.iter().copied().filter(|slot| over == 0 || !look(*slot).over) {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                if left == 0 {
                    return;
                }
                left -= 1;
                show(slot);
            }
        }
    }

    fn blocks(&self, list: &List) -> impl Iterator<Item = &Block> {
        let mut next = list.first;
        std::iter::from_fn(move || {
            let block = self.blocks.get(next)?;
            next = block.after;
            Some(block)
        })
    }

    /// Whether a block may take in `other`. Half full at most, so that the next joins and leaves do not part it again.
    fn fits(&self, left: usize, other: u32) -> bool {
        self.blocks.get(other).is_some_and(|other| left + other.slots.len() <= BLOCK / 2)
    }

    /// Moves the members of the next block to the end of one.
    fn absorb(&mut self, list: &mut List, block: u32, next: u32, moved: &mut impl FnMut(u32, u32)) {
        let slots = std::mem::take(&mut self.blocks[next].slots);
        self.blocks[next].forget_over();
        let earliest = self.blocks[next].earliest.get();
        self.unlink(list, next);
        slots.iter().for_each(|slot| moved(*slot, block));
        self.blocks[block].forget_over();
        self.blocks[block].slots.extend(slots);
        self.sooner(block, earliest);
    }

    fn unlink(&mut self, list: &mut List, block: u32) {
        let Some(Block { before, after, .. }) = self.blocks.remove(block) else { return };
        if before == NONE {
            list.first = after;
        } else {
            self.blocks[before].after = after;
        }
        if after == NONE {
            list.last = before;
        } else {
            self.blocks[after].before = before;
        }
    }

    #[cfg(test)]
    pub(super) fn blocks_len(&self) -> usize {
        self.blocks.len()
    }
}

/// When a question is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Tick,
    /// No deadline of the key set has passed by then.
    pub(super) nobody_is_over: bool,
    /// No command will come that is earlier. A question about the future must leave no trace.
    pub(super) has_passed: bool,
}

/// What there is to see at a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The deadline, also where an open poll keeps the member beyond it.
    pub(super) end: Tick,
    /// Whether the member is over.
    pub(super) over: bool,
}

impl Block {
    fn of(slot: u32, end: Tick, before: u32) -> Self {
        Self { slots: vec![slot], before, after: NONE, over: Cell::new(0), earliest: Cell::new(end) }
    }

    /// How many members are over. Looks at them all when more may be than it knows, and then knows for as long as the
    /// earliest deadline of the others is away.
    fn over(&self, at: Moment, look: &impl Fn(u32) -> Look) -> usize {
        if self.earliest.get() > at.now {
            return self.over.get();
        }
        let (mut over, mut earliest) = (0, Tick::NEVER);
        for member in self.slots.iter().map(|slot| look(*slot)) {
            // One that only an open poll keeps has its deadline behind it, and is looked at each time.
            match member.over {
                true => over += 1,
                false => earliest = earliest.min(member.end),
            }
        }
        if at.has_passed {
            self.over.set(over);
            self.earliest.set(earliest);
        }
        over
    }

    /// One of its members goes, or others come, of which nobody knows whether they are over.
    fn forget_over(&mut self) {
        if self.over.take() > 0 {
            self.earliest.set(Tick(0));
        }
    }
}
