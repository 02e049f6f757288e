//! Values in numbered slots: a slab that grows without moving what it holds.
//!
//! - A number stays with its value until the value is removed; then the number is used again.
//! - Growing costs one chunk. A plain vector would copy every member of the key set in the middle of one join.
//! - The number of slots is bounded; beyond it `insert` answers `None`.

use std::ops::{Index, IndexMut};

/// Slots in a chunk: 72 KiB of seats, small enough for a key set of three users.
const CHUNK: usize = 1024;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// The most slots there are. The numbers above stand for other things in the links of a seat: the ends of the wheel's
/// lists, [`NONE`], and the mark of a seat that is in no room.
pub(super) const SLOTS_MAX: u32 = 0xFFFF_0000;

#[derive(Debug)]
pub(super) struct Slots<T> {
    chunks: Vec<Vec<Slot<T>>>,
    /// The first of the free slots, which are linked.
    free: u32,
    /// Slots that were ever used.
    reach: u32,
    max: u32,
}

#[derive(Debug)]
pub(super) enum Slot<T> {
    Used(T),
    Free(u32),
}

impl<T> Slots<T> {
    pub(super) fn new(max: u32) -> Self {
        Self { chunks: Vec::new(), free: NONE, reach: 0, max: max.min(SLOTS_MAX) }
    }

    /// How many values there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.iter().count()
    }

    /// One more than the highest slot ever used: where a walk over all slots ends.
    pub(super) fn reach(&self) -> u32 {
        self.reach
    }

    /// Whether another value fits.
    pub(super) fn has_room(&self) -> bool {
        self.free != NONE || self.reach < self.max
    }

    pub(super) fn insert(&mut self, value: T) -> Option<u32> {
        if self.free != NONE {
            let slot = self.free;
            let place = self.slot_mut(slot)?;
            let Slot::Free(next) = std::mem::replace(place, Slot::Used(value)) else { return None };
            self.free = next;
            return Some(slot);
        }
        if self.reach >= self.max {
            return None;
        }
        let slot = self.reach;
        let chunk = slot as usize / CHUNK;
        if chunk == self.chunks.len() {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks.get_mut(chunk)?.push(Slot::Used(value));
        self.reach += 1;
        Some(slot)
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<T> {
        let free = self.free;
        let place = self.slot_mut(slot)?;
        if matches!(place, Slot::Free(_)) {
            return None;
        }
        let Slot::Used(value) = std::mem::replace(place, Slot::Free(free)) else { return None };
        self.free = slot;
        Some(value)
    }

    pub(super) fn get(&self, slot: u32) -> Option<&T> {
        match self.chunks.get(slot as usize / CHUNK)?.get(slot as usize % CHUNK)? {
            Slot::Used(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        match self.slot_mut(slot)? {
            Slot::Used(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    /// The values with their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..self.reach).filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot<T>> {
        self.chunks.get_mut(slot as usize / CHUNK)?.get_mut(slot as usize % CHUNK)
    }
}

/// For slots that a link or an index names: those hold a value as long as they are named.
impl<T> Index<u32> for Slots<T> {
    type Output = T;

    fn index(&self, slot: u32) -> &T {
        self.get(slot).unwrap_or_else(|| panic!("slot {slot} is named but empty"))
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        self.get_mut(slot).unwrap_or_else(|| panic!("slot {slot} is named but empty"))
    }
}
