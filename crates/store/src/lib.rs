//! What must survive a restart: one contract, SQLite behind it.
//!
//! - What a call of the [`Store`] answered with `Ok` is on the disk; what it answered with an error did not happen.
//! - One process owns a [`DataDirectory`] at a time; whatever is kept lies inside it.
//! - A file is replaced whole or not at all, and data of a newer version is refused, never guessed at.
//! - Nothing here knows the time, the rules of presence or the network.
//!
//! Three kinds of things are kept, each in the way that suits it: records that are changed one by one are in the
//! database ([`Sqlite`]); who is present is far too lively for that and is written whole, now and then ([`snapshot`]);
//! the timetoken that no earlier run has gone past is one small number ([`DataDirectory::save_ceiling`]).

mod access;
mod ceiling;
mod context;
mod contract;
mod directory;
mod error;
mod keysets;
mod postgres;
mod replacement;
pub mod snapshot;
mod sqlite;

pub use contract::{Access, Committed, Context, Group, Groups, Health, Keysets, Numbered, Reply, Store};
pub use directory::DataDirectory;
pub use error::{OpenError, StoreError};
pub use keysets::{SecretSource, StoredKeyset, StoredSecret};
pub use postgres::Postgres;
pub use sqlite::{Figures, Settings, Sqlite};
