//! Who is present, kept across restarts (`docs/protocol/beyond.md`, "Restarts").
//!
//! After a clean stop, everyone has the time they had left when the server stopped: nobody could renew in between.
//! After a crash, everyone in the last snapshot has their full timeout to come back.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use engine::presence::{Restart, SavedSeat};
use store::snapshot::{Found, Header, Writer, Written};
use store::{DataDirectory, OpenError};
use wire::{SubscribeKey, Timetoken};

use crate::clock::Clock;
use crate::keyset::Keyset;

/// The shape of [`SavedSeat`] in a snapshot. A new shape has a new number.
const RECORDS: u16 = 1;

/// Seats that are copied in one turn under the lock: some 100 µs.
const SEATS_A_TURN: usize = 1024;

/// What a start found of the run before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Seats that are taken again.
    pub seats: usize,
    /// Whether the run before stopped cleanly.
    pub clean: bool,
}

pub(crate) fn restore(
    keysets: &HashMap<SubscribeKey, Arc<Keyset>>,
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
        // A key set that is gone from the configuration has nobody.
        let Some(keyset) = keysets.get(&key).filter(|keyset| keyset.options.presence.enabled) else { continue };
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
            writer.add(&keyset.options.subscribe_key, seats)?;
            from = next;
        }
    }
    writer.finish()
}

/// A number that changes whenever a snapshot would.
pub(crate) fn revision(keysets: &[Arc<Keyset>]) -> u64 {
    keysets.iter().map(|keyset| keyset.lock_presence().revision()).sum()
}
