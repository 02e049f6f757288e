//! The rows that a batch of commands is about: read at once, changed in memory, written at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use wire::context::{Event, Kind, Membership, Record};
use wire::{RecordId, SubscribeKey};

use super::custom_index::CustomIndex;
use crate::context::apply::Tables;
use crate::context::rows::{damaged, id_key};
use crate::{Numbered, StoreError};

/// A user or channel of a key set.
pub(super) type RecordPlace = (SubscribeKey, Kind, RecordId);

/// A membership of a key set: user, then channel.
pub(super) type MembershipPlace = (SubscribeKey, RecordId, RecordId);

/// What commands will read.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub(super) records: HashSet<RecordPlace>,
    pub(super) memberships: HashSet<MembershipPlace>,
    /// Of these, the ids at the other ends of all memberships.
    pub(super) owners: HashSet<RecordPlace>,
}

impl Needs {
    pub(super) fn add(&mut self, more: &Self) {
        self.records.extend(more.records.iter().cloned());
        self.memberships.extend(more.memberships.iter().cloned());
        self.owners.extend(more.owners.iter().cloned());
    }
}

/// What was read, as the commands have left it so far.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub(super) records: HashMap<RecordPlace, Option<Record>>,
    pub(super) memberships: HashMap<MembershipPlace, Option<Membership>>,
    /// By key, which is the order in which they are told.
    pub(super) others: HashMap<RecordPlace, BTreeMap<Vec<u8>, RecordId>>,
    /// Each with what was there before this batch.
    pub(super) changed_records: HashMap<RecordPlace, Option<Record>>,
    pub(super) changed_memberships: HashSet<MembershipPlace>,
    /// The indexes of entries of `custom`, by space.
    pub(super) indexes: HashMap<i64, Vec<CustomIndex>>,
    /// By how much the number of users or channels of a key set grows.
    pub(super) growth: HashMap<(SubscribeKey, Kind), i64>,
    pub(super) events: Vec<Numbered>,
    /// The number of the last event.
    pub(super) last: u64,
}

/// The part of an overlay that is of one key set.
pub(super) struct Writing<'o> {
    pub(super) overlay: &'o mut Overlay,
    pub(super) key: &'o SubscribeKey,
}

impl Writing<'_> {
    fn grow(&mut self, kind: Kind, more: i64) {
        *self.overlay.growth.entry((self.key.clone(), kind)).or_default() += more;
    }

    fn change(&mut self, kind: Kind, before: Option<&Record>, id: &RecordId, after: Option<Record>) {
        let place = (self.key.clone(), kind, id.clone());
        self.overlay.changed_records.entry(place.clone()).or_insert_with(|| before.cloned());
        self.overlay.records.insert(place, after);
    }

    fn note_other(&mut self, owner: Kind, id: &RecordId, other: &RecordId, is_there: bool) {
        if let Some(others) = self.overlay.others.get_mut(&(self.key.clone(), owner, id.clone())) {
            match is_there {
                true => _ = others.insert(id_key(other), other.clone()),
                false => _ = others.remove(&id_key(other)),
            }
        }
    }

    fn put(&mut self, user: &RecordId, channel: &RecordId, membership: Option<Membership>) {
        let is_there = membership.is_some();
        self.note_other(Kind::User, user, channel, is_there);
        self.note_other(Kind::Channel, channel, user, is_there);
        let place = (self.key.clone(), user.clone(), channel.clone());
        self.overlay.changed_memberships.insert(place.clone());
        self.overlay.memberships.insert(place, membership);
    }
}

/// A command that reads what it did not ask for is a mistake of ours.
fn unread(what: &str) -> StoreError {
    damaged(format!("{what} was not read beforehand"))
}

impl Tables for Writing<'_> {
    fn record(&mut self, kind: Kind, id: &RecordId) -> Result<Option<Record>, StoreError> {
        let place = (self.key.clone(), kind, id.clone());
        self.overlay.records.get(&place).cloned().ok_or_else(|| unread("a record"))
    }

    fn membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<Option<Membership>, StoreError> {
        let place = (self.key.clone(), user.clone(), channel.clone());
        self.overlay.memberships.get(&place).cloned().ok_or_else(|| unread("a membership"))
    }

    fn others(&mut self, owner: Kind, id: &RecordId) -> Result<Vec<RecordId>, StoreError> {
        let others = self.overlay.others.get(&(self.key.clone(), owner, id.clone()));
        Ok(others.ok_or_else(|| unread("a list of memberships"))?.values().cloned().collect())
    }

    fn put_record(&mut self, kind: Kind, before: Option<&Record>, after: &Record) -> Result<(), StoreError> {
        if before.is_none() {
            self.grow(kind, 1);
        }
        self.change(kind, before, &after.id, Some(after.clone()));
        Ok(())
    }

    fn remove_record(&mut self, kind: Kind, before: &Record) -> Result<(), StoreError> {
        self.grow(kind, -1);
        self.change(kind, Some(before), &before.id, None);
        Ok(())
    }

    fn put_membership(&mut self, membership: &Membership) -> Result<(), StoreError> {
        self.put(&membership.user, &membership.channel, Some(membership.clone()));
        Ok(())
    }

    fn remove_membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<(), StoreError> {
        self.put(user, channel, None);
        Ok(())
    }

    fn put_event(&mut self, event: &Event) -> Result<u64, StoreError> {
        self.overlay.last += 1;
        let number = self.overlay.last;
        self.overlay.events.push(Numbered { number, key: self.key.clone(), event: event.clone() });
        Ok(number)
    }
}
