//! The client against the real server, and against servers that misbehave.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod bad_input;
mod examples;
mod programs;
mod smoke;
mod subscribe;
mod tls;
mod transport;
mod vectors;

#[path = "../../examples/run/mod.rs"]
mod run;
