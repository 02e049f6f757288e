//! Some of the streams, behind one lock: found by name, and from then on by number.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use slab::Slab;
use wire::Timetoken;

use super::sync::Hasher;
use super::timeline::Timeline;

/// Streams by name and by number.
#[derive(Debug)]
pub(super) struct Shard<M, W> {
    /// A stream keeps its number as long as it is here, hence as long as anybody holds a place on it.
    timelines: Slab<Timeline<M, W>>,
    numbers: HashTable<u32>,
    hasher: Hasher,
    /// Nothing is known of a stream that is not here before this point.
    forgotten_until: Timetoken,
}

impl<M, W> Shard<M, W> {
    /// No streams yet. What was before `start` is not known.
    pub(super) fn new(hasher: Hasher, start: Timetoken) -> Self {
        Self { timelines: Slab::new(), numbers: HashTable::new(), hasher, forgotten_until: start }
    }

    pub(super) fn forgotten_until(&self) -> Timetoken {
        self.forgotten_until
    }

    /// Looks for a stream by its name, whose hash is `hash`.
    pub(super) fn find(&mut self, name: &str, hash: u64) -> Option<&mut Timeline<M, W>> {
        let timelines = &self.timelines;
        let number = self.numbers.find(hash, |number| is_called(timelines, *number, name)).copied()?;
        self.timelines.get_mut(number as usize)
    }

    /// The number of a stream, which begins if it is not here.
    pub(super) fn number_of(&mut self, name: &str, hash: u64) -> u32 {
        let Self { timelines, numbers, hasher, forgotten_until } = self;
        let same = |number: &u32| is_called(timelines, *number, name);
        let rehash = |number: &u32| timelines.get(*number as usize).map_or(0, |other| hasher.hash_one(other.name()));
        match numbers.entry(hash, same, rehash) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                // Memory ends long before numbers do.
                let number = u32::try_from(timelines.vacant_key()).unwrap_or(u32::MAX);
                free.insert(number);
                timelines.insert(Timeline::new(name, *forgotten_until));
                number
            }
        }
    }

    /// The stream of a number, which it has for as long as somebody holds a place on it.
    pub(super) fn at(&mut self, number: u32) -> Option<&mut Timeline<M, W>> {
        self.timelines.get_mut(number as usize)
    }

    /// Forgets a stream of which nothing would be lost but what is forgotten of every other.
    pub(super) fn forget_if_idle(&mut self, number: u32) {
        let Some(timeline) = self.timelines.get(number as usize) else { return };
        if timeline.is_idle() && timeline.lost_until() <= self.forgotten_until {
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u32) {
        let Some(timeline) = self.timelines.try_remove(number as usize) else { return };
        if let Ok(found) = self.numbers.find_entry(self.hasher.hash_one(timeline.name()), |other| *other == number) {
            found.remove();
        }
    }

    /// Has each stream do something, and forgets those that are idle then. Answers how many they were.
    pub(super) fn sweep(&mut self, mut each: impl FnMut(&mut Timeline<M, W>)) -> usize {
        let mut idle = Vec::new();
        for (number, timeline) in &mut self.timelines {
            each(timeline);
            if timeline.is_idle() {
                self.forgotten_until = self.forgotten_until.max(timeline.lost_until());
                idle.extend(u32::try_from(number));
            }
        }
        idle.iter().for_each(|number| self.forget(*number));
        if self.numbers.capacity() > 4 * self.numbers.len() {
            let Self { timelines, numbers, hasher, .. } = self;
            numbers.shrink_to_fit(|number| {
                timelines.get(*number as usize).map_or(0, |timeline| hasher.hash_one(timeline.name()))
            });
            // Only what is behind the last stream: those that are here keep their numbers.
            timelines.shrink_to_fit();
        }
        idle.len()
    }

    pub(super) fn len(&self) -> usize {
        self.timelines.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Timeline<M, W>> {
        self.timelines.iter().map(|(_, timeline)| timeline)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Timeline<M, W>> {
        self.timelines.iter_mut().map(|(_, timeline)| timeline)
    }
}

fn is_called<M, W>(timelines: &Slab<Timeline<M, W>>, number: u32, name: &str) -> bool {
    timelines.get(number as usize).is_some_and(|timeline| timeline.name() == name)
}
