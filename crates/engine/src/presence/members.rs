//! Who is on each channel, in the order of joining.
//!
//! - The members of a channel stand in blocks of up to 256, in order; no block is empty, and two neighbours do not
//!   both stay nearly empty. A seat knows its block.
//! - A block knows a time before which none of its members is over. So what is asked about a large channel while
//!   deadlines pass elsewhere looks at blocks, and at the members only of those where something may be over.
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
    /// No member of the block is over before this. A question may raise it, which changes no answer.
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
        let block = Block { slots: vec![slot], before: list.last, after: NONE, earliest: Cell::new(end) };
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
    pub(super) fn count(&self, list: &List, now: Tick, certain: bool, look: impl Fn(u32) -> Look) -> usize {
        if certain {
            return list.len();
        }
        let live = |block: &Block| match block.is_settled(now, &look) {
            true => block.slots.len(),
            false => block.slots.iter().filter(|slot| !look(**slot).over).count(),
        };
        self.blocks(list).map(live).sum()
    }

    /// Whether there is a member that is not over at `now`.
    pub(super) fn any(&self, list: &List, now: Tick, certain: bool, look: impl Fn(u32) -> Look) -> bool {
        let live = |block: &Block| block.earliest.get() > now || block.slots.iter().any(|slot| !look(*slot).over);
        if certain { list.len > 0 } else { self.blocks(list).any(live) }
    }

    /// Shows `limit` members after the first `offset`, of those that are not over at `now`.
    pub(super) fn page(
        &self,
        list: &List,
        page: super::Page,
        now: Tick,
        certain: bool,
        look: impl Fn(u32) -> Look,
        mut show: impl FnMut(u32),
    ) {
        let (mut skip, mut left) = (page.offset, page.limit);
        for block in self.blocks(list) {
            let certain = certain || block.is_settled(now, &look);
            if certain && skip >= block.slots.len() {
                skip -= block.slots.len();
                continue;
            }
            for slot in block.slots.iter().copied().filter(|slot| certain || !look(*slot).over) {
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
        let earliest = self.blocks[next].earliest.get();
        self.unlink(list, next);
        slots.iter().for_each(|slot| moved(*slot, block));
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

/// What there is to see at a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The deadline, also where an open poll keeps the member beyond it.
    pub(super) end: Tick,
    /// Whether the member is over.
    pub(super) over: bool,
}

impl Block {
    /// Whether none of the members is over, for certain. Looks at them all when it does not know, and then knows for as
    /// long as the earliest deadline among them is away.
    fn is_settled(&self, now: Tick, look: &impl Fn(u32) -> Look) -> bool {
        if self.earliest.get() > now {
            return true;
        }
        if let Some(earliest) = self.slots.iter().map(|slot| look(*slot).end).min() {
            self.earliest.set(earliest);
        }
        self.earliest.get() > now
    }
}
