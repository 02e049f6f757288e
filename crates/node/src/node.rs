//! All key sets of a server, from their start to their stop.

use std::sync::Arc;

use engine::pubsub::Ticker;
use store::{DataDirectory, OpenError, Store, StoreError};
use tokio::sync::watch;
use wire::{SubscribeKey, Timestamp, Timetoken};

use crate::clock::Clock;
use crate::keyset::{Keyset, KeysetOptions};
use crate::keysets::Keysets;
use crate::memory::Memory;
use crate::snapshot::{self, Restored};
use crate::upkeep::{self, Upkeep};

/// The key sets of a server, and what keeps them in order.
pub struct Node {
    keysets: Keysets,
    clock: Arc<dyn Clock>,
    ticker: Arc<Ticker>,
    store: Arc<dyn Store>,
    directory: Arc<DataDirectory>,
    memory: Arc<Memory>,
    /// The number of the last event of app context that was told.
    told: watch::Receiver<u64>,
    upkeep: Upkeep,
    /// What was found of the run before.
    restored: Restored,
}

/// Why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What was left by an earlier run cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store does not answer.
    #[error("cannot read what the store keeps: {0}")]
    Store(#[from] StoreError),
    /// The ceiling of timetokens cannot be kept.
    #[error("cannot write to the data directory {}: {cause}", path.display())]
    Ceiling {
        /// The data directory.
        path: std::path::PathBuf,
        /// What the system answered.
        cause: std::io::Error,
    },
}

impl Node {
    /// Starts: timetokens go on above the last run's, groups are read, and who was present is present again.
    ///
    /// # Errors
    /// [`StartError`]
    pub async fn start(
        keysets: Vec<KeysetOptions>,
        directory: DataDirectory,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let floor = directory.load_ceiling()?.unwrap_or(Timetoken::ZERO);
        let ticker = Arc::new(Ticker::above(floor));
        let directory = Arc::new(directory);
        upkeep::save_ceiling(&directory, &ticker, clock.now()).map_err(|cause| {
            let path = directory.path().to_owned();
            StartError::Ceiling { path, cause }
        })?;

        let (tell, told) = watch::channel(0);
        let memory = Arc::new(Memory::default());
        let ready = Keysets::new(
            Arc::clone(&clock),
            Arc::clone(&ticker),
            Arc::clone(&store),
            told.clone(),
            Arc::clone(&memory),
        );
        for options in keysets {
            ready.load(options).await?;
        }
        let restored = snapshot::restore(&ready.now(), &directory, clock.as_ref())?;
        let mut upkeep = upkeep::spawn(&ready, &directory, &ticker, &clock);
        upkeep.weigh(ready.clone(), Arc::clone(&memory));
        upkeep.forget_expired(ready.clone(), Arc::clone(&store), Arc::clone(&clock));
        upkeep.tell_events(ready.clone(), Arc::clone(&store), store.events().await?, tell);
        Ok(Self { keysets: ready, clock, ticker, store, directory, memory, told, upkeep, restored })
    }

    /// The key set with this subscribe key, to be held for a while. A request asks [`Node::keysets`] and holds nothing.
    #[must_use]
    pub fn keyset(&self, subscribe_key: &str) -> Option<Arc<Keyset>> {
        let key = SubscribeKey::new(subscribe_key).ok()?;
        self.keysets.now().get(&key).cloned()
    }

    /// The key sets, which change.
    #[must_use]
    pub fn keysets(&self) -> &Keysets {
        &self.keysets
    }

    /// The time, as every answer here has it: never below a timetoken that was given.
    #[must_use]
    pub fn now(&self) -> Timetoken {
        self.ticker.fence(self.clock.now())
    }

    /// The clock that only goes forwards, by which deadlines and rates are measured.
    #[must_use]
    pub fn steady(&self) -> Timestamp {
        self.clock.steady()
    }

    /// How much memory there is for it, and how much is used. There is no budget until one is set.
    #[must_use]
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// About now, for what is read to the second.
    #[must_use]
    pub fn recent(&self) -> Timestamp {
        self.clock.recent()
    }

    /// What was found of the run before.
    #[must_use]
    pub fn restored(&self) -> &Restored {
        &self.restored
    }

    /// Asks the store whether it is there.
    ///
    /// # Errors
    /// What the store answered.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    /// Answers every parked poll, now and from now on: the server is stopping.
    pub fn close(&self) {
        self.keysets.close();
    }

    /// Stops: saves who is present, so that the next start has them again.
    pub async fn stop(self) {
        self.close();
        self.upkeep.stop().await;
        let told = *self.told.borrow();
        if told > 0
            && let Err(error) = self.store.told(told).await
        {
            tracing::error!(%error, "could not note which events were told; the last ones will be told again");
        }
        let keysets = self.keysets.all();
        let (directory, ticker, clock) = (self.directory, self.ticker, self.clock);
        let saved = tokio::task::spawn_blocking(move || {
            let last = ticker.fence(clock.now());
            if let Err(error) = directory.save_ceiling(last) {
                tracing::error!(%error, "could not save the ceiling of timetokens; the one from before holds");
            }
            snapshot::save(&keysets, &directory, clock.as_ref(), last, true)
        });
        match saved.await {
            Ok(Ok(written)) => tracing::info!(members = written.records, "saved who is present"),
            Ok(Err(error)) => tracing::error!(%error, "could not save who is present"),
            Err(error) => tracing::error!(%error, "could not save who is present"),
        }
    }
}
