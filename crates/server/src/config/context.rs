//! `[context]`: users, channels and memberships of a key set (`docs/protocol/app-context.md`).

use super::error::ConfigError;
use super::section::Section;

/// App context of one key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether the key set has app context at all.
    pub enabled: bool,
    /// Changes of users are told to subscribers.
    pub user_events: bool,
    /// Changes of channels are told to subscribers.
    pub channel_events: bool,
    /// Changes of memberships are told to subscribers.
    pub membership_events: bool,
    /// A membership needs the metadata of both its ends, and goes with either.
    pub referential_integrity: bool,
    /// With the access manager, listing all users needs a permission.
    pub disallow_get_all_users: bool,
    /// With the access manager, listing all channels needs a permission.
    pub disallow_get_all_channels: bool,
}

impl Context {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            enabled: settings.flag("enabled")?,
            user_events: settings.flag("user_events")?,
            channel_events: settings.flag("channel_events")?,
            membership_events: settings.flag("membership_events")?,
            referential_integrity: settings.flag("referential_integrity")?,
            disallow_get_all_users: settings.flag("disallow_get_all_users")?,
            disallow_get_all_channels: settings.flag("disallow_get_all_channels")?,
        })
    }
}
