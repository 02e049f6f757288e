//! Managing key sets while the server runs (`docs/operating/keysets.md`): a listener of its own, for this machine.
//!
//! - Nothing here is reached by the public listener, and nothing of the protocol by this one.
//! - Every request shows the token that lies in the data directory. Until it has, it is told nothing.
//! - What clients send is bounded in size and time, and so is how many there are.
//! - Secrets come in and, once, go out; they are in no log, no list and no error.

mod api;
mod fault;
mod keysets;
mod listener;
mod random;
mod token;

pub use keysets::StoredError;
pub(crate) use keysets::{Managed, start_options};
pub(crate) use listener::Admin;
pub use listener::AdminError;
