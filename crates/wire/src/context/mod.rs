//! App context: users, channels and memberships, their replies and their events (`docs/protocol/app-context.md`).
//!
//! - A record holds what its client set ([`Content`]) and what the server noted: when it changed, and its eTag.
//! - `custom` is kept as canonical JSON text, so equal contents have equal texts and a reply copies it.
//! - Nothing here decides what a change does; that is `engine::context`.

pub mod answer;
#[cfg(test)]
mod answer_tests;
mod change;
mod custom;
mod event;
mod fault;
mod fields;
mod include;
mod moment;
mod record;
mod reply;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use custom::{Custom, NotFlat, Scalar};
pub use event::{About, Action, Data, Event, Told};
pub use fault::{Fault, Place};
pub use fields::{Kind, TextField};
pub use include::{Include, Shown};
pub use moment::{InvalidMoment, Moment};
pub use record::{Content, ETag, Joined, Membership, Record};
pub use reply::{Answered, Page, bulk, memberships, record, records, removed, size};
