//! What the server costs: a load generator of our own, over loopback.
//!
//! - It drives a release build of the program as a process of its own, and reads that process's CPU time from the
//!   kernel: operations per second of server CPU stay comparable when the generator is the slower side.
//! - Figures are for comparison side by side in one run on one machine. Nothing here passes or fails.

mod calls;
mod client;
mod context;
mod fanout;
mod report;
mod server;

use std::path::PathBuf;

use clap::Parser;

use report::Report;
use server::Server;

/// Measures a release build of the server over loopback.
#[derive(Parser)]
#[command(name = "hereabouts-bench")]
struct Arguments {
    /// The program to measure.
    #[arg(long, default_value = "target/release/hereabouts")]
    server: PathBuf,
    /// Send every connection to the framework instead of the lean loop.
    #[arg(long)]
    framework: bool,
    /// Connections that ask at a time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds for each row.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Parked polls in the fan-out rows.
    #[arg(long, default_value_t = 1000)]
    polls: usize,
    /// Users in the rows of app context.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// Where our server keeps app context: `postgres` starts one, `postgres://…/database` names one whose user may make
    /// databases. [default: SQLite in its folder]
    #[arg(long, value_name = "ADDRESS")]
    database: Option<String>,
    /// Ask PostgreSQL itself and PocketBase for the rows of app context as well.
    #[arg(long)]
    peers: bool,
    /// Let app context grow to so many users, tenfold from 10,000, and measure it there again.
    #[arg(long, value_name = "USERS")]
    largest: Option<usize>,
    /// Only these rows.
    #[arg(long, value_enum)]
    only: Option<Rows>,
}

/// Which rows to measure.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Rows {
    /// Calls that are answered at once.
    Calls,
    /// One message to many polls.
    Fanout,
    /// Users and memberships.
    Context,
}

impl Arguments {
    fn wants(&self, rows: Rows) -> bool {
        self.only.is_none_or(|only| only == rows)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.wants(Rows::Calls) || arguments.wants(Rows::Fanout) {
        calls_and_fanout(&arguments).await?;
    }
    if arguments.wants(Rows::Context) {
        context::measure(&arguments).await?;
    }
    Ok(())
}

async fn calls_and_fanout(arguments: &Arguments) -> anyhow::Result<()> {
    let server = Server::start(&arguments.server, arguments.framework, None).await?;
    let mut report = Report::default();
    if arguments.wants(Rows::Calls) {
        calls::measure(&server, arguments, &mut report).await?;
    }
    if arguments.wants(Rows::Fanout) {
        fanout::measure(&server, arguments, &mut report).await?;
    }
    report.print();
    server.stop().await
}
