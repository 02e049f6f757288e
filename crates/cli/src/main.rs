//! The `hereabouts` program.

mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Who is here, and who are they? A server that answers both, in real time.
#[derive(Parser)]
#[command(name = "hereabouts", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(ServeArguments),
    /// Print every setting with its default, as a file to start from.
    Config,
}

/// What a server may be told on the command line. Everything else is in the file or the environment.
#[derive(clap::Args)]
struct ServeArguments {
    /// Where to listen. Port 0 takes a free one. [default: 127.0.0.1:7700]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where data is kept. Created if it is not there. [default: ./data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// A PostgreSQL to keep records in, postgres://user:password@host/database. [default: SQLite in the data folder]
    #[arg(long, value_name = "ADDRESS")]
    database: Option<String>,
    /// A file of settings; `hereabouts config` prints one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve::serve(arguments),
        Command::Config => {
            print!("{}", server::config::DEFAULTS);
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hereabouts: {error:#}");
            ExitCode::FAILURE
        }
    }
}
