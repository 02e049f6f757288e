//! The vocabulary of the protocol, and the shape of every request, reply and event.
//!
//! - Nothing here does I/O, keeps state or knows the time.
//! - A name that exists is a name that is allowed: it was checked once, at its constructor.
//! - The five areas have a file each (`pubsub`, `presence`, `context`, …); what they share stands beside them.

pub mod access;
pub mod answer;
pub mod context;
pub mod delivery;
pub mod groups;
pub mod names;
pub mod presence;
pub mod pubsub;
pub mod refusal;
pub mod route;
pub mod stream;
pub mod target;
pub mod time;

mod json;
mod percent;

pub use compact_str::CompactString;
pub use json::Json;
pub use names::{ChannelName, GroupName, InstanceId, InvalidName, PublishKey, RecordId, SubscribeKey, UserId};
pub use percent::{NotUtf8, decode, encode};
pub use refusal::{Limited, Refusal};
pub use time::{Timestamp, Timetoken};
