//! What the program promises to whoever starts it, each promise a scenario with the real binary.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a surprise is a failed test, in a helper as well")]

mod complaints;
mod context;
mod full_disk;
mod life;
mod load;
mod program;
mod restart;
mod secrecy;
