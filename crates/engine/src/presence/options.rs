//! What a key set may choose about its presence (`docs/protocol/presence.md`, "Announce mode and interval mode").

use std::time::Duration;

use super::rules::Rules;
use super::slots::SLOTS_MAX;

/// What a key set may choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Up to this occupancy each join, leave and timeout is told; above it there is one event each interval.
    pub announce_max: usize,
    /// Time between interval events; 100 ms at least.
    pub interval: Duration,
    /// Interval events list who came and went.
    pub deltas: bool,
    /// Whether devices of one user are told apart.
    pub devices: Devices,
    /// No timeout while a poll is open.
    pub open_poll_is_presence: bool,
    /// A poll whose connection closes is a leave.
    pub leave_on_disconnect: bool,
    /// Which channels have presence, and what they announce.
    pub rules: Rules,
    /// Longer timeouts are cut to this; in whole seconds, at least one, at most [`u16::MAX`].
    pub max_timeout: Duration,
    /// Tell when a channel gets its first occupant and loses its last.
    pub notices: bool,
    /// The most seats, present or with state only. Joins beyond it are refused.
    pub seats_max: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            announce_max: 20,
            interval: Duration::from_secs(10),
            deltas: false,
            devices: Devices::Single,
            open_poll_is_presence: false,
            leave_on_disconnect: false,
            rules: Rules::default(),
            max_timeout: Duration::from_secs(3600),
            notices: false,
            seats_max: SLOTS_MAX,
        }
    }
}

/// Whether devices of one user are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Devices {
    /// All devices of a user are one: the newest renewal counts, and a leave of any is a leave.
    #[default]
    Single,
    /// Each device has its own deadline, and the user leaves with the last one.
    Counted,
}
