//! A key set of simulated clients.
//!
//! - Time is simulated, in milliseconds, and counts while the server runs: a restart takes none of it.
//! - Each client has dice of its own, so that a run with fewer clients has the same clients: that is how a violation is
//!   brought down to the shortest history.
//! - What must follow from what the clients did is worked out here a second time, without seats, wheels or announcers.

mod client;
mod engine_site;
mod node_site;
mod place;
mod shrink;
mod site;
mod world;

#[cfg(test)]
mod tests;

pub use engine_site::EngineSite;
pub use node_site::NodeSite;
pub(crate) use node_site::{event, keyset_options, observer, permit};
pub use shrink::{Failure, run};
pub use site::Site;
pub use world::Seen;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Clients, present or not.
    pub members: usize,
    /// Clients of one user, each with channels of its own. More than one: they are told apart (`presence.devices`).
    pub devices: usize,
    /// Channels. A client is on one to three of them, and every tenth on the first as well.
    pub channels: usize,
    /// The timeout that clients ask for, in seconds; at least 5.
    pub timeout: u64,
    /// How many of a hundred present clients end their stay in a minute.
    pub churn: f64,
    /// How many of a hundred ends come without a leave.
    pub crashes: f64,
    /// How many of a hundred renewals come late: most of them in time, every fourth beyond the timeout.
    pub pauses: f64,
    /// Up to this occupancy each change is an event of its own.
    pub announce_max: usize,
    /// Seconds between the events of a channel above it.
    pub interval: u64,
    /// How often an hour the wall clock of the server jumps, by up to a minute either way.
    pub jumps: f64,
    /// How often an hour the server stops and starts again.
    pub restarts: f64,
    /// Simulated hours.
    pub hours: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            members: 1_000,
            devices: 1,
            channels: 50,
            timeout: 300,
            churn: 5.0,
            crashes: 50.0,
            pauses: 10.0,
            announce_max: 20,
            interval: 10,
            jumps: 6.0,
            restarts: 0.5,
            hours: 24.0,
        }
    }
}
