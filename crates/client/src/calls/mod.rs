//! Every call, one file each: its options, its request, its result.

mod about;
pub mod access;
pub mod context;
pub mod groups;
pub mod presence;
pub mod pubsub;

pub use about::{OnChannel, OnUser};
pub(crate) use about::{require_channel, user_or_own};
