//! The parameters that operations share, read and checked once.

use std::borrow::Cow;
use std::time::Duration;

use hashbrown::HashSet;
use node::{Caller, GroupStream, PresenceOptions};
use smallvec::SmallVec;
use wire::names::PRESENCE_SUFFIX;
use wire::target::Target;
use wire::{ChannelName, GroupName, InstanceId, InvalidName, Json, NotUtf8, UserId, decode};

/// A text that cannot be what it should be.
#[derive(Debug)]
pub(super) enum Invalid {
    Encoding,
    Number,
    Name(InvalidName),
}

impl From<NotUtf8> for Invalid {
    fn from(_: NotUtf8) -> Self {
        Self::Encoding
    }
}

impl From<InvalidName> for Invalid {
    fn from(why: InvalidName) -> Self {
        Self::Name(why)
    }
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Encoding => f.write_str("invalid percent-encoding or UTF-8"),
            Self::Number => f.write_str("not a whole number"),
            Self::Name(why) => why.fmt(f),
        }
    }
}

/// The query of a request, taken apart once: an operation asks for about ten parameters, and an SDK sends as many.
pub(super) struct Arguments<'t> {
    pairs: SmallVec<[(&'t str, &'t str); 16]>,
}

impl<'t> Arguments<'t> {
    pub(super) fn new(target: &Target<'t>) -> Self {
        Self { pairs: target.pairs().collect() }
    }

    /// The first parameter of this name as sent. Empty equals absent.
    pub(super) fn raw(&self, name: &str) -> Option<&'t str> {
        let (_, value) = self.pairs.iter().find(|(key, _)| *key == name)?;
        Some(*value).filter(|value| !value.is_empty())
    }

    /// The same, decoded.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'t, str>>, Invalid> {
        Ok(self.raw(name).map(decode).transpose()?)
    }

    /// Whether the client runs an event loop (`ee`, which it sends without a value).
    pub(super) fn has_event_loop(&self) -> bool {
        self.pairs.iter().any(|(key, _)| *key == "ee")
    }

    /// A whole number in decimal digits; one too large for any use counts as the largest.
    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Invalid> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid::Number);
        }
        Ok(Some(text.parse().unwrap_or(usize::MAX)))
    }

    /// Whether a switch is on: `1` or `true`.
    pub(super) fn on(&self, name: &str) -> bool {
        matches!(self.text(name).ok().flatten().as_deref(), Some("1" | "true"))
    }

    /// The caller's id, if it says who it is.
    pub(super) fn user(&self) -> Result<Option<UserId>, Invalid> {
        Ok(self.text("uuid")?.map(UserId::new).transpose()?)
    }

    /// The caller, if it says who it is. An instance that cannot be read counts as unnamed.
    pub(super) fn caller(&self) -> Result<Option<Caller>, Invalid> {
        let Some(user) = self.user()? else { return Ok(None) };
        let named = self.text("instanceid").ok().flatten().and_then(|text| InstanceId::new(text).ok());
        Ok(Some(Caller { user, instance: named.unwrap_or(InstanceId::unnamed()) }))
    }

    /// The groups of `channel-group`, each once. Nobody is present on a presence stream, so those of groups are left out.
    pub(super) fn groups(&self) -> Result<Vec<GroupName>, Invalid> {
        let streams = self.group_streams()?;
        Ok(streams.into_iter().filter(|stream| !stream.presence).map(|stream| stream.group).collect())
    }

    /// The groups of `channel-group` and their presence streams, each once.
    pub(super) fn group_streams(&self) -> Result<Vec<GroupStream>, Invalid> {
        let text = self.text("channel-group")?.unwrap_or_default();
        let names = once(text.split(',').filter(|name| !name.is_empty()));
        let stream = |name: &str| {
            let (group, presence) = match name.strip_suffix(PRESENCE_SUFFIX) {
                Some(group) => (group, true),
                None => (name, false),
            };
            Ok(GroupStream { group: GroupName::new(group)?, presence })
        };
        names.into_iter().map(stream).collect()
    }

    /// The presence timeout that the caller asks for.
    pub(super) fn timeout(&self, presence: &PresenceOptions) -> Duration {
        let asked = self.number("heartbeat").ok().flatten().filter(|seconds| *seconds >= 1);
        asked.map_or(presence.timeout, |seconds| Duration::from_secs(seconds as u64))
    }

    /// The states to join with, by channel or group. What is not such a thing is passed over: the call succeeds.
    pub(super) fn states(&self, presence: &PresenceOptions) -> Vec<(String, Json)> {
        let text = self.text("state").ok().flatten();
        let mut states = text.and_then(|text| Json::parse(&text)).map(|json| json.members()).unwrap_or_default();
        states.retain(|(_, state)| state.is_object() && state.as_str().len() <= presence.state_bytes);
        states
    }
}

/// The channels of a comma list, each once, empty items dropped.
pub(super) fn channels(list: &str) -> Result<Vec<ChannelName>, Invalid> {
    let text = decode(list)?;
    once(text.split(',').filter(|name| !name.is_empty())).into_iter().map(|name| Ok(ChannelName::new(name)?)).collect()
}

fn once<'t>(items: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut items: Vec<&str> = items.collect();
    // Nearly every request names one channel. For many the hash need not be a strong one: a request has a bounded length.
    if items.len() > 1 {
        let mut seen = HashSet::with_capacity(items.len());
        items.retain(|item| seen.insert(*item));
    }
    items
}
