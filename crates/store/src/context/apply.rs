//! What a command reads and writes, whichever database is behind it. What becomes of the records it says itself.

use engine::context::{Manage, Managed, Refused, Remove, Removed, Set, Written};
use wire::RecordId;
use wire::context::{Event, Kind, Membership, Moment, Record};

use crate::{Committed, StoreError};

/// The tables of one key set, inside the transaction of a command. What was put is what the next read finds.
pub(crate) trait Tables {
    fn record(&mut self, kind: Kind, id: &RecordId) -> Result<Option<Record>, StoreError>;
    fn membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<Option<Membership>, StoreError>;
    /// The ids at the other ends of the memberships of a record.
    fn others(&mut self, owner: Kind, id: &RecordId) -> Result<Vec<RecordId>, StoreError>;

    /// Puts `after` in the place of `before`, which was read just now.
    fn put_record(&mut self, kind: Kind, before: Option<&Record>, after: &Record) -> Result<(), StoreError>;
    /// Takes away a record that was read just now.
    fn remove_record(&mut self, kind: Kind, before: &Record) -> Result<(), StoreError>;
    fn put_membership(&mut self, membership: &Membership) -> Result<(), StoreError>;
    fn remove_membership(&mut self, user: &RecordId, channel: &RecordId) -> Result<(), StoreError>;
    /// Keeps an event until it was told, and answers its number.
    fn put_event(&mut self, event: &Event) -> Result<u64, StoreError>;
}

pub(crate) fn set(
    tables: &mut impl Tables,
    set: &Set,
    now: Moment,
) -> Result<Committed<Result<Written, Refused>>, StoreError> {
    let current = tables.record(set.kind, &set.id)?;
    let mut written = match set.apply(current.as_ref(), now) {
        Ok(written) => written,
        Err(refused) => return Ok(Committed { outcome: Err(refused), last: 0 }),
    };
    let mut last = 0;
    if let Some(event) = &mut written.event {
        if set.kind == Kind::User {
            event.also_on(&tables.others(set.kind, &set.id)?);
        }
        tables.put_record(set.kind, current.as_ref(), &written.record)?;
        last = tables.put_event(event)?;
    }
    Ok(Committed { outcome: Ok(written), last })
}

pub(crate) fn set_many(
    tables: &mut impl Tables,
    sets: &[Set],
    now: Moment,
) -> Result<Committed<Vec<Result<Written, Refused>>>, StoreError> {
    let mut all = Committed { outcome: Vec::with_capacity(sets.len()), last: 0 };
    for one in sets {
        let Committed { outcome, last } = set(tables, one, now)?;
        all.outcome.push(outcome);
        all.last = all.last.max(last);
    }
    Ok(all)
}

pub(crate) fn remove(
    tables: &mut impl Tables,
    remove: &Remove,
) -> Result<Committed<Result<Removed, Refused>>, StoreError> {
    let current = tables.record(remove.kind, &remove.id)?;
    let others = match remove.needs_others() && current.is_some() {
        true => tables.others(remove.kind, &remove.id)?,
        false => Vec::new(),
    };
    let removed = match remove.apply(current.as_ref(), &others) {
        Ok(removed) => removed,
        Err(refused) => return Ok(Committed { outcome: Err(refused), last: 0 }),
    };
    if let Some(current) = current.filter(|_| removed.existed) {
        tables.remove_record(remove.kind, &current)?;
    }
    if removed.memberships {
        for other in &others {
            let (user, channel) = ends(remove.kind, &remove.id, other);
            tables.remove_membership(user, channel)?;
        }
    }
    let last = put_events(tables, &removed.events)?;
    Ok(Committed { outcome: Ok(removed), last })
}

pub(crate) fn manage(
    tables: &mut impl Tables,
    manage: &Manage,
    now: Moment,
) -> Result<Committed<Result<Managed, Refused>>, StoreError> {
    if manage.integrity && !manage.set.is_empty() {
        let owner = tables.record(manage.owner, &manage.id)?.is_some();
        let mut present = std::collections::HashSet::new();
        for entry in &manage.set {
            if tables.record(manage.owner.other(), &entry.id)?.is_some() {
                present.insert(&entry.id);
            }
        }
        if let Err(refused) = manage.missing(owner, |id| present.contains(id)) {
            return Ok(Committed { outcome: Err(refused), last: 0 });
        }
    }
    let mut current = Vec::new();
    for other in manage.others() {
        let (user, channel) = ends(manage.owner, &manage.id, other);
        current.extend(tables.membership(user, channel)?);
    }
    let managed = match manage.apply(&current, now) {
        Ok(managed) => managed,
        Err(refused) => return Ok(Committed { outcome: Err(refused), last: 0 }),
    };
    for membership in &managed.put {
        tables.put_membership(membership)?;
    }
    for other in &managed.remove {
        let (user, channel) = ends(manage.owner, &manage.id, other);
        tables.remove_membership(user, channel)?;
    }
    let last = put_events(tables, &managed.events)?;
    Ok(Committed { outcome: Ok(managed), last })
}

fn put_events(tables: &mut impl Tables, events: &[Event]) -> Result<u64, StoreError> {
    events.iter().try_fold(0, |_, event| tables.put_event(event))
}

/// The user and the channel of a membership.
pub(crate) fn ends<'i>(owner: Kind, id: &'i RecordId, other: &'i RecordId) -> (&'i RecordId, &'i RecordId) {
    match owner {
        Kind::User => (id, other),
        Kind::Channel => (other, id),
    }
}
