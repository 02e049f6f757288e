//! A PostgreSQL for all tests of the process. It ends with the process.

use std::sync::LazyLock;

use testkit::Builder;
use testkit::postgres::Postgres;

static SERVER: LazyLock<Option<Postgres>> = LazyLock::new(Postgres::start);

/// The same server on a new database, or `None` where PostgreSQL is not installed, which was then said.
pub(crate) fn on(builder: Builder) -> Option<Builder> {
    SERVER.as_ref().map(|server| builder.database(&server.new_database()))
}
