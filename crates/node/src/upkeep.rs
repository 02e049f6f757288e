//! What happens by itself: lapses and interval events, forgetting, and saving.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use engine::pubsub::Ticker;
use store::{DataDirectory, Numbered, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use wire::Timetoken;

use crate::clock::Clock;
use crate::context;
use crate::keysets::Keysets;
use crate::memory::Memory;
use crate::snapshot;

/// How late a timeout event can be, beside the work before it.
const ADVANCE_EVERY: Duration = Duration::from_millis(50);
/// How often the store is asked to forget revocations, grants and secrets that have ended. They do no harm meanwhile.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// Lapses in one turn under the lock: well under a millisecond.
const ADVANCE_AT_ONCE: usize = 256;
/// How often everything is weighed that is kept. What comes in between is over the budget by no more than a few megabytes.
const WEIGH_EVERY: Duration = Duration::from_millis(50);
/// One shard of each key set a turn, so that every timeline is looked at about once a minute.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How often it is noted which events were told: those that were told by the time before, so that after a crash the last
/// ones are told again. A subscriber that was between two polls may not have heard them.
const NOTE_TOLD_EVERY: Duration = Duration::from_secs(1);
/// How soon the first key set is looked at, when there is none.
const NOBODY_TO_SAVE: Duration = Duration::from_secs(1);
/// How far ahead of the clock the ceiling is when it is saved, and how near it may come before it is saved again. It is
/// looked at often, because after a jump of the clock time stands still until then.
const CEILING_LEAD: Duration = Duration::from_secs(15);
const CEILING_NEAR: Duration = Duration::from_secs(10);
const CEILING_EVERY: Duration = Duration::from_secs(1);

/// The tasks of a node. They end when this is dropped.
pub(crate) struct Upkeep {
    goes_on: watch::Sender<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Upkeep {
    /// Tells the events of app context, and notes which.
    pub(crate) fn tell_events(
        &mut self,
        keysets: Keysets,
        store: Arc<dyn Store>,
        events: mpsc::UnboundedReceiver<Numbered>,
        tell: watch::Sender<u64>,
    ) {
        let (told, until) = (tell.subscribe(), self.goes_on.subscribe());
        let ticks = Ticks::new(NOTE_TOLD_EVERY, until.clone());
        self.tasks.push(tokio::spawn(note_told(Arc::clone(&store), told, ticks)));
        self.tasks.push(tokio::spawn(context::tell_events(keysets, store, events, tell, until)));
    }

    /// Weighs, again and again, what is kept.
    pub(crate) fn weigh(&mut self, keysets: Keysets, memory: Arc<Memory>) {
        let ticks = Ticks::new(WEIGH_EVERY, self.goes_on.subscribe());
        self.tasks.push(tokio::spawn(weigh(keysets, memory, ticks)));
    }

    /// Forgets, now and then, what holds no longer.
    pub(crate) fn forget_expired(&mut self, keysets: Keysets, store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
        let ticks = Ticks::new(FORGET_EVERY, self.goes_on.subscribe());
        self.tasks.push(tokio::spawn(forget_expired(keysets, store, clock, ticks)));
    }

    /// Ends the tasks, and waits until they have finished what they are at: a save that is under way must not meet the
    /// last one.
    pub(crate) async fn stop(self) {
        drop(self.goes_on);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the upkeep had failed");
            }
        }
    }
}

pub(crate) fn spawn(
    keysets: &Keysets,
    directory: &Arc<DataDirectory>,
    ticker: &Arc<Ticker>,
    clock: &Arc<dyn Clock>,
) -> Upkeep {
    let (goes_on, until) = watch::channel(());
    let every = |period| Ticks::new(period, until.clone());
    let tasks = vec![
        tokio::spawn(advance(keysets.clone(), every(ADVANCE_EVERY))),
        tokio::spawn(lapse_access(keysets.clone(), every(ADVANCE_EVERY))),
        tokio::spawn(sweep(keysets.clone(), every(SWEEP_EVERY))),
        tokio::spawn(keep_ceiling(Arc::clone(directory), Arc::clone(ticker), Arc::clone(clock), every(CEILING_EVERY))),
        tokio::spawn(save_presence(
            keysets.clone(),
            Arc::clone(directory),
            Arc::clone(ticker),
            Arc::clone(clock),
            until.clone(),
        )),
    ];
    Upkeep { goes_on, tasks }
}

async fn advance(keysets: Keysets, mut ticks: Ticks) {
    while ticks.next().await {
        for keyset in keysets.all().iter().filter(|keyset| keyset.options().presence.enabled) {
            while keyset.with_presence(|presence, now, effects| presence.advance(now, ADVANCE_AT_ONCE, effects)) {
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn lapse_access(keysets: Keysets, mut ticks: Ticks) {
    while ticks.next().await {
        keysets.now().iter().for_each(|keyset| keyset.access.lapse(keyset.now().timestamp()));
    }
}

async fn weigh(keysets: Keysets, memory: Arc<Memory>, mut ticks: Ticks) {
    while ticks.next().await {
        memory.weigh(keysets.now().iter().map(|keyset| keyset.bytes()).sum());
    }
}

async fn forget_expired(keysets: Keysets, store: Arc<dyn Store>, clock: Arc<dyn Clock>, mut ticks: Ticks) {
    while ticks.next().await {
        keysets.now().iter().for_each(|keyset| keyset.forget_expired());
        if let Err(error) = store.forget_expired(clock.now().timestamp()).await {
            tracing::error!(%error, "could not forget revocations, grants and secrets that have ended; trying again");
        }
    }
}

async fn sweep(keysets: Keysets, mut ticks: Ticks) {
    let mut turn = 0;
    while ticks.next().await {
        for keyset in keysets.now().iter() {
            keyset.timelines.sweep(turn, keyset.now());
        }
        turn += 1;
    }
}

async fn save_presence(
    keysets: Keysets,
    directory: Arc<DataDirectory>,
    ticker: Arc<Ticker>,
    clock: Arc<dyn Clock>,
    mut until: watch::Receiver<()>,
) {
    let mut saved = None;
    let mut rest = Duration::ZERO;
    while pause(rest, &mut until).await {
        // First: a key set that comes or goes after this is a reason for another turn.
        let changes = keysets.changes();
        let all = keysets.all();
        let at_most = all.iter().map(|keyset| keyset.options().presence.snapshot_every).min();
        let at_most = at_most.unwrap_or(NOBODY_TO_SAVE);
        rest = snapshot::rest_after(Duration::ZERO, at_most);
        let revision = (changes, snapshot::revision(&all));
        if saved == Some(revision) {
            continue;
        }
        let directory = Arc::clone(&directory);
        let (ticker, clock) = (Arc::clone(&ticker), Arc::clone(&clock));
        let work = move || snapshot::save(&all, &directory, clock.as_ref(), ticker.fence(clock.now()), false);
        let begun = Instant::now();
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(_)) => saved = Some(revision),
            Ok(Err(error)) => tracing::error!(%error, "could not save who is present; trying again"),
            Err(error) => tracing::error!(%error, "could not save who is present; trying again"),
        }
        rest = snapshot::rest_after(begun.elapsed(), at_most);
    }
}

async fn keep_ceiling(directory: Arc<DataDirectory>, ticker: Arc<Ticker>, clock: Arc<dyn Clock>, mut ticks: Ticks) {
    while ticks.next().await {
        if clock.now() + CEILING_NEAR <= ticker.ceiling() {
            continue;
        }
        let (directory, ticker, clock) = (Arc::clone(&directory), Arc::clone(&ticker), Arc::clone(&clock));
        let saved = tokio::task::spawn_blocking(move || save_ceiling(&directory, &ticker, clock.now())).await;
        if let Ok(Err(error)) = saved {
            tracing::error!(%error, "could not save the ceiling of timetokens; trying again");
        }
    }
}

async fn note_told(store: Arc<dyn Store>, told: watch::Receiver<u64>, mut ticks: Ticks) {
    let (mut noted, mut before) = (0, 0);
    while ticks.next().await {
        if before > noted {
            match store.told(before).await {
                Ok(()) => noted = before,
                Err(error) => tracing::error!(%error, "could not note which events were told; trying again"),
            }
        }
        before = *told.borrow();
    }
}

/// Writes down how far timetokens may go, and lets them.
pub(crate) fn save_ceiling(directory: &DataDirectory, ticker: &Ticker, now: Timetoken) -> io::Result<()> {
    // Not the fence alone: after a jump of the clock it still stands at the old ceiling.
    let ceiling = ticker.fence(now).max(now) + CEILING_LEAD;
    directory.save_ceiling(ceiling)?;
    ticker.set_ceiling(ceiling);
    Ok(())
}

/// Waits once. False when the node has ended.
async fn pause(rest: Duration, until: &mut watch::Receiver<()>) -> bool {
    tokio::select! {
        biased;
        // Nothing is ever sent: an answer means that the other end is gone.
        _ = until.changed() => false,
        () = tokio::time::sleep(rest) => true,
    }
}

/// A rhythm that ends with the node.
struct Ticks {
    interval: Interval,
    until: watch::Receiver<()>,
}

impl Ticks {
    fn new(period: Duration, until: watch::Receiver<()>) -> Self {
        let mut interval = interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, until }
    }

    /// Waits for the next tick. False when the node has ended.
    async fn next(&mut self) -> bool {
        tokio::select! {
            biased;
            // Nothing is ever sent: an answer means that the other end is gone.
            _ = self.until.changed() => false,
            _ = self.interval.tick() => true,
        }
    }
}
