//! What a store promises, whichever database is behind it.
//!
//! - **Durable**: a call that changes something answers `Ok` only when the change survives `kill -9` and a power cut.
//! - **Atomic**: a call happens whole or, when it answers an error, not at all. It stands for itself: the failure of one
//!   call never undoes another.
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

use wire::{ChannelName, GroupName, SubscribeKey};

use crate::StoreError;

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
pub trait Store: Groups + Health {}

impl<T: Groups + Health> Store for T {}

/// Whether the database is there, for whoever asks if the server is ready.
pub trait Health: Send + Sync + 'static {
    /// Answers `Ok` when a read succeeds now. Costs the least that a read can.
    fn check(&self) -> Reply<'_, ()>;
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

/// A group that has at least one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is called, unique in its key set.
    pub name: GroupName,
    /// Its channels, each once, sorted by name in the order of bytes.
    pub channels: Vec<ChannelName>,
}
