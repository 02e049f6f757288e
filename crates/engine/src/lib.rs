//! The rules: presence, timelines, access and filters. No I/O; time is an argument.

pub mod filter;
