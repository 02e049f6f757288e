//! App context: our server, the limit of its own store, and peers, row by row in one run.
//!
//! - Every row is one [`operation`], asked of each [`load::Subject`] right after the other, among the same [`people`].
//! - Who is not asked is idle, so each has the machine to itself, but for the generator of its load. That is one thread,
//!   whose share of a core stands beside our figures; the store is called by as many tasks without it.
//! - CPU time is that of all processes of a subject: with `--database`, our server and its PostgreSQL.

mod database;
mod growth;
mod http;
mod in_process;
mod load;
mod operation;
mod people;
mod pocketbase;
mod postgres;
mod process;
mod table;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;

use self::database::Database;
use self::http::Http;
use self::in_process::InProcess;
use self::load::Plan;
use self::operation::Operation;
use self::pocketbase::PocketBase;
use self::postgres::PostgresItself;
use self::table::{Line, Table};
use crate::Arguments;
use crate::marks::Marks;

/// Where peers are installed, from the folder in which cargo builds.
const TOOLS: &str = "target/bench";

/// Where the page has the tables.
const ROWS: Marks = Marks {
    begin: "<!-- written by `cargo xtask bench-context`: begin -->",
    end: "<!-- written by `cargo xtask bench-context`: end -->",
};
const GROWTH: Marks = Marks {
    begin: "<!-- written by `cargo xtask bench-context --growth`: begin -->",
    end: "<!-- written by `cargo xtask bench-context --growth`: end -->",
};

pub(crate) async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let database = Database::of(arguments.database.as_deref())?;
    let own = match (&database, arguments.peers) {
        (Database::Embedded, true) => Some(Database::own()?),
        _ => None,
    };
    let peers = arguments.peers.then(|| own.as_ref().unwrap_or(&database));
    let plan = Plan {
        connections: arguments.connections,
        time: Duration::from_secs(arguments.seconds),
        users: arguments.users,
    };

    let (marks, begun) = (if arguments.largest.is_some() { GROWTH } else { ROWS }, Instant::now());
    if let Some(page) = &arguments.page {
        marks.look_for(page)?;
    }
    let conditions = crate::page::conditions()?;
    let tables = match arguments.largest {
        None => rows(arguments, &database, peers, plan).await?,
        Some(largest) => grown(arguments, &database, peers, Plan { users: largest, ..plan }).await?,
    };
    let (seconds, took) = (arguments.seconds, begun.elapsed().as_secs());
    let text = format!("{conditions} {seconds} s a row, {} connections. {took} s in all.\n{tables}", plan.connections);
    println!("{text}");
    match &arguments.page {
        Some(page) => marks.fill(page, &text),
        None => Ok(()),
    }
}

/// All rows.
async fn rows(
    arguments: &Arguments,
    database: &Database,
    peers: Option<&Database>,
    plan: Plan,
) -> anyhow::Result<String> {
    let mut operations = Operation::ALL.to_vec();
    operations.retain(|row| arguments.only.is_empty() || arguments.only.iter().any(|only| row.id().starts_with(only)));
    ensure!(!operations.is_empty(), "no row is called so: {}", Operation::ALL.map(Operation::id).join(", "));
    let mut http = Http::start(&arguments.server, arguments.framework, database).await?;
    http.grow(plan.users).await?;
    let mut sides = Sides::open(http, database, peers).await?;
    sides.fill(plan.users).await?;
    sides.add_pocketbase(plan.users, arguments.peers).await?;
    let table = sides.rows(&operations, plan, database.name()).await?.text();
    sides.stop().await?;
    Ok(table)
}

/// Memory while the table grows, and what many users change.
async fn grown(
    arguments: &Arguments,
    database: &Database,
    peers: Option<&Database>,
    plan: Plan,
) -> anyhow::Result<String> {
    let mut http = Http::start(&arguments.server, arguments.framework, database).await?;
    let growth = growth::measure(&mut http, plan, plan.users).await?.text();
    let mut sides = Sides::open(http, database, peers).await?;
    sides.fill(plan.users).await?;
    let table = sides.rows(&Operation::OF_MANY, plan, database.name()).await?.text();
    sides.stop().await?;
    Ok(growth + &table)
}

/// Everybody who is measured, side by side.
struct Sides<'d> {
    http: Http<'d>,
    store: InProcess<'d>,
    postgres: Option<PostgresItself<'d>>,
    pocketbase: Option<PocketBase>,
}

impl<'d> Sides<'d> {
    /// A server that has its users, and the others without any.
    async fn open(http: Http<'d>, database: &'d Database, peers: Option<&'d Database>) -> anyhow::Result<Self> {
        let store = InProcess::open(database).await?;
        let postgres = match peers {
            Some(server) => Some(PostgresItself::open(server).await?),
            None => None,
        };
        Ok(Self { http, store, postgres, pocketbase: None })
    }

    async fn fill(&mut self, users: usize) -> anyhow::Result<()> {
        eprintln!("filling the store with {users} users");
        self.store.grow(users).await?;
        if let Some(postgres) = &mut self.postgres {
            eprintln!("filling PostgreSQL");
            postgres.grow(users).await?;
        }
        Ok(())
    }

    async fn add_pocketbase(&mut self, users: usize, wanted: bool) -> anyhow::Result<()> {
        if wanted {
            eprintln!("filling PocketBase");
            let mut pocketbase = PocketBase::start(Path::new(TOOLS)).await?;
            pocketbase.grow(users).await?;
            self.pocketbase = Some(pocketbase);
        }
        Ok(())
    }

    async fn rows(&self, operations: &[Operation], plan: Plan, database: &str) -> anyhow::Result<Table> {
        let mut table = Table::new(plan, database);
        for &operation in operations {
            let http = load::measure(&self.http, operation, plan).await?;
            let store = load::measure(&self.store, operation, plan).await?;
            let postgres = match &self.postgres {
                Some(postgres) => Some(load::measure(postgres, operation, plan).await?),
                None => None,
            };
            let pocketbase = match &self.pocketbase {
                Some(pocketbase) => Some(load::measure(pocketbase, operation, plan).await?),
                None => None,
            };
            table.add(Line { operation, http, store, postgres, pocketbase });
        }
        Ok(table)
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.http.stop().await?;
        match self.pocketbase {
            Some(pocketbase) => pocketbase.stop().await,
            None => Ok(()),
        }
    }
}
