//! The client against the real server, and against transports that misbehave.

mod bad_input;
mod examples;
mod smoke;
mod tls;
mod vectors;

#[path = "../../examples/run/mod.rs"]
mod run;
