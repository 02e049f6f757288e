//! App context: users, channels and memberships, and who hears of their changes (`docs/protocol/app-context.md`).
//!
//! - What a command does is decided in the store, in one transaction, by the rules of `engine::context`.
//! - One task tells the events, in the order of their commits; a command is answered when its events are told. So a
//!   timetoken that is taken after an answer is later than the event, and events of one record keep their order.
//! - Nothing of app context is kept in memory.

use std::sync::Arc;
use std::time::Duration;

use engine::access::Permit;
use engine::access::acts::{
    GetRecord, ListMemberships, ListRecords, ManageMemberships, RemoveRecord, SetRecord, WriteRecords,
};
use engine::context::{List, Query, Refused, Remove, Removed, Set, Written};
use store::{Committed, Numbered, Store, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use wire::SubscribeKey;
use wire::context::{About, Event, Joined, Moment, Page, Record};

use crate::keyset::Keyset;
use crate::keysets::Keysets;
use crate::post::Posted;
use crate::waiter::wake;

/// What an operator decides about app context.
#[derive(Clone, Copy, Debug)]
pub struct ContextOptions {
    /// Whether there is app context at all.
    pub enabled: bool,
    /// Whether changes of users are told.
    pub user_events: bool,
    /// Whether changes of channels are told.
    pub channel_events: bool,
    /// Whether changes of memberships are told.
    pub membership_events: bool,
    /// Whether a membership needs both its ends, and goes with either.
    pub referential_integrity: bool,
    /// With access control: whether listing all users needs a permission.
    pub disallow_get_all_users: bool,
    /// With access control: whether listing all channels needs a permission.
    pub disallow_get_all_channels: bool,
}

/// Why a call of app context was not done.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The records do not allow it.
    #[error("the change is not allowed")]
    Refused(#[from] Refused),
    /// The store failed, and nothing changed, unless the error says otherwise.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The server is stopping. The change was made, and is told at the next start.
    #[error("the server is stopping")]
    Stopping,
}

impl ContextOptions {
    fn tells(&self, about: &About) -> bool {
        match about {
            About::User(_) => self.user_events,
            About::Channel(_) => self.channel_events,
            About::Membership { .. } => self.membership_events,
        }
    }
}

impl Keyset {
    /// A user or channel, if it has metadata.
    ///
    /// # Errors
    /// [`ContextError::Store`]
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn record(&self, permit: Permit<GetRecord>) -> Result<Option<Record>, ContextError> {
        let GetRecord { kind, id } = permit.act();
        Ok(self.store.record(self.key(), *kind, id).await?)
    }

    /// A page of users or channels.
    ///
    /// # Errors
    /// [`ContextError::Store`]
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn records(&self, permit: Permit<ListRecords>, query: Query) -> Result<Page<Record>, ContextError> {
        let query = Query { list: List::Records(permit.act().0), ..query };
        Ok(self.store.records(self.key(), &query).await?)
    }

    /// A page of the memberships of a user or the members of a channel.
    ///
    /// # Errors
    /// [`ContextError::Store`]
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn memberships(
        &self,
        permit: Permit<ListMemberships>,
        query: Query,
    ) -> Result<Page<Joined>, ContextError> {
        let ListMemberships { kind: owner, id } = permit.into_act();
        let query = Query { list: List::Memberships { owner, id }, ..query };
        Ok(self.store.memberships(self.key(), &query).await?)
    }

    /// Sets a user or channel.
    ///
    /// # Errors
    /// [`ContextError`]; nothing changed, unless it says otherwise.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn set_record(&self, permit: Permit<SetRecord>, set: Set) -> Result<Written, ContextError> {
        let SetRecord { kind, id } = permit.into_act();
        let set = Set { kind, id, ..set };
        let committed = self.store.set(self.key(), set, self.moment()).await?;
        Ok(self.told(committed).await??)
    }

    /// Sets users or channels one after the other, in one commit. Each is refused or done by itself.
    ///
    /// # Errors
    /// [`ContextError`]; nothing changed, unless it says otherwise.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn set_records(
        &self,
        permit: Permit<WriteRecords>,
    ) -> Result<Vec<Result<Written, Refused>>, ContextError> {
        let committed = self.store.set_many(self.key(), permit.into_act().sets, self.moment()).await?;
        self.told(committed).await
    }

    /// Removes a user or channel; with referential integrity, its memberships as well.
    ///
    /// # Errors
    /// [`ContextError`]; nothing changed, unless it says otherwise.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn remove_record(&self, permit: Permit<RemoveRecord>, remove: Remove) -> Result<Removed, ContextError> {
        let RemoveRecord { kind, id } = permit.into_act();
        let remove = Remove { kind, id, ..remove };
        let committed = self.store.remove(self.key(), remove).await?;
        Ok(self.told(committed).await??)
    }

    /// Sets and deletes memberships of one user or members of one channel, all or none; then answers with a page of them.
    ///
    /// # Errors
    /// [`ContextError`]; nothing changed, unless it says otherwise.
    pub async fn manage(&self, permit: Permit<ManageMemberships>, query: Query) -> Result<Page<Joined>, ContextError> {
        let ManageMemberships(manage) = permit.into_act();
        let query = Query { list: List::Memberships { owner: manage.owner, id: manage.id.clone() }, ..query };
        if !manage.is_empty() {
            let committed = self.store.manage(self.key(), manage, self.moment()).await?;
            self.told(committed).await??;
        }
        Ok(self.store.memberships(self.key(), &query).await?)
    }

    fn key(&self) -> &SubscribeKey {
        &self.subscribe_key
    }

    fn moment(&self) -> Moment {
        self.now().into()
    }

    /// What became of a command, once its events are told.
    async fn told<T>(&self, committed: Committed<T>) -> Result<T, ContextError> {
        let passed = self.told.clone().wait_for(|told| *told >= committed.last).await.is_ok();
        if passed { Ok(committed.outcome) } else { Err(ContextError::Stopping) }
    }

    fn tell(&self, event: &Event) {
        if !self.options().context.tells(&event.about) {
            return;
        }
        let now = self.now();
        let woken = event.messages().flat_map(|message| self.enter(Posted::message(message), now).1);
        wake(woken.collect());
    }
}

/// Events that are told before anybody who waits for them is woken: some milliseconds of work.
const TOLD_AT_ONCE: usize = 256;
/// How long to wait for a store that has no events to give, before it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Tells events as the store hands them out, until the node ends and none is left. `told` has the number of the last one.
pub(crate) async fn tell_events(
    keysets: Keysets,
    store: Arc<dyn Store>,
    mut events: UnboundedReceiver<Numbered>,
    told: watch::Sender<u64>,
    mut until: watch::Receiver<()>,
) {
    let (mut batch, mut last) = (Vec::new(), 0);
    loop {
        let received = tokio::select! {
            biased;
            received = events.recv_many(&mut batch, TOLD_AT_ONCE) => received,
            _ = until.changed() => return,
        };
        if received == 0 {
            tracing::error!("the store gave up its events; asking for them again");
            tokio::select! {
                () = tokio::time::sleep(ASK_AGAIN) => {}
                _ = until.changed() => return,
            }
            match store.events().await {
                Ok(again) => events = again,
                Err(error) => tracing::error!(%error, "the store has no events to give"),
            }
            continue;
        }
        for Numbered { number, key, event } in batch.drain(..) {
            // A store that was asked again begins with what it has not noted yet, some of which was told.
            if number <= last {
                continue;
            }
            // A key set that is gone has no subscribers.
            if let Some(keyset) = keysets.now().get(&key) {
                keyset.tell(&event);
            }
            last = number;
        }
        told.send_replace(last);
        tokio::task::yield_now().await;
    }
}
