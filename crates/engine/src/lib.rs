//! The rules: presence, app context, timelines, access and filters. No I/O; time is an argument.

pub mod access;
pub mod context;
mod expression;
pub mod filter;
pub mod groups;
pub mod presence;
pub mod pubsub;
pub mod rate;

pub use expression::Refused;
