//! Where requests come in and replies go out.
//!
//! - A connection begins on the lean HTTP/1.1 loop. What the loop does not know, it hands to the framework together
//!   with the bytes read so far; from then on the connection is the framework's.
//! - Both ask [`crate::api::answer`], so no answer depends on the path it took.
//! - Everything that grows with what a client sends, or does not read, has a limit in [`crate::config::Edge`].

mod date;
mod framework;
mod lean;
mod listen;
mod patience;
mod reply;
mod rewind;

pub(crate) use listen::Listener;
pub(crate) use reply::{ContentType, Reply};
