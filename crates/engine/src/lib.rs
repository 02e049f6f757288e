//! The rules: presence, app context, timelines, access and filters. No I/O; time is an argument.

pub mod access;
pub mod context;
pub mod filter;
pub mod groups;
pub mod presence;
pub mod pubsub;
pub mod rate;
