//! From the hash of a name to the slot of its bearer, in parts.
//!
//! - It holds slot numbers only; what they are compared with is in the slots, so a member costs about ten bytes here.
//! - It is split in parts that grow one by one. One table of a million members would rehash them all in the middle of
//!   one join (20 ms measured, 150 ms at five million).
//! - The hashes given to it are keyed: names are chosen by clients.

use hashbrown::HashTable;

/// At five million members a part has 20,000, and rehashing it takes about a millisecond.
const PARTS: usize = 256;

#[derive(Debug)]
pub(super) struct Index {
    parts: Box<[HashTable<u32>]>,
}

impl Index {
    pub(super) fn new() -> Self {
        Self { parts: (0..PARTS).map(|_| HashTable::new()).collect() }
    }

    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.parts[part(hash)].find(hash, |slot| is(*slot)).copied()
    }

    /// Adds a slot that is not in it. `hash_of` must give for every slot in it the hash it was inserted with.
    pub(super) fn insert(&mut self, hash: u64, slot: u32, hash_of: impl Fn(u32) -> u64) {
        self.parts[part(hash)].insert_unique(hash, slot, |slot| hash_of(*slot));
    }

    /// Puts another slot, of the same hash, in the place of one.
    pub(super) fn replace(&mut self, hash: u64, slot: u32, by: u32) {
        if let Some(place) = self.parts[part(hash)].find_mut(hash, |other| *other == slot) {
            *place = by;
        }
    }

    pub(super) fn remove(&mut self, hash: u64, slot: u32) {
        if let Ok(entry) = self.parts[part(hash)].find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(HashTable::len).sum()
    }
}

/// The tables use the lowest and the highest bits, so the part comes from between.
fn part(hash: u64) -> usize {
    (hash >> 40) as usize % PARTS
}
