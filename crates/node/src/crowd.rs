//! How many polls each user has open.
//!
//! Only those who have one are here: about 16 bytes a user. A user is known by a keyed hash of 64 bits, so that an id need
//! not be kept a second time; that two users share one does not happen.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use wire::UserId;

/// Enough that two threads seldom meet; a power of two.
const SHARDS: usize = 16;

/// The open polls of a key set, by user.
#[derive(Debug)]
pub(crate) struct Crowd {
    most: AtomicU32,
    hasher: RandomState,
    shards: [Mutex<HashTable<(u64, u32)>>; SHARDS],
}

/// The place of one poll. Must be given back to [`Crowd::leave`].
#[derive(Debug)]
#[must_use = "a poll counts until its place is given back"]
pub(crate) struct CrowdPlace(u64);

impl Crowd {
    /// Of each user at most so many polls.
    pub(crate) fn new(most: u32) -> Self {
        Self { most: AtomicU32::new(most), hasher: RandomState::new(), shards: Default::default() }
    }

    /// Of each user at most so many from now on; those that are open stay.
    pub(crate) fn set_most(&self, most: u32) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Counts one more poll of a user; none when there are as many as there may be.
    pub(crate) fn enter(&self, user: &UserId) -> Option<CrowdPlace> {
        let hash = self.hasher.hash_one(user.as_str());
        match self.shard(hash).entry(hash, |(other, _)| *other == hash, |(hash, _)| *hash) {
            Entry::Vacant(place) => drop(place.insert((hash, 1))),
            Entry::Occupied(mut place) => {
                let (_, polls) = place.get_mut();
                if *polls >= self.most.load(Ordering::Relaxed) {
                    return None;
                }
                *polls += 1;
            }
        }
        Some(CrowdPlace(hash))
    }

    /// Takes a place back.
    #[allow(clippy::needless_pass_by_value, reason = "the place is void afterwards")]
    pub(crate) fn leave(&self, place: CrowdPlace) {
        let hash = place.0;
        let mut shard = self.shard(hash);
        let Entry::Occupied(mut place) = shard.entry(hash, |(other, _)| *other == hash, |(hash, _)| *hash) else {
            return;
        };
        let (_, polls) = place.get_mut();
        *polls -= 1;
        if *polls == 0 {
            place.remove();
        }
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, HashTable<(u64, u32)>> {
        // Not the bits that choose the place within the table.
        let shard = (hash >> 32) as usize % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[test]
    fn each_user_has_as_many_polls_as_there_may_be_and_no_more() {
        let crowd = Crowd::new(2);
        let (first, second) = (crowd.enter(&user("ann")), crowd.enter(&user("ann")));
        assert!(first.is_some() && second.is_some() && crowd.enter(&user("ann")).is_none());
        assert!(crowd.enter(&user("bob")).is_some(), "others have theirs");
        crowd.leave(first.unwrap());
        assert!(crowd.enter(&user("ann")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_whoever_has_none() {
        let crowd = Crowd::new(1);
        for number in 0..1_000 {
            let place = crowd.enter(&user(&format!("user-{number}"))).unwrap();
            crowd.leave(place);
        }
        assert_eq!(crowd.shards.iter().map(|shard| shard.lock().unwrap().len()).sum::<usize>(), 0);
    }
}
