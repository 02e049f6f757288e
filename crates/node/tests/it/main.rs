//! What the operations promise, on a node with a real store and a clock that is moved by hand.

#![allow(clippy::unwrap_used, reason = "a surprise is a failed test, in a helper as well")]

mod scenarios;
mod stress;
mod support;
