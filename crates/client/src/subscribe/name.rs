//! What is subscribed to, by name.

use std::collections::BTreeSet;
use std::fmt;

use wire::names::PRESENCE_SUFFIX;
use wire::{ChannelName, CompactString, GroupName, InvalidName};

/// A channel, a pattern, or the presence stream of one; or a channel group, or the presence stream of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Name {
    Channel(ChannelName),
    Group(CompactString),
}

/// NameSet, each once, in the order in which they are sent.
pub(crate) type NameSet = BTreeSet<Name>;

impl Name {
    pub(crate) fn channel(text: &str) -> Result<Self, InvalidName> {
        ChannelName::new(text).map(Self::Channel)
    }

    /// The name of a group, or of its presence stream, which may be that much longer.
    pub(crate) fn group(text: &str) -> Result<Self, InvalidName> {
        GroupName::new(text.strip_suffix(PRESENCE_SUFFIX).unwrap_or(text))?;
        Ok(Self::Group(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Channel(channel) => channel.as_str(),
            Self::Group(group) => group,
        }
    }

    /// Whether it is a presence stream: nobody is present there, and nobody leaves it.
    pub(crate) fn is_presence(&self) -> bool {
        self.as_str().ends_with(PRESENCE_SUFFIX)
    }

    /// Its presence stream.
    pub(crate) fn presence(&self) -> Self {
        match self {
            _ if self.is_presence() => self.clone(),
            Self::Channel(channel) => Self::Channel(channel.presence()),
            Self::Group(group) => Self::Group(format!("{group}{PRESENCE_SUFFIX}").into()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Channels and groups apart, as requests and statuses have them.
pub(crate) fn apart(names: &NameSet) -> (Vec<String>, Vec<String>) {
    let mut apart = (Vec::new(), Vec::new());
    for name in names {
        match name {
            Name::Channel(channel) => apart.0.push(channel.to_string()),
            Name::Group(group) => apart.1.push(group.to_string()),
        }
    }
    apart
}

/// Those of them where a user can be present.
pub(crate) fn places(names: &NameSet) -> NameSet {
    names.iter().filter(|name| !name.is_presence()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presence_stream_is_named_after_what_it_is_of() {
        let room = Name::channel("room").unwrap();
        assert_eq!(room.presence().as_str(), "room-pnpres");
        assert_eq!(room.presence().presence(), room.presence(), "there is no presence of a presence stream");
        assert_eq!(Name::group("friends").unwrap().presence().as_str(), "friends-pnpres");
        assert_ne!(room, Name::group("room").unwrap(), "a channel is no group");
    }

    #[test]
    fn names_are_checked_once() {
        for bad in ["", "a,b", "a/b"] {
            assert!(Name::channel(bad).is_err() && Name::group(bad).is_err(), "{bad}");
        }
        assert!(Name::channel("a.*").is_ok());
        assert!(Name::group("a.*").is_err(), "there are no patterns of groups");
        let longest = "g".repeat(92);
        assert!(Name::group(&longest).unwrap().presence().as_str().len() > 92);
    }
}
