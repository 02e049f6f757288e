//! Removing the metadata of a user or channel.

use wire::RecordId;
use wire::context::{About, Action, Data, Event, Kind, Record};

use super::set::about;
use super::{Condition, Refused};

/// A request to remove one user or channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remove {
    /// What it is.
    pub kind: Kind,
    /// Whose metadata.
    pub id: RecordId,
    /// On what condition.
    pub condition: Condition,
    /// Whether the key set keeps referential integrity: then memberships go with the record.
    pub integrity: bool,
}

/// What became of a record that was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Whether there was one, which is to be removed.
    pub existed: bool,
    /// Whether all memberships of the record are to be removed with it.
    pub memberships: bool,
    /// What is told, in this order.
    pub events: Vec<Event>,
}

impl Remove {
    /// Whether [`Remove::apply`] needs the ids at the other ends of the memberships of the record.
    #[must_use]
    pub fn needs_others(&self) -> bool {
        self.kind == Kind::User || self.integrity
    }

    /// What becomes of the record, and of its memberships. `others` are the ids at the other ends of these, where
    /// [`Remove::needs_others`] says so.
    ///
    /// # Errors
    /// [`Refused`] when the condition does not hold.
    pub fn apply(&self, current: Option<&Record>, others: &[RecordId]) -> Result<Removed, Refused> {
        self.condition.check(self.kind, current)?;
        if current.is_none() {
            return Ok(Removed::default());
        }
        let mut event = Event::new(about(self.kind, &self.id), Action::Delete, Data::new());
        if self.kind == Kind::User {
            event.also_on(others);
        }
        let mut events = vec![event];
        if self.integrity {
            events.extend(others.iter().map(|other| {
                let about = membership(self.kind, &self.id, other);
                Event::new(about, Action::Delete, Data::new())
            }));
        }
        Ok(Removed { existed: true, memberships: self.integrity, events })
    }
}

/// The membership between a record of this kind and another at its other end.
pub(super) fn membership(owner: Kind, id: &RecordId, other: &RecordId) -> About {
    let (user, channel) = match owner {
        Kind::User => (id, other),
        Kind::Channel => (other, id),
    };
    About::Membership { user: user.clone(), channel: channel.clone() }
}
