//! What the store promises, each promise a test, against real files and a real database.

#![allow(clippy::unwrap_used, reason = "a surprise is a failed test, in a helper as well")]

mod access;
mod ceiling;
mod child;
mod context;
mod contract;
mod crash;
mod directory;
mod encryption;
mod entry_indexes;
mod full_disk;
mod keysets;
mod lost_connection;
mod names;
mod postgres;
mod proxy;
mod snapshot;
mod sqlite;
