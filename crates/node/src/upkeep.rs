//! What happens by itself: lapses and interval events, forgetting, and saving.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use engine::pubsub::Ticker;
use store::DataDirectory;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use wire::Timetoken;

use crate::clock::Clock;
use crate::keyset::Keyset;
use crate::snapshot;

/// How late a timeout event can be, beside the work before it.
const ADVANCE_EVERY: Duration = Duration::from_millis(50);
/// Lapses in one turn under the lock: well under a millisecond.
const ADVANCE_AT_ONCE: usize = 256;
/// One shard of each key set a turn, so that every timeline is looked at about once a minute.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often the ceiling is saved, and how far ahead of the clock it is.
const CEILING_EVERY: Duration = Duration::from_secs(5);
const CEILING_LEAD: Duration = Duration::from_secs(15);

pub(crate) fn spawn(
    keysets: Vec<Arc<Keyset>>,
    directory: Arc<DataDirectory>,
    ticker: Arc<Ticker>,
    clock: Arc<dyn Clock>,
) -> Vec<JoinHandle<()>> {
    vec![
        tokio::spawn(advance(keysets.clone())),
        tokio::spawn(sweep(keysets.clone())),
        tokio::spawn(save_presence(keysets, Arc::clone(&directory), Arc::clone(&ticker), Arc::clone(&clock))),
        tokio::spawn(keep_ceiling(directory, ticker, clock)),
    ]
}

async fn advance(keysets: Vec<Arc<Keyset>>) {
    let mut ticks = every(ADVANCE_EVERY);
    loop {
        ticks.tick().await;
        for keyset in keysets.iter().filter(|keyset| keyset.options.presence.enabled) {
            while keyset.with_presence(|presence, now, effects| presence.advance(now, ADVANCE_AT_ONCE, effects)) {
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn sweep(keysets: Vec<Arc<Keyset>>) {
    let mut ticks = every(SWEEP_EVERY);
    for turn in 0.. {
        ticks.tick().await;
        for keyset in &keysets {
            keyset.timelines.sweep(turn, keyset.now());
        }
    }
}

async fn save_presence(
    keysets: Vec<Arc<Keyset>>,
    directory: Arc<DataDirectory>,
    ticker: Arc<Ticker>,
    clock: Arc<dyn Clock>,
) {
    let Some(period) = keysets.iter().map(|keyset| keyset.options.presence.snapshot_every).min() else { return };
    let mut ticks = every(period);
    let mut saved = None;
    loop {
        ticks.tick().await;
        let revision = snapshot::revision(&keysets);
        if saved == Some(revision) {
            continue;
        }
        let (keysets, directory) = (keysets.clone(), Arc::clone(&directory));
        let (ticker, clock) = (Arc::clone(&ticker), Arc::clone(&clock));
        let work = move || snapshot::save(&keysets, &directory, clock.as_ref(), ticker.fence(clock.now()), false);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(_)) => saved = Some(revision),
            Ok(Err(error)) => tracing::error!(%error, "could not save who is present; trying again"),
            Err(error) => tracing::error!(%error, "could not save who is present; trying again"),
        }
    }
}

async fn keep_ceiling(directory: Arc<DataDirectory>, ticker: Arc<Ticker>, clock: Arc<dyn Clock>) {
    let mut ticks = every(CEILING_EVERY);
    loop {
        ticks.tick().await;
        let (directory, ticker, clock) = (Arc::clone(&directory), Arc::clone(&ticker), Arc::clone(&clock));
        let saved = tokio::task::spawn_blocking(move || save_ceiling(&directory, &ticker, clock.now())).await;
        if let Ok(Err(error)) = saved {
            tracing::error!(%error, "could not save the ceiling of timetokens; trying again");
        }
    }
}

/// Keeps a point that no timetoken reaches before the next call.
pub(crate) fn save_ceiling(directory: &DataDirectory, ticker: &Ticker, now: Timetoken) -> io::Result<()> {
    directory.save_ceiling(ticker.fence(now) + CEILING_LEAD)
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
