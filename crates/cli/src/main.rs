//! The `hereabouts` program: one file a family of commands.

mod admin;
mod config;
mod keyset;
mod open_files;
mod serve;

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
    Serve(serve::Arguments),
    /// Print every setting with its default, as a file to start from.
    Config,
    /// Manage the key sets of a server that runs.
    Keyset(keyset::Arguments),
}

impl Command {
    fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Serve(arguments) => serve::run(arguments),
            Self::Config => config::run(),
            Self::Keyset(arguments) => keyset::run(arguments),
        }
    }
}

fn main() -> ExitCode {
    match Arguments::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hereabouts: {error:#}");
            ExitCode::FAILURE
        }
    }
}
