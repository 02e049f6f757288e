//! Who is present, kept across restarts (`docs/protocol/beyond.md`, "Restarts").
//!
//! After a clean stop, everyone has the time they had left when the server stopped: nobody could renew in between.
//! After a crash, everyone in the last snapshot has their full timeout to come back.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use engine::presence::{Restart, SavedSeat};
use store::snapshot::{Found, Header, Writer, Written};
use store::{DataDirectory, OpenError};
use wire::{SubscribeKey, Timetoken};

use crate::clock::Clock;
use crate::keyset::Keyset;
use crate::keysets::KeysetsNow;

/// The shape of [`SavedSeat`] in a snapshot. A new shape has a new number.
const RECORDS: u16 = 1;

/// Seats that are copied in one turn under the lock: some 100 µs.
const SEATS_A_TURN: usize = 1024;

/// The shortest time between two saves, unless the operator asks for less: what a crash costs a small roster, and few
/// enough writes for any disk.
const REST_MIN: Duration = Duration::from_secs(1);
/// A save is followed by so many times its own length without one: at most a twentieth of the time is spent saving.
const REST_FACTOR: u32 = 19;

/// How long to wait after a save that took `took`: as short as a twentieth of the time allows, since who came after the
/// last save is forgotten by a crash, and never longer than `at_most`, which the operator promised to somebody.
pub(crate) fn rest_after(took: Duration, at_most: Duration) -> Duration {
    took.saturating_mul(REST_FACTOR).max(REST_MIN).min(at_most)
}

/// What a start found of the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Seats that are taken again.
    pub seats: usize,
    /// Whether the run before stopped cleanly.
    pub clean: bool,
}

pub(crate) fn restore(
    keysets: &KeysetsNow,
    directory: &DataDirectory,
    clock: &dyn Clock,
) -> Result<Restored, OpenError> {
    let mut snapshot = match store::snapshot::read(directory, RECORDS)? {
        Found::Nothing => return Ok(Restored::default()),
        Found::Damaged(damage) => {
            tracing::error!(%damage, "who was present is not known");
            return Ok(Restored::default());
        }
        Found::Snapshot(snapshot) => snapshot,
    };
    let clean = snapshot.header().clean;
    let restart = if clean { Restart::Clean } else { Restart::Crash };
    let now = clock.steady();
    let mut saved: HashMap<SubscribeKey, Vec<SavedSeat>> = HashMap::new();
    while let Some(chunk) = snapshot.next_chunk::<SavedSeat>() {
        saved.entry(chunk.key).or_default().extend(chunk.records);
    }
    let mut seats = 0;
    for (key, saved) in saved {
        // A key set that is gone has nobody.
        let Some(keyset) = keysets.get(&key).filter(|keyset| keyset.options().presence.enabled) else { continue };
        seats += saved.len();
        keyset.lock_presence().restore(saved, restart, now);
    }
    if let Some(damage) = snapshot.damage() {
        tracing::error!(%damage, "not everyone who was present is known");
    }
    Ok(Restored { seats, clean })
}

/// Writes a snapshot. Blocks; takes the lock of presence for short turns only, so who comes or goes meanwhile may be in
/// it or not.
pub(crate) fn save(
    keysets: &[Arc<Keyset>],
    directory: &DataDirectory,
    clock: &dyn Clock,
    ceiling: Timetoken,
    clean: bool,
) -> io::Result<Written> {
    let mut writer = Writer::create(directory, &Header { records: RECORDS, written_at: clock.now(), clean, ceiling })?;
    for keyset in keysets {
        let mut from = Some(engine::presence::SaveCursor::default());
        while let Some(cursor) = from {
            let (seats, next) = keyset.lock_presence().save(cursor, SEATS_A_TURN, clock.steady());
            writer.add(&keyset.subscribe_key, seats)?;
            from = next;
        }
    }
    writer.finish()
}

/// A number that changes whenever a snapshot of these key sets would.
pub(crate) fn revision(keysets: &[Arc<Keyset>]) -> u64 {
    keysets.iter().map(|keyset| keyset.lock_presence().revision()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_is_followed_by_a_rest_that_fits_what_it_took() {
        let (millis, at_most) = (Duration::from_millis, Duration::from_secs(10));
        for (what, took, at_most, rest) in [
            ("nothing to speak of: a second", millis(0), at_most, millis(1_000)),
            ("a small roster: a second", millis(5), at_most, millis(1_000)),
            ("the last that fits into a second", millis(52), at_most, millis(1_000)),
            ("a larger one: a twentieth of the time", millis(100), at_most, millis(1_900)),
            ("a very large one: what the operator allows", millis(600), at_most, at_most),
            ("a stalled disk", Duration::MAX, at_most, at_most),
            ("an operator who wants it sooner", millis(5), millis(5), millis(5)),
        ] {
            assert_eq!(rest_after(took, at_most), rest, "{what}");
        }
    }

    #[test]
    fn saving_takes_a_twentieth_of_the_time_unless_the_operator_asks_for_more() {
        for millis in 0..500 {
            let took = Duration::from_millis(millis);
            let round = took + rest_after(took, Duration::from_secs(10));
            assert!(took * 20 <= round, "{took:?} of {round:?}");
        }
    }
}
