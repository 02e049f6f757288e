//! What the server promises to whoever talks to it, each promise a scenario over real sockets.

#![allow(clippy::unwrap_used, reason = "a surprise is a failed test, in a helper as well")]

mod access;
mod admin;
mod both;
mod conformance;
mod context;
mod dice;
mod gaps;
mod lifecycle;
mod limits;
mod listener;
mod operators;
mod postgres;
mod presence;
mod slow;
mod tls;
mod vectors;
