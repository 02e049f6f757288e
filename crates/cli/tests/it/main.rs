//! What the program promises to whoever starts it, each promise a scenario with the real binary.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a surprise is a failed test, in a helper as well")]

mod attack;
mod commands;
mod complaints;
mod faults;
mod full_disk;
mod histories;
mod keysets;
mod kills;
mod life;
mod linearizable;
mod load;
mod memory;
mod program;
mod random;
mod records;
mod restart;
mod secrecy;
mod slow_readers;
mod tls;
