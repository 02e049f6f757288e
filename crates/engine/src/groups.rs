//! Channel groups: which channels a group holds (`docs/protocol/pubsub.md`, "Channel groups").
//!
//! A group exists while it holds a channel. Every effective change gives the group a new version, unlike any before it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wire::names::PRESENCE_SUFFIX;
use wire::{ChannelName, GroupName};

/// A group as a subscriber names it: its channels, or their presence streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupStream {
    /// Which group.
    pub group: GroupName,
    /// Whether the presence streams are meant (`g-pnpres`).
    pub presence: bool,
}

impl fmt::Display for GroupStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.group, if self.presence { PRESENCE_SUFFIX } else { "" })
    }
}

/// The groups of a key set.
#[derive(Debug, Default)]
pub struct Registry {
    groups: BTreeMap<GroupName, Group>,
    changes: u64,
    bytes: usize,
}

/// The channels of a group at one moment. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Group {
    channels: Arc<[ChannelName]>,
    version: u64,
}

impl Group {
    /// The channels, in byte order.
    #[must_use]
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// Which state of the group this is. 0 when it holds no channel.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl Registry {
    /// The group; without channels if it does not exist.
    #[must_use]
    pub fn group(&self, name: &GroupName) -> Group {
        self.groups.get(name).cloned().unwrap_or_default()
    }

    /// The groups that hold a channel, in byte order.
    pub fn names(&self) -> impl Iterator<Item = &GroupName> {
        self.groups.keys()
    }

    /// About how much memory the groups take: what counts against a budget.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many channels the group would hold with `channels` added.
    #[must_use]
    pub fn size_with(&self, name: &GroupName, channels: &[ChannelName]) -> usize {
        let held = self.group(name);
        let new = channels.iter().filter(|channel| held.channels.binary_search(channel).is_err());
        held.channels.len() + new.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Adds channels. Returns whether the group changed.
    pub fn add(&mut self, name: &GroupName, channels: &[ChannelName]) -> bool {
        self.change(name, |held| {
            held.extend_from_slice(channels);
            held.sort_unstable();
            held.dedup();
        })
    }

    /// Removes channels. Returns whether the group changed.
    pub fn remove(&mut self, name: &GroupName, channels: &[ChannelName]) -> bool {
        self.change(name, |held| held.retain(|channel| !channels.contains(channel)))
    }

    /// Removes the group. Returns whether there was one.
    pub fn delete(&mut self, name: &GroupName) -> bool {
        self.change(name, Vec::clear)
    }

    fn change(&mut self, name: &GroupName, change: impl FnOnce(&mut Vec<ChannelName>)) -> bool {
        let before = self.group(name);
        let mut channels = before.channels.to_vec();
        change(&mut channels);
        if channels == *before.channels {
            return false;
        }
        self.changes += 1;
        self.bytes = (self.bytes + cost(name, &channels)).saturating_sub(cost(name, &before.channels));
        if channels.is_empty() {
            self.groups.remove(name);
        } else {
            self.groups.insert(name.clone(), Group { channels: channels.into(), version: self.changes });
        }
        true
    }
}

/// What a group takes beside its channels.
const GROUP_BYTES: usize = 128;

fn cost(name: &GroupName, channels: &[ChannelName]) -> usize {
    if channels.is_empty() {
        return 0;
    }
    let of = |channel: &ChannelName| size_of::<ChannelName>() + channel.as_str().len();
    GROUP_BYTES + name.as_str().len() + channels.iter().map(of).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> GroupName {
        GroupName::new(text).unwrap()
    }

    fn channels(texts: &[&str]) -> Vec<ChannelName> {
        texts.iter().map(|text| ChannelName::new(*text).unwrap()).collect()
    }

    #[test]
    fn a_group_exists_while_it_holds_a_channel() {
        let mut registry = Registry::default();
        assert!(registry.add(&group("g"), &channels(&["b", "a", "b"])));
        assert_eq!(registry.group(&group("g")).channels(), channels(&["a", "b"]));
        assert!(registry.remove(&group("g"), &channels(&["a", "b", "stranger"])));
        assert_eq!(registry.names().count(), 0);
    }

    #[test]
    fn only_effective_changes_count_and_each_has_a_version_of_its_own() {
        let mut registry = Registry::default();
        assert!(registry.add(&group("g"), &channels(&["a"])));
        let first = registry.group(&group("g")).version();
        assert!(!registry.add(&group("g"), &channels(&["a"])));
        assert!(!registry.remove(&group("g"), &channels(&["b"])));
        assert!(!registry.delete(&group("other")));
        assert_eq!(registry.group(&group("g")).version(), first);
        assert!(registry.delete(&group("g")));
        assert_eq!(registry.group(&group("g")).version(), 0);
        assert!(registry.add(&group("g"), &channels(&["a"])));
        assert!(registry.group(&group("g")).version() > first);
    }

    #[test]
    fn what_groups_take_is_given_back_when_they_are_gone() {
        let mut registry = Registry::default();
        registry.add(&group("g"), &channels(&["a", "b"]));
        let two = registry.bytes();
        registry.add(&group("g"), &channels(&["c"]));
        assert!(registry.bytes() > two && two > 0);
        registry.remove(&group("g"), &channels(&["c"]));
        assert_eq!(registry.bytes(), two);
        registry.delete(&group("g"));
        assert_eq!(registry.bytes(), 0);
    }

    #[test]
    fn the_size_of_a_change_counts_each_new_channel_once() {
        let mut registry = Registry::default();
        registry.add(&group("g"), &channels(&["a", "b"]));
        assert_eq!(registry.size_with(&group("g"), &channels(&["b", "c", "c"])), 3);
    }
}
