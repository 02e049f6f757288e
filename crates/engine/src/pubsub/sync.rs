//! The locks and atomics of this module, so that a model checker can take their place.

#[cfg(feature = "shuttle")]
pub(super) use shuttle::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(feature = "shuttle"))]
pub(super) use std::sync::{Mutex, MutexGuard, atomic};

/// Takes a lock. A panic elsewhere under it does not spoil it: every change under these locks is one push or one pop.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Channel names are chosen by clients, so their hash is keyed. Under the model checker every run must take the same
/// shards, so there it is not.
#[cfg(not(feature = "shuttle"))]
pub(super) type Hasher = std::hash::RandomState;
#[cfg(feature = "shuttle")]
pub(super) type Hasher = std::hash::BuildHasherDefault<std::collections::hash_map::DefaultHasher>;
