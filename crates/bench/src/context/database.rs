//! Where records are kept: in a server's own folder, or in a PostgreSQL.

use std::time::Duration;

use anyhow::Context;
use testkit::postgres::Postgres;
use tokio_postgres::{Client, NoTls};

use super::process;

/// What `--database` says.
pub(super) enum Database {
    /// SQLite, in the folder of whoever has it.
    Embedded,
    /// A PostgreSQL of our own, with a database for each who asks.
    Own(Postgres),
    /// Somebody's PostgreSQL, by the address of a database whose user may create others.
    Given(String),
}

/// Says that a PostgreSQL of our own is wanted.
const OWN: &str = "postgres";

impl Database {
    pub(super) fn of(argument: Option<&str>) -> anyhow::Result<Self> {
        Ok(match argument {
            None => Self::Embedded,
            Some(OWN) => Self::own()?,
            Some(address) => Self::Given(address.to_owned()),
        })
    }

    pub(super) fn own() -> anyhow::Result<Self> {
        Ok(Self::Own(Postgres::start().context("PostgreSQL is not installed")?))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "SQLite",
            Self::Own(_) | Self::Given(_) => "PostgreSQL",
        }
    }

    /// The address of a new, empty database; none when there is no server.
    pub(super) async fn create(&self) -> anyhow::Result<Option<String>> {
        match self {
            Self::Embedded => Ok(None),
            Self::Own(postgres) => Ok(Some(postgres.new_database())),
            Self::Given(address) => {
                let (server, _) = address.rsplit_once('/').context("an address ends with /DATABASE")?;
                let name = format!("bench_{}", unique()?);
                connect(address).await?.batch_execute(&format!("CREATE DATABASE {name}")).await?;
                Ok(Some(format!("{server}/{name}")))
            }
        }
    }

    /// CPU time of the database server: none of an embedded one, unknown of a given one.
    pub(super) fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        match self {
            Self::Embedded => Ok(Some(Duration::ZERO)),
            Self::Own(postgres) => process::cpu(postgres.keeper_id()).map(Some),
            Self::Given(_) => Ok(None),
        }
    }
}

/// Has done what a PostgreSQL does by itself a minute after a table was filled.
pub(super) async fn settle(address: Option<&str>) -> anyhow::Result<()> {
    match address {
        Some(address) => Ok(connect(address).await?.batch_execute("VACUUM ANALYZE").await?),
        None => Ok(()),
    }
}

pub(super) async fn connect(address: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A number that no other run has had.
fn unique() -> anyhow::Result<u128> {
    Ok(std::time::UNIX_EPOCH.elapsed()?.as_nanos())
}
