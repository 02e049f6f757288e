//! The shape of the data, as numbered files in `migrations/sqlite`, each run once and in one transaction.
//!
//! refinery runs them, because it does the same for PostgreSQL, keeps what ran in a table of the database with a
//! checksum (so a changed file is noticed) and resolves with our SQLite driver; rusqlite_migration does not.

use std::path::Path;
use std::sync::Arc;

use refinery::error::Kind;
use rusqlite::Connection;

use crate::OpenError;

// What the macro writes is not ours to document.
#[allow(missing_docs, unreachable_pub)]
mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Brings data up to date.
pub(super) fn run(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or_default();
    match runner.run(db) {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.kind() {
            Kind::MissingVersion(found) if found.version() > known => OpenError::Newer {
                path: path.to_owned(),
                found: u32::try_from(found.version()).unwrap_or(u32::MAX),
                known: u32::try_from(known).unwrap_or_default(),
            },
            Kind::MissingVersion(_) | Kind::DivergentVersion(..) => {
                OpenError::Damaged { path: path.to_owned(), cause: error.to_string() }
            }
            _ => OpenError::Unusable {
                action: "bring up to date the database",
                path: path.to_owned(),
                cause: Arc::new(error),
            },
        }),
    }
}
