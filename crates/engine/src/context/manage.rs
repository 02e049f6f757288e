//! Setting and deleting memberships of one user, or members of one channel, all or none.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use wire::RecordId;
use wire::context::{Action, Content, Data, Event, Fault, Kind, Membership, Moment, TextField, Told};

use super::change::{check_size, object};
use super::remove::membership;
use super::{Change, CustomMode, Refused, etag};

/// A request to set and delete memberships of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manage {
    /// Whether they are the memberships of a user or the members of a channel.
    pub owner: Kind,
    /// The owner's id.
    pub id: RecordId,
    /// What to set; each id once, and none of those in `delete`.
    pub set: Vec<Entry>,
    /// The other ends of memberships to delete, each once.
    pub delete: Vec<RecordId>,
    /// Whether the key set keeps referential integrity: then [`Manage::missing`] decides first.
    pub integrity: bool,
}

/// One membership to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its other end.
    pub id: RecordId,
    /// What is to change.
    pub change: Change,
    /// Where it stands in the body.
    index: usize,
}

/// What became of the memberships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// Memberships that are new or changed, to be written whole.
    pub put: Vec<Membership>,
    /// The other ends of those that were there and are to be removed.
    pub remove: Vec<RecordId>,
    /// What is told, in this order.
    pub events: Vec<Event>,
}

impl Manage {
    /// The most entries of `set`, and of `delete`.
    pub const MAX_ENTRIES: usize = 100;

    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first [`Fault`] of the body: `set` before `delete`, entries in their order.
    pub fn parse(owner: Kind, id: RecordId, body: &[u8], mode: CustomMode, integrity: bool) -> Result<Self, Fault> {
        let body = object(body)?;
        // Of several entries with one id the last counts; all of them are checked.
        let mut set: Vec<Entry> = Vec::new();
        let mut places: HashMap<RecordId, usize> = HashMap::new();
        for (index, entry) in entries(&body, "set")?.iter().enumerate() {
            let entry = Entry::parse(owner.other(), entry, index, mode).map_err(|fault| below(fault, "set", index))?;
            match places.get(&entry.id) {
                Some(place) => set[*place] = entry,
                None => {
                    places.insert(entry.id.clone(), set.len());
                    set.push(entry);
                }
            }
        }
        let mut delete = Vec::new();
        let mut deleted = HashSet::new();
        for (index, entry) in entries(&body, "delete")?.iter().enumerate() {
            let id = object_of(entry).and_then(|object| id_of(owner.other(), object));
            let id = id.map_err(|fault| below(fault, "delete", index))?;
            if places.contains_key(&id) {
                let location = format!("{}.id", owner.other().as_str());
                return Err(below(Fault::body(location, "Must not be in set as well."), "delete", index));
            }
            if deleted.insert(id.clone()) {
                delete.push(id);
            }
        }
        Ok(Self { owner, id, set, delete, integrity })
    }

    /// A request that only lists.
    #[must_use]
    pub fn nothing(owner: Kind, id: RecordId) -> Self {
        Self { owner, id, set: Vec::new(), delete: Vec::new(), integrity: false }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.delete.is_empty()
    }

    /// The other ends of all memberships that are concerned, each once.
    pub fn others(&self) -> impl Iterator<Item = &RecordId> {
        self.set.iter().map(|entry| &entry.id).chain(&self.delete)
    }

    /// With referential integrity: whether an end of a membership to set is without metadata.
    ///
    /// # Errors
    /// [`Refused`] at the owner, or at the first entry whose other end has no metadata.
    pub fn missing(&self, owner_exists: bool, exists: impl Fn(&RecordId) -> bool) -> Result<(), Refused> {
        if !self.integrity || self.set.is_empty() {
            return Ok(());
        }
        let why = "Must have metadata.";
        if !owner_exists {
            return Err(Fault::path(self.owner.as_str(), why).into());
        }
        match self.set.iter().find(|entry| !exists(&entry.id)) {
            Some(entry) => {
                let location = format!("{}.id", self.owner.other().as_str());
                Err(below(Fault::body(location, why), "set", entry.index).into())
            }
            None => Ok(()),
        }
    }

    /// What becomes of the memberships. `current` are those of the owner with [`Manage::others`], in any order.
    ///
    /// # Errors
    /// [`Refused`] when a membership would become too large.
    pub fn apply(&self, current: &[Membership], now: Moment) -> Result<Managed, Refused> {
        let other = self.owner.other();
        let current: HashMap<&RecordId, &Membership> = current.iter().map(|held| (held.end(other), held)).collect();
        let (mut managed, nothing) = (Managed::default(), Content::default());
        for entry in &self.set {
            let before = current.get(&entry.id);
            let held = before.map_or(&nothing, |held| &held.content);
            let content = entry.change.apply(held);
            if before.is_some() && *held == content {
                continue;
            }
            check_size(&entry.id, TextField::OF_MEMBERSHIP, &content)
                .map_err(|fault| below(fault, "set", entry.index))?;
            let now = before.map_or(now, |held| held.updated.next(now));
            let etag = etag::of_membership(&content);
            let mut data = entry.change.told(held, &content);
            data.insert("updated", Told::text(now.to_string()));
            data.insert("eTag", Told::text(etag.as_str()));
            managed.events.push(Event::new(membership(self.owner, &self.id, &entry.id), Action::Set, data));
            let (user, channel) = match self.owner {
                Kind::User => (&self.id, &entry.id),
                Kind::Channel => (&entry.id, &self.id),
            };
            let (user, channel) = (user.clone(), channel.clone());
            managed.put.push(Membership { user, channel, content, updated: now, etag });
        }
        for id in self.delete.iter().filter(|id| current.contains_key(id)) {
            managed.remove.push(id.clone());
            managed.events.push(Event::new(membership(self.owner, &self.id, id), Action::Delete, Data::new()));
        }
        Ok(managed)
    }
}

impl Entry {
    fn parse(other: Kind, entry: &Value, index: usize, mode: CustomMode) -> Result<Self, Fault> {
        let object = object_of(entry)?;
        let id = id_of(other, object)?;
        let change = Change::parse(TextField::OF_MEMBERSHIP, object, mode)?;
        change.check_size(&id, TextField::OF_MEMBERSHIP)?;
        Ok(Self { id, change, index })
    }
}

fn entries<'b>(body: &'b Map<String, Value>, name: &str) -> Result<&'b [Value], Fault> {
    let array = match body.get(name) {
        None | Some(Value::Null) => return Ok(&[]),
        Some(Value::Array(array)) => array,
        Some(_) => return Err(Fault::body(name, "Must be an array or null.")),
    };
    if array.len() > Manage::MAX_ENTRIES {
        return Err(Fault::body(name, format!("Must have at most {} entries.", Manage::MAX_ENTRIES)));
    }
    Ok(array)
}

fn object_of(entry: &Value) -> Result<&Map<String, Value>, Fault> {
    entry.as_object().ok_or_else(|| Fault::body("", "Must be an object."))
}

fn id_of(kind: Kind, object: &Map<String, Value>) -> Result<RecordId, Fault> {
    let fault = |why: &str| Fault::body(format!("{}.id", kind.as_str()), why);
    match object.get(kind.as_str()).and_then(|end| end.get("id")) {
        Some(Value::String(text)) => RecordId::new(text.as_str()).map_err(|error| fault(&error.to_string())),
        Some(_) => Err(fault("Must be text.")),
        None => Err(fault("Must be given.")),
    }
}

fn below(fault: Fault, array: &str, index: usize) -> Fault {
    fault.below(&format!("{array}.{index}"))
}
