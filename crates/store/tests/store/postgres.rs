//! PostgreSQL as a back end of the contract: a database of its own for each place.

use std::sync::{Arc, LazyLock};

use store::{Postgres, Store};

use crate::contract::Place;

// Not as a dependency: the crate it belongs to knows the whole server, which would then be built to test the store.
#[allow(unreachable_pub, dead_code)]
#[path = "../../../testkit/src/postgres.rs"]
pub(crate) mod server;

/// One for all tests of the process. It ends with the process.
static SERVER: LazyLock<Option<server::Postgres>> = LazyLock::new(server::Postgres::start);

/// A database, empty at first.
pub(crate) struct Database {
    pub(crate) address: String,
}

/// A new one, or `None` where PostgreSQL is not installed, which was then said.
pub(crate) fn place() -> Option<Database> {
    SERVER.as_ref().map(|server| Database { address: server.new_database() })
}

/// Where the one for all tests listens.
pub(crate) fn port() -> Option<u16> {
    SERVER.as_ref().map(server::Postgres::port)
}

impl Place for Database {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Postgres::open(&self.address).await.unwrap())
    }
}
