//! Timelines and cursors: what was published, in order, and who waits for more (`docs/protocol/pubsub.md`).
//!
//! - *Whoever holds cursor T has every message ≤ T of its streams*, as far as the streams still keep it; where they do
//!   not, a [`Gap`] says so.
//! - Timetokens are unique and strictly increase, whatever the clock does.
//! - A stream has the name that a subscriber writes: a channel, its presence stream, or a pattern (`wire::stream`).
//! - Nothing here knows the time, the network, or what a message holds.

mod bounds;
mod cursor;
mod shard;
mod sync;
mod ticker;
mod timeline;
mod timelines;

pub use cursor::{Catch, Caught, Gap};
pub use ticker::Ticker;
pub use timeline::{Limits, Post};
pub use timelines::{Swept, Timelines, Watch, Watched};

#[cfg(test)]
mod tests;
