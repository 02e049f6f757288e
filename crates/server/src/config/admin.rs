//! `[admin]`: where the key sets are managed while the server runs.

use std::net::SocketAddr;

use super::error::ConfigError;
use super::section::Section;

/// Where the admin API listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Nowhere.
    Off,
    /// On the usual port of this machine or, where that is in use, on a free one.
    Auto,
    /// There, or the server does not start. Port 0 takes a free one.
    At(SocketAddr),
}

impl Admin {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        settings.parsed("listen", "auto, off, or an IP address and a port, such as 127.0.0.1:7701", |text| match text {
            "off" => Some(Self::Off),
            "auto" => Some(Self::Auto),
            address => address.parse().ok().map(Self::At),
        })
    }
}
