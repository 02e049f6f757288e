//! One function an operation, joining engine and store. Knows nothing of HTTP.
//!
//! - Every change of presence goes through one door (`Keyset::with_presence`), which first lets pass what is due, then
//!   changes, then announces, all under one lock: events leave in the order of the changes.
//! - Locks are taken in one order, presence before timelines, and never held across an await.
//! - Which key sets there are may change at any moment. What runs for all of them asks at each turn.
//! - Time is asked of one [`Clock`], once an operation.

mod access;
mod clock;
mod context;
mod counters;
mod crowd;
mod groups;
mod keyset;
mod keysets;
mod memory;
mod node;
mod poll;
mod post;
mod presence;
mod pubsub;
mod snapshot;
mod upkeep;
mod waiter;

pub use access::AccessError;
pub use clock::{Clock, SystemClock};
pub use context::{ContextError, ContextOptions};
pub use counters::{Counter, Counters, Gauge};
pub use engine::access::acts::{self, Places};
pub use engine::access::{Credentials, Mode, Operation, Permit, Secret, SignatureFault};
pub use engine::groups::GroupStream;
pub use engine::rate::{Bucket, Rate};
pub use groups::GroupError;
pub use keyset::{Keyset, KeysetOptions, LimitOptions, PresenceOptions, PubsubOptions, Settings};
pub use keysets::{Data, KeysetError, Keysets, KeysetsNow};
pub use memory::{Memory, Purpose, Reserved};
pub use node::{Node, StartError};
pub use poll::LongPoll;
pub use post::Posted;
pub use presence::{Caller, HereNow};
pub use pubsub::{Batch, Item, Published, Subscribe};
pub use snapshot::Restored;
