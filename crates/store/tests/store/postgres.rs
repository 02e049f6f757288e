//! PostgreSQL as a back end of the contract: a database of its own for each place.

use std::sync::{Arc, LazyLock};

use store::{Postgres, Store};

use crate::context::{filled, filled_lists};
use crate::contract::Place;
use crate::names::key;

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

/// As if the data had been written by a program whose compiler knew other letters: nothing is found by the keys that are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_texts_are_made_anew_when_unicode_is_another() {
    let Some(place) = place() else { return };
    let (store, demo) = (place.open().await, key("demo"));
    let lists = filled(&*store, &demo).await;
    drop(store);
    let (foreign, connection) = tokio_postgres::connect(&place.address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    foreign
        .batch_execute(
            r"UPDATE text_order SET unicode = '1.1.0';
              UPDATE records SET id_key = '\x77' || id_key, name_key = '\x66', status_key = '\x55', email_key = '\x44',
                                 custom_keys = '{}';
              UPDATE custom_values SET value_key = '\x77' || value_key;
              UPDATE memberships SET user_key = '\x77' || user_key, channel_key = '\x77' || channel_key;",
        )
        .await
        .unwrap();
    let store = place.open().await;
    assert_eq!(filled_lists(&*store, &demo).await, lists);
}
