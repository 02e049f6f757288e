//! What a store promises, whichever database is behind it.
//!
//! - **Durable**: a call that changes something answers `Ok` only when the change survives `kill -9` and a power cut.
//! - **Atomic**: a call happens whole or, when it answers an error, not at all; of the errors that leave this open
//!   ([`StoreError::InDoubt`], [`StoreError::Slow`]) each says so. It stands for itself: the failure of one call never
//!   undoes another.
//! - **Visible**: a read that starts after a change was answered sees it. Reads never wait for changes.
//! - **Order**: of two calls under way at once, either may happen first. Whoever needs an order (to keep a copy in
//!   memory, say) awaits the first before making the second.
//! - **Dropping** the future of a call does not take the call back: it may or may not happen.
//!
//! The contract has one trait an area of the protocol, and [`Store`] is all of them. They are traits and not an enum of
//! databases so that a room holds one `Arc<dyn Store>` and every method is written once a database, without a third
//! place that hands over. They return boxed futures because only those make a `dyn`; the box costs some 30 ns beside
//! the microseconds of the quickest read. Arguments are borrowed, and copied before the call returns its future.

use std::pin::Pin;

use engine::access::{Revocation, StoredGrant};
use engine::context::{Manage, Managed, Query, Refused, Remove, Removed, Set, Written};
use tokio::sync::mpsc::UnboundedReceiver;
use wire::context::{Event, Joined, Kind, Moment, Page, Record};
use wire::{ChannelName, GroupName, RecordId, SubscribeKey, Timestamp};

use crate::{StoreError, StoredKeyset};

/// The answer of a store, once it is there.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything a store keeps. One trait an area; whatever has them all is a store.
///
/// ```
/// use std::sync::Arc;
/// use store::{DataDirectory, Settings, Sqlite, Store};
/// use wire::{ChannelName, GroupName, SubscribeKey};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let temporary = tempfile::tempdir()?;
/// # let path = temporary.path();
/// let store: Arc<dyn Store> = Arc::new(Sqlite::open(&DataDirectory::open(path)?, &Settings::default())?);
/// let (key, family) = (SubscribeKey::new("demo")?, GroupName::new("family")?);
/// store.add_to_group(&key, &family, &[ChannelName::new("kitchen")?]).await?;
/// assert_eq!(store.groups(&key).await?[0].channels, [ChannelName::new("kitchen")?]);
/// # Ok(())
/// # }
/// ```
pub trait Store: Access + Context + Groups + Health + Keysets {}

impl<T: Access + Context + Groups + Health + Keysets> Store for T {}

/// Whether the database is there, for whoever asks if the server is ready.
pub trait Health: Send + Sync + 'static {
    /// Answers `Ok` when a read succeeds now. Costs the least that a read can.
    fn check(&self) -> Reply<'_, ()>;
}

/// Access control: which tokens were revoked, and what was granted to auth keys. Read whole at start.
pub trait Access: Send + Sync + 'static {
    /// Every revocation of a key set that was not forgotten, in the order of tokens.
    fn revocations(&self, key: &SubscribeKey) -> Reply<'_, Vec<Revocation>>;

    /// Keeps a revocation. One that is there already stays as it is.
    fn revoke(&self, key: &SubscribeKey, revocation: Revocation) -> Reply<'_, ()>;

    /// Every grant of a key set to auth keys that was not forgotten, in the order of places.
    fn key_grants(&self, key: &SubscribeKey) -> Reply<'_, Vec<StoredGrant>>;

    /// Keeps grants, each in place of what was granted there before; of several for one place the last. All or none. One
    /// that permits nothing is not kept, and what was granted in its place is forgotten.
    fn set_key_grants(&self, key: &SubscribeKey, grants: &[StoredGrant]) -> Reply<'_, ()>;

    /// Forgets, for all key sets, what holds no longer at `now`: revocations, grants, and secrets of key sets.
    fn forget_expired(&self, now: Timestamp) -> Reply<'_, ()>;
}

/// Key sets that were added while the server ran. Read whole at start.
///
/// Secrets are kept as they are: whoever may read the database may sign (`docs/operating/keysets.md`).
pub trait Keysets: Send + Sync + 'static {
    /// Every key set, sorted by name in the order of bytes.
    fn keysets(&self) -> Reply<'_, Vec<StoredKeyset>>;

    /// Keeps a key set, in place of the one with its subscribe key. It fails when another one has its name.
    fn put_keyset(&self, keyset: &StoredKeyset) -> Reply<'_, ()>;

    /// Takes a key set and its secrets out. One that is not there is passed over. What is kept under its key stays.
    fn remove_keyset(&self, key: &SubscribeKey) -> Reply<'_, ()>;

    /// Forgets what is kept under a key: groups, revocations, grants, users, channels, memberships, and events that were not
    /// told. Not the key set itself. It is done part by part, so that calls for others are served in between: after an
    /// error, or a crash, a part is gone, and the call can be made again. Nobody writes under the key meanwhile.
    fn forget_data(&self, key: &SubscribeKey) -> Reply<'_, ()>;
}

/// Channel groups: names for sets of channels. A group is there while it has a channel; nothing creates it by itself.
///
/// How many channels a group may have is the caller's rule; none of these calls counts.
pub trait Groups: Send + Sync + 'static {
    /// Every group of a key set with its channels, sorted by name in the order of bytes. Read whole at start.
    fn groups(&self, key: &SubscribeKey) -> Reply<'_, Vec<Group>>;

    /// Puts channels into a group. Those that are in it stay in it. With no channels, nothing happens.
    fn add_to_group(&self, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Reply<'_, ()>;

    /// Takes channels out of a group. Those that are not in it are passed over. With its last channel the group goes.
    fn remove_from_group(&self, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Reply<'_, ()>;

    /// Takes every channel out of a group. A group that is not there is passed over.
    fn delete_group(&self, key: &SubscribeKey, group: &GroupName) -> Reply<'_, ()>;
}

/// App context: users, channels and memberships, and what is told of their changes.
///
/// - What a command does is decided by its `apply` (`engine::context`), on records read in the transaction that writes
///   what it decided. So of any number of commands with one eTag as condition, exactly one finds it.
/// - A command that is refused, or that changes nothing, writes nothing.
/// - **Events** are kept in the transaction of their change, and each gets a number, in the order of commits. They come
///   out of [`Context::events`] in that order, after the commit and before the command is answered. Whoever publishes
///   reads them there, and says how far it came with [`Context::told`]; what was committed and not told when a process
///   ended comes first in the next one. So each event is published at least once and, unless the process is killed,
///   exactly once. A command is answered to its client when the publisher has passed [`Committed::last`].
pub trait Context: Send + Sync + 'static {
    /// A user or channel, if it has metadata.
    fn record(&self, key: &SubscribeKey, kind: Kind, id: &RecordId) -> Reply<'_, Option<Record>>;

    /// A page of a list of users or channels. A list of memberships has none of them, and an empty page.
    fn records(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Record>>;

    /// A page of the memberships of a user or the members of a channel, each with the metadata of its other end where
    /// the query includes, filters or sorts by that. A list of users or channels has none of them, and an empty page.
    fn memberships(&self, key: &SubscribeKey, query: &Query) -> Reply<'_, Page<Joined>>;

    /// Sets a user or channel.
    fn set(&self, key: &SubscribeKey, set: Set, now: Moment) -> Reply<'_, Committed<Result<Written, Refused>>>;

    /// Sets users or channels one after the other, in one commit. Each is refused or done by itself.
    fn set_many(
        &self,
        key: &SubscribeKey,
        sets: Vec<Set>,
        now: Moment,
    ) -> Reply<'_, Committed<Vec<Result<Written, Refused>>>>;

    /// Removes a user or channel and, with referential integrity, its memberships.
    fn remove(&self, key: &SubscribeKey, remove: Remove) -> Reply<'_, Committed<Result<Removed, Refused>>>;

    /// Sets and deletes memberships of one owner, all or none.
    fn manage(&self, key: &SubscribeKey, manage: Manage, now: Moment)
    -> Reply<'_, Committed<Result<Managed, Refused>>>;

    /// The events of this store, each once, in the order of their numbers. There is one reader: the next call takes the
    /// events away from the one before, and begins again with those that were not told.
    fn events(&self) -> Reply<'_, UnboundedReceiver<Numbered>>;

    /// Notes that all events up to this number were published, so that they need not be kept.
    fn told(&self, last: u64) -> Reply<'_, ()>;
}

/// What became of a command, and the number of the last of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed<T> {
    /// What became of it.
    pub outcome: T,
    /// The number of its last event; 0, which no event has, when it has none.
    pub last: u64,
}

/// An event with its place in the order of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Greater than that of every event committed before. There may be gaps.
    pub number: u64,
    /// Whose event.
    pub key: SubscribeKey,
    /// What is told.
    pub event: Event,
}

/// A group that has at least one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is called, unique in its key set.
    pub name: GroupName,
    /// Its channels, each once, sorted by name in the order of bytes.
    pub channels: Vec<ChannelName>,
}
