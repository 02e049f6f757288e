//! The key sets that there are: a map that every request reads, and that an operator changes while the server runs.
//!
//! - Reading takes no lock and counts no references: whoever asks holds on to the map of that moment.
//! - Changes come one after the other. What is stored is in the store first, then in the map.
//! - A key set that is taken off answers its parked polls as it answers from then on: there is no such key set. Its memory
//!   is freed with the last request that is at work in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use engine::access::Secret;
use engine::pubsub::Ticker;
use store::{Store, StoreError, StoredKeyset, StoredSecret};
use tokio::sync::{Mutex, watch};
use wire::{SubscribeKey, Timestamp};

use crate::clock::Clock;
use crate::keyset::{Keyset, KeysetOptions};
use crate::memory::Memory;

/// Secrets of one key set that may hold at a time. Each is tried on what none before it has signed.
const SECRETS_MAX: usize = 8;
/// How long a key set that was taken off may be at work, before what is stored of it is forgotten under its hands.
const LET_GO: Duration = Duration::from_secs(10);
/// How often it is looked at.
const LET_GO_LOOK: Duration = Duration::from_millis(5);

/// The key sets of a node. Clones are the same key sets.
#[derive(Clone)]
pub struct Keysets(Arc<Shared>);

struct Shared {
    map: ArcSwap<Map>,
    /// Orders the changes: the store's order must be memory's.
    changes: Mutex<()>,
    closing: AtomicBool,
    clock: Arc<dyn Clock>,
    ticker: Arc<Ticker>,
    store: Arc<dyn Store>,
    told: watch::Receiver<u64>,
    memory: Arc<Memory>,
}

#[derive(Default)]
struct Map {
    by_key: HashMap<SubscribeKey, Arc<Keyset>>,
    /// How often the map was changed.
    changes: u64,
}

/// The key sets of one moment. Not to be held across an await: what was taken off lives as long.
pub struct KeysetsNow(Guard<Arc<Map>>);

/// Why the key sets are as they were.
#[derive(Debug, thiserror::Error)]
pub enum KeysetError {
    /// Another one has the name.
    #[error("there is a key set with the name {0}: choose another")]
    NameTaken(String),
    /// Another one has the subscribe key.
    #[error("the key set {0} has this subscribe key: choose another")]
    KeyTaken(String),
    /// No stored key set has this name.
    #[error("no key set that is stored has the name {0}")]
    Unknown(String),
    /// So many secrets hold that one more is too many.
    #[error("{SECRETS_MAX} secrets of the key set {0} hold at this moment: end the old ones at once, or wait")]
    TooManySecrets(String),
    /// What was to be set cannot be.
    #[error("{0}")]
    Unfit(String),
    /// The store could not keep the change, so it did not happen.
    #[error("the change did not happen ({0})")]
    Store(#[from] StoreError),
    /// It is taken off, and the store still has it.
    #[error(
        "the key set {name} answers nobody any more, but not all of it could be forgotten ({cause}): remove it again, or it \
         is back at the next start"
    )]
    HalfRemoved {
        /// Its name.
        name: String,
        /// What the store answered.
        cause: StoreError,
    },
    /// The server is stopping, and it may or may not have happened.
    #[error("the server is stopping: look at the next start what has happened")]
    Stopping,
}

/// What becomes of what is stored under the keys of a key set that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// It stays, for a key set that comes back with the same subscribe key.
    Kept,
    /// Users, channels, memberships, groups, grants and revocations are forgotten.
    Forgotten,
}

impl Keysets {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        ticker: Arc<Ticker>,
        store: Arc<dyn Store>,
        told: watch::Receiver<u64>,
        memory: Arc<Memory>,
    ) -> Self {
        let (map, changes, closing) = (ArcSwap::default(), Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(Shared { map, changes, closing, clock, ticker, store, told, memory }))
    }

    /// Those of this moment.
    #[must_use]
    pub fn now(&self) -> KeysetsNow {
        KeysetsNow(self.0.map.load())
    }

    /// Those of this moment, to be held as long as need be.
    pub(crate) fn all(&self) -> Vec<Arc<Keyset>> {
        self.now().iter().cloned().collect()
    }

    /// How often key sets came and went.
    pub(crate) fn changes(&self) -> u64 {
        self.0.map.load().changes
    }

    /// The stored ones, by their names.
    ///
    /// # Errors
    /// What the store answered.
    pub async fn stored(&self) -> Result<Vec<StoredKeyset>, StoreError> {
        self.0.store.keysets().await
    }

    /// Adds a key set and stores it. One that gives way goes at the same moment. Once begun it is finished, even if nobody
    /// waits for the answer any more.
    ///
    /// # Errors
    /// [`KeysetError`]; nothing changed then, unless the server is stopping.
    pub async fn add(&self, options: KeysetOptions, stored: StoredKeyset) -> Result<(), KeysetError> {
        let keysets = self.clone();
        finish(async move {
            let _order = keysets.0.changes.lock().await;
            keysets.refuse_a_clash(&stored).await?;
            let keyset = keysets.make(options).await?;
            keysets.0.store.put_keyset(&stored).await?;
            let gone = keysets.change(|by_key| {
                let gone: Vec<_> = by_key.extract_if(|_, keyset| keyset.options().gives_way).collect();
                by_key.insert(stored.subscribe_key, Arc::clone(&keyset));
                gone
            });
            gone.into_iter().for_each(|(_, gone)| gone.end());
            // Whoever closes sets the flag first and looks at the map second.
            if keysets.0.closing.load(Ordering::SeqCst) {
                keyset.close();
            }
            Ok(())
        })
        .await
    }

    /// Lets a stored key set sign with another secret from now on. Those before it hold for `keep` longer, if not less.
    /// Once begun it is finished, even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`KeysetError`]; the secrets are those from before, unless the server is stopping.
    pub async fn rotate(
        &self,
        name: &str,
        stored: StoredSecret,
        secret: Secret,
        keep: Duration,
    ) -> Result<StoredKeyset, KeysetError> {
        let (keysets, name) = (self.clone(), name.to_owned());
        finish(async move {
            let _order = keysets.0.changes.lock().await;
            let mut rotated = keysets.find(name).await?;
            let now = keysets.0.clock.now().timestamp();
            let end = now + keep;
            let sooner = |until: Option<Timestamp>| until.map_or(end, |until| until.min(end));
            rotated.secrets.iter_mut().for_each(|old| old.until = Some(sooner(old.until)));
            rotated.secrets.retain(|old| old.until.is_none_or(|until| now < until));
            rotated.secrets.insert(0, stored);
            if rotated.secrets.len() > SECRETS_MAX {
                return Err(KeysetError::TooManySecrets(rotated.name));
            }
            keysets.0.store.put_keyset(&rotated).await?;
            if let Some(keyset) = keysets.now().get(&rotated.subscribe_key) {
                keyset.access.rotate(&secret, end, now);
            }
            Ok(rotated)
        })
        .await
    }

    /// Lets a stored key set go on by other settings. `change` makes them of what is stored, as options and as they are
    /// stored, or says in a sentence why it cannot. Once begun it is finished, even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`KeysetError`]; the settings are those from before, unless the server is stopping.
    pub async fn set(
        &self,
        name: &str,
        change: impl FnOnce(&StoredKeyset) -> Result<(KeysetOptions, String), String> + Send + 'static,
    ) -> Result<StoredKeyset, KeysetError> {
        let (keysets, name) = (self.clone(), name.to_owned());
        finish(async move {
            let _order = keysets.0.changes.lock().await;
            let before = keysets.find(name).await?;
            let (options, settings) = change(&before).map_err(KeysetError::Unfit)?;
            let stored = StoredKeyset { settings, ..before };
            keysets.0.store.put_keyset(&stored).await?;
            if let Some(keyset) = keysets.now().get(&stored.subscribe_key) {
                keyset.reconfigure(options);
            }
            Ok(stored)
        })
        .await
    }

    /// Takes a stored key set off, and out of the store. Once begun it is finished, even if nobody waits for the answer any
    /// more.
    ///
    /// # Errors
    /// [`KeysetError`]; it is still there, unless the error says otherwise.
    pub async fn remove(&self, name: &str, data: Data) -> Result<StoredKeyset, KeysetError> {
        let (keysets, name) = (self.clone(), name.to_owned());
        finish(async move {
            let _order = keysets.0.changes.lock().await;
            let stored = keysets.find(name).await?;
            let key = &stored.subscribe_key;
            let store = &keysets.0.store;
            if data == Data::Kept {
                store.remove_keyset(key).await?;
                keysets.take_off(key);
                return Ok(stored);
            }
            if let Some(keyset) = keysets.take_off(key) {
                until_let_go(&keyset).await;
            }
            // The key set last: what could not be forgotten must be found again.
            let forgotten = async {
                store.forget_data(key).await?;
                store.remove_keyset(key).await
            };
            match forgotten.await {
                Ok(()) => Ok(stored),
                Err(cause) => Err(KeysetError::HalfRemoved { name: stored.name, cause }),
            }
        })
        .await
    }

    /// Adds a key set at the start, without storing it.
    pub(crate) async fn load(&self, options: KeysetOptions) -> Result<(), StoreError> {
        let key = options.subscribe_key.clone();
        let keyset = self.make(options).await?;
        self.change(|by_key| by_key.insert(key, keyset));
        Ok(())
    }

    /// Answers every parked poll, now and from now on.
    pub(crate) fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
        self.now().iter().for_each(|keyset| keyset.close());
    }

    async fn make(&self, options: KeysetOptions) -> Result<Arc<Keyset>, StoreError> {
        let Shared { clock, ticker, store, told, memory, .. } = &*self.0;
        let start = ticker.fence(clock.now());
        let (clock, ticker, store) = (Arc::clone(clock), Arc::clone(ticker), Arc::clone(store));
        let keyset = Keyset::new(options, clock, ticker, store, told.clone(), Arc::clone(memory), start);
        keyset.load_groups().await?;
        keyset.load_access().await?;
        Ok(Arc::new(keyset))
    }

    /// One that was half removed is still in the store, and not in the map.
    async fn refuse_a_clash(&self, new: &StoredKeyset) -> Result<(), KeysetError> {
        let stays = |keyset: &&Arc<Keyset>| !keyset.options().gives_way;
        let there: Vec<_> = self.now().iter().filter(stays).map(|keyset| keyset.identity()).collect();
        let stored = self.stored().await?.into_iter().map(|stored| (stored.name, stored.subscribe_key));
        for (name, key) in there.into_iter().chain(stored) {
            if key == new.subscribe_key {
                return Err(KeysetError::KeyTaken(name));
            }
            if name == new.name {
                return Err(KeysetError::NameTaken(name));
            }
        }
        Ok(())
    }

    async fn find(&self, name: String) -> Result<StoredKeyset, KeysetError> {
        let found = self.stored().await?.into_iter().find(|stored| stored.name == name);
        found.ok_or(KeysetError::Unknown(name))
    }

    fn take_off(&self, key: &SubscribeKey) -> Option<Arc<Keyset>> {
        let keyset = self.change(|by_key| by_key.remove(key))?;
        keyset.end();
        Some(keyset)
    }

    /// Puts a changed map in the place of the map. Called by one at a time: at the start, or by who has the order.
    fn change<R>(&self, change: impl FnOnce(&mut HashMap<SubscribeKey, Arc<Keyset>>) -> R) -> R {
        let before = self.0.map.load();
        let mut by_key = before.by_key.clone();
        let result = change(&mut by_key);
        self.0.map.store(Arc::new(Map { by_key, changes: before.changes + 1 }));
        result
    }
}

impl KeysetsNow {
    /// The key set with this subscribe key.
    #[must_use]
    pub fn get(&self, key: &SubscribeKey) -> Option<&Arc<Keyset>> {
        self.0.by_key.get(key)
    }

    /// Every key set.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Keyset>> {
        self.0.by_key.values()
    }
}

/// Waits until nobody else is at work in a key set: what is written there must not come after what is forgotten.
async fn until_let_go(keyset: &Arc<Keyset>) {
    let mut looks = LET_GO.as_millis() / LET_GO_LOOK.as_millis();
    while Arc::strong_count(keyset) > 1 {
        if looks == 0 {
            tracing::warn!(keyset = keyset.name, "the key set is still at work while its data is forgotten");
            return;
        }
        looks -= 1;
        tokio::time::sleep(LET_GO_LOOK).await;
    }
}

async fn finish<T: Send + 'static>(
    change: impl Future<Output = Result<T, KeysetError>> + Send + 'static,
) -> Result<T, KeysetError> {
    tokio::spawn(change).await.unwrap_or(Err(KeysetError::Stopping))
}
