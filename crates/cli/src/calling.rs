//! What commands that ask a server share: a client, somewhere to answer, and what they say when it fails.

use anyhow::{Context, Result};
use clap::Args;
use hereabouts::{Client, Config};

use crate::connection::Connection;
use crate::exit;
use crate::output::{Format, Output};

/// A command with the options of a connection.
#[derive(Args)]
pub(crate) struct Calling<A: Args> {
    #[command(flatten)]
    asked: A,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    format: Format,
}

/// What a command does.
pub(crate) trait Ask {
    /// What the client must be set to beyond the options of a connection.
    fn configure(&self, config: Config) -> Config {
        config
    }

    /// Asks, and answers.
    async fn run(self, client: &Client, output: &mut Output) -> Result<()>;
}

impl<A: Args + Ask> Calling<A> {
    pub(crate) fn run(self) -> Result<()> {
        let Self { asked, connection, format } = self;
        let settings = connection.settings()?;
        let config = asked.configure(connection.config(&settings)?);
        block_on(async {
            let run = async {
                let client = Client::new(config)?;
                asked.run(&client, &mut Output::new(format)).await
            };
            run.await.map_err(|error| match exit::is_of_a_server(&error) {
                true => error.context(settings.origin().to_owned()),
                // What is wrong with the command line has nothing to do with where it was to go.
                false => error,
            })
        })
    }
}

/// Does something on a runtime of its own, to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?.block_on(work)
}
