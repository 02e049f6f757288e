//! Every call, one file each: its options, its request, its result.

pub mod presence;
pub mod pubsub;
