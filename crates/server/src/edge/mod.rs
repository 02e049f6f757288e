//! Where requests come in and replies go out.
//!
//! - A connection begins on the lean HTTP/1.1 loop. What the loop does not know, it hands to the framework together
//!   with the bytes read so far; from then on the connection is the framework's.
//! - Both ask [`crate::api::answer`], so no answer depends on the path it took.
//! - Either serves TCP alone as well as TLS over it ([`transport`]): what is said there is the same.
//! - Everything that grows with what a client sends, or does not read, has a limit in [`crate::config::Edge`], and counts
//!   against the budget of memory ([`node::Memory`]).
//! - What one address may do is in `addresses`; who that is behind a proxy, in `forwarded`.

mod activity;
mod addresses;
mod date;
mod forwarded;
mod framework;
mod head;
mod last_words;
mod lean;
mod listen;
mod patience;
mod reply;
mod rewind;
mod tls;
mod transport;

pub(crate) use addresses::{Addresses, rate};
pub(crate) use listen::{Listener, listen};
pub(crate) use reply::{ContentType, Reply};
pub(crate) use tls::Tls;
pub use tls::TlsError;
