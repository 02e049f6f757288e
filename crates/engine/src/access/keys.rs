//! What was granted to auth keys (`docs/protocol/access.md`, "Auth-key grants").

use std::collections::HashMap;

use wire::Timestamp;
use wire::access::{Audited, Permissions, Resource};
use wire::names::pattern_prefix;

/// The group by which all groups are meant.
const EVERY_GROUP: &str = ":";

/// What a grant is for: names of a kind, or the whole key set; everyone, or who shows an auth key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPlace {
    /// None: the whole key set.
    pub resource: Option<Resource>,
    /// Empty for the whole key set.
    pub name: String,
    /// None: everyone.
    pub auth: Option<String>,
}

/// A grant as it is kept. One that permits nothing takes back what was granted to its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGrant {
    /// What it is for.
    pub place: KeyPlace,
    /// What it permits.
    pub permissions: Permissions,
    /// When it holds no longer; none: until it is replaced.
    pub until: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Granted {
    permissions: Permissions,
    until: Option<Timestamp>,
}

impl Granted {
    fn at(&self, now: Timestamp) -> Permissions {
        if self.until.is_none_or(|until| now < until) { self.permissions } else { Permissions::NONE }
    }
}

/// The grants on one name.
#[derive(Clone, Debug, Default)]
struct Entry {
    everyone: Granted,
    auths: HashMap<String, Granted>,
}

impl Entry {
    fn at(&self, auth: Option<&str>, now: Timestamp) -> Permissions {
        let own = auth.and_then(|auth| self.auths.get(auth)).map_or(Permissions::NONE, |granted| granted.at(now));
        self.everyone.at(now) | own
    }

    fn ends(&self) -> Option<Timestamp> {
        self.auths.values().map(|granted| granted.until).fold(self.everyone.until, earlier)
    }

    fn prune(&mut self, now: Timestamp) -> bool {
        if self.everyone.at(now).is_none() {
            self.everyone = Granted::default();
        }
        self.auths.retain(|_, granted| !granted.at(now).is_none());
        !self.everyone.permissions.is_none() || !self.auths.is_empty()
    }
}

/// All grants to auth keys of a key set.
#[derive(Clone, Debug, Default)]
pub struct KeyTable {
    whole: Entry,
    names: HashMap<Resource, HashMap<String, Entry>>,
    /// When the first of them ends, at the earliest.
    ends: Option<Timestamp>,
}

impl KeyTable {
    /// Makes a grant, in place of what was granted there before.
    pub fn set(&mut self, grant: &StoredGrant) {
        let KeyPlace { resource, name, auth } = &grant.place;
        let entry = match resource {
            None => &mut self.whole,
            Some(kind) => self.names.entry(*kind).or_default().entry(name.clone()).or_default(),
        };
        let granted = Granted { permissions: grant.permissions, until: grant.until };
        self.ends = earlier(self.ends, grant.until);
        match auth {
            None => entry.everyone = granted,
            Some(auth) => drop(entry.auths.insert(auth.clone(), granted)),
        }
    }

    /// What all levels together permit on a name.
    #[must_use]
    pub fn permissions(&self, kind: Resource, name: &str, auth: Option<&str>, now: Timestamp) -> Permissions {
        let mut sum = match kind {
            // Whoever may read every record by its name may not therefore list them.
            Resource::Category => Permissions::NONE,
            Resource::Channel | Resource::Group | Resource::User => self.of_everything(auth, now),
        };
        let Some(names) = self.names.get(&kind) else { return sum };
        let mut add = |name: &str| {
            if let Some(entry) = names.get(name) {
                sum |= entry.at(auth, now);
            }
        };
        add(name);
        match kind {
            Resource::Channel => {
                for (dot, _) in name.match_indices('.') {
                    let pattern = format!("{}*", &name[..=dot]);
                    if pattern != name && pattern_prefix(&pattern).is_some() {
                        add(&pattern);
                    }
                }
            }
            Resource::Group if name != EVERY_GROUP => add(EVERY_GROUP),
            Resource::Group | Resource::User | Resource::Category => {}
        }
        sum
    }

    /// What is permitted on every name of the key set.
    #[must_use]
    pub fn of_everything(&self, auth: Option<&str>, now: Timestamp) -> Permissions {
        self.whole.at(auth, now)
    }

    /// Every grant that holds, in the order of places.
    #[must_use]
    pub fn audit(&self, now: Timestamp) -> Vec<Audited> {
        let named = self
            .names
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |(name, entry)| (Some(*kind), name.as_str(), entry)));
        let entries = named.chain([(None, "", &self.whole)]);
        let mut all: Vec<Audited> = entries
            .flat_map(|(resource, name, entry)| {
                let everyone = [(None, &entry.everyone)];
                let grants =
                    everyone.into_iter().chain(entry.auths.iter().map(|(auth, granted)| (Some(auth.clone()), granted)));
                grants.filter(|(_, granted)| !granted.at(now).is_none()).map(move |(auth, granted)| Audited {
                    resource,
                    name: name.to_owned(),
                    auth,
                    permissions: granted.permissions,
                    ttl: granted.until.map_or(0, |until| minutes_until(until, now)),
                })
            })
            .collect();
        all.sort_by(|one, other| (one.resource, &one.name, &one.auth).cmp(&(other.resource, &other.name, &other.auth)));
        all
    }

    /// Whether a grant may have run out that was not forgotten yet.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }

    /// Forgets what holds no longer.
    pub fn prune(&mut self, now: Timestamp) {
        self.whole.prune(now);
        self.ends = self.whole.ends();
        for names in self.names.values_mut() {
            names.retain(|_, entry| entry.prune(now));
            self.ends = names.values().map(Entry::ends).fold(self.ends, earlier);
        }
    }
}

/// The earlier of two times that may not come.
fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// Minutes, the last one counted when it has begun.
fn minutes_until(until: Timestamp, now: Timestamp) -> u64 {
    until.millis().saturating_sub(now.millis()).div_ceil(60_000)
}
