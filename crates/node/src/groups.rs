//! Channel groups: changed in the store first, then in memory, then told to the polls that listen to them.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use engine::access::Permit;
use engine::access::acts::{ChangeGroup, DeleteGroup, ListGroup, ListGroups};
use engine::groups::Registry;
use store::StoreError;
use wire::{ChannelName, GroupName, Refusal};

use crate::keyset::Keyset;
use crate::waiter::wake;

/// Why a group was not changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The change is not allowed.
    #[error("the change is not allowed")]
    Refused(Refusal),
    /// The store could not keep the change, so it did not happen.
    #[error("the store could not keep the change")]
    Store(#[from] StoreError),
    /// The server is stopping, and the change may or may not have happened.
    #[error("the server is stopping")]
    Stopping,
}

impl Keyset {
    /// The channels of a group, in byte order. None if there is no such group.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn group_channels(&self, permit: Permit<ListGroup>) -> Vec<ChannelName> {
        self.group(&permit.act().0).channels().to_vec()
    }

    /// The groups that hold a channel, in byte order.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn group_names(&self, _permit: Permit<ListGroups>) -> Vec<GroupName> {
        self.read_registry().names().cloned().collect()
    }

    /// Adds channels to a group, then removes channels from it. Polls on the group wake if that changed it.
    ///
    /// A change once begun is finished, even if nobody waits for the answer any more: memory follows the store.
    ///
    /// # Errors
    /// [`GroupError`]; nothing changed then, or, when the removal failed in the store, only the addition.
    pub async fn change_group(
        self: &Arc<Self>,
        permit: Permit<ChangeGroup>,
        add: Vec<ChannelName>,
        remove: Vec<ChannelName>,
    ) -> Result<(), GroupError> {
        if !add.is_empty() {
            self.check_room().map_err(GroupError::Refused)?;
        }
        let keyset = Arc::clone(self);
        finish(async move {
            let ChangeGroup(group) = permit.into_act();
            let key = &keyset.subscribe_key;
            let _order = keyset.registry_changes.lock().await;
            if !add.is_empty() {
                let size = keyset.read_registry().size_with(&group, &add);
                if size > keyset.options().pubsub.channels_per_group {
                    return Err(GroupError::Refused(Refusal::GroupFull));
                }
                keyset.store.add_to_group(key, &group, &add).await?;
                keyset.change_registry(&group, |registry| registry.add(&group, &add));
            }
            if !remove.is_empty() {
                keyset.store.remove_from_group(key, &group, &remove).await?;
                keyset.change_registry(&group, |registry| registry.remove(&group, &remove));
            }
            Ok(())
        })
        .await
    }

    /// Removes a group. Polls on it wake if there was one.
    ///
    /// # Errors
    /// [`GroupError::Store`]; the group is still there then.
    pub async fn delete_group(self: &Arc<Self>, permit: Permit<DeleteGroup>) -> Result<(), GroupError> {
        let keyset = Arc::clone(self);
        finish(async move {
            let DeleteGroup(group) = permit.into_act();
            let _order = keyset.registry_changes.lock().await;
            keyset.store.delete_group(&keyset.subscribe_key, &group).await?;
            keyset.change_registry(&group, |registry| registry.delete(&group));
            Ok(())
        })
        .await
    }

    pub(crate) async fn load_groups(&self) -> Result<(), StoreError> {
        let stored = self.store.groups(&self.subscribe_key).await?;
        let mut registry = self.write_registry();
        for group in stored {
            registry.add(&group.name, &group.channels);
        }
        Ok(())
    }

    pub(crate) fn group(&self, group: &GroupName) -> engine::groups::Group {
        self.read_registry().group(group)
    }

    fn change_registry(&self, group: &GroupName, change: impl FnOnce(&mut Registry) -> bool) {
        let changed = change(&mut self.write_registry());
        if changed {
            wake(self.timelines.rouse(&group_stream(group)));
        }
    }

    pub(crate) fn read_registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_registry(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry.write().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn finish(change: impl Future<Output = Result<(), GroupError>> + Send + 'static) -> Result<(), GroupError> {
    tokio::spawn(change).await.unwrap_or(Err(GroupError::Stopping))
}

/// The stream on which polls wait for changes of a group. Nothing is published there, and no channel can have the name.
pub(crate) fn group_stream(group: &GroupName) -> String {
    format!("\0group:{group}")
}
