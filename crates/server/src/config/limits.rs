//! `[limits]`: how much may be asked of a key set. What it keeps has its limits in `[pubsub]` and `[presence]`.

use super::error::ConfigError;
use super::section::Section;

/// How much may be asked of one key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many requests it answers in a second, all clients together; none: as many as there are.
    pub requests_per_second: Option<u32>,
    /// How many polls one user may have open at once.
    pub polls_per_user: u32,
    /// How many channels one request may name.
    pub channels_per_request: usize,
    /// How many streams one subscribe may follow, those of its groups included.
    pub streams_per_subscribe: usize,
}

impl Limits {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            requests_per_second: settings.rate("requests_per_second")?,
            polls_per_user: u32::try_from(settings.count("polls_per_user", 1..=10_000_000)?).unwrap_or(u32::MAX),
            channels_per_request: settings.count("channels_per_request", 1..=1_000_000)?,
            streams_per_subscribe: settings.count("streams_per_subscribe", 1..=10_000_000)?,
        })
    }
}
