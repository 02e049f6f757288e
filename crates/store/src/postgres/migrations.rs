//! The shape of the data, as numbered files in `migrations/postgres`, each run once and in one transaction.

use std::path::PathBuf;
use std::sync::Arc;

use refinery::error::Kind;
use tokio_postgres::Client;

use crate::OpenError;

// What the macro writes is not ours to document.
#[allow(missing_docs, unreachable_pub)]
mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Held while the data is brought up to date, so that of several nodes that start at once one does it. Any number that
/// no other program is likely to choose.
const LOCK: i64 = 0x6865_7265_6162_6f75;

/// Brings data up to date.
pub(super) async fn run(db: &mut Client, address: &str) -> Result<(), OpenError> {
    let unusable = |cause| OpenError::Unreachable { address: address.to_owned(), cause };
    db.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(|error| unusable(Arc::new(error)))?;
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or_default();
    let done = runner.run_async(db).await;
    // The lock also goes with the connection, should this fail.
    let _ = db.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await;
    let Err(error) = done else { return Ok(()) };
    Err(match error.kind() {
        Kind::MissingVersion(found) if found.version() > known => OpenError::Newer {
            path: PathBuf::from(address),
            found: u32::try_from(found.version()).unwrap_or(u32::MAX),
            known: u32::try_from(known).unwrap_or_default(),
        },
        Kind::MissingVersion(_) | Kind::DivergentVersion(..) => {
            OpenError::Damaged { path: PathBuf::from(address), cause: error.to_string() }
        }
        _ => unusable(Arc::new(error)),
    })
}
