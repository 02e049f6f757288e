//! What the server costs: load generators of our own, over loopback.
//!
//! - `compare` has publish/subscribe and presence beside our limits and our peers, row by row. `cargo xtask bench` installs
//!   the peers and calls it. `context` has app context.
//! - Servers are processes of their own, and their CPU time is read from the kernel: operations per second of server CPU
//!   stay comparable when the generator is the slower side.
//! - Figures are for comparison side by side in one run on one machine. Nothing here passes or fails.

mod client;
mod compare;
mod constant;
mod context;
mod load;
mod marks;
mod micro;
mod page;
mod process;
mod raw;
mod report;
mod results;
mod rows;
mod server;
mod servers;
mod talk;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measures release builds of servers over loopback.
#[derive(Parser)]
#[command(name = "hereabouts-bench")]
struct CommandLine {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Publish/subscribe and presence: us, our limits and our peers in turn, row by row.
    Compare(compare::Compare),
    /// App context.
    Context(Arguments),
    /// The rules alone, in instructions: for a machine that has no quiet moment.
    Micro(micro::Micro),
    /// The limit: an epoll loop that parses heads, parks polls and writes replies, and nothing else.
    Raw {
        /// The address and port to listen on.
        address: SocketAddr,
    },
    /// axum, answering every request with a constant.
    Constant {
        /// The address and port to listen on.
        address: SocketAddr,
    },
}

/// What app context is measured with.
#[derive(Args)]
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
    /// How many users there are.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// Where our server keeps app context: `postgres` starts one, `postgres://…/database` names one whose user may make
    /// databases. [default: SQLite in its folder]
    #[arg(long, value_name = "ADDRESS")]
    database: Option<String>,
    /// Ask PostgreSQL itself and PocketBase as well.
    #[arg(long)]
    peers: bool,
    /// Let app context grow to so many users, tenfold from 10,000, look at its memory, and measure it there, instead.
    #[arg(long, value_name = "USERS")]
    largest: Option<usize>,
    /// Only rows whose names begin with this, as `get` or `list-team`; again for more.
    #[arg(long, value_name = "ROW", conflicts_with = "largest")]
    only: Vec<String>,
    /// The page that gets the tables, between its marks.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    match CommandLine::parse().command {
        Task::Compare(arguments) => compare::run(&arguments),
        Task::Context(arguments) => context(&arguments),
        Task::Micro(arguments) => micro::run(&arguments),
        Task::Raw { address } => raw::listen(address),
        Task::Constant { address } => constant::serve(address),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn context(arguments: &Arguments) -> anyhow::Result<()> {
    context::measure(arguments).await
}
