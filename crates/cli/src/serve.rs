//! `hereabouts serve`: read the configuration, start, serve until told to stop.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use node::SystemClock;
use server::Server;
use server::config::{Config, Flags, Log};
use tokio::signal::unix::{SignalKind, signal};

use crate::ServeArguments;

pub(crate) fn serve(arguments: ServeArguments) -> anyhow::Result<()> {
    let ServeArguments { listen, data, config } = arguments;
    let config = server::config::load(Flags { config, listen, data }, std::env::vars_os())?;
    log_to_stderr(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(run(config))
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let builtin_keyset = config.builtin_keyset;
    let server = Server::start(config, Arc::new(SystemClock)).await?;
    let url = format!("http://{}", server.address());
    if builtin_keyset {
        tracing::warn!(
            "no key set is configured: subscribe key demo and publish key demo are open to everyone who reaches {url}; \
             try: curl '{url}/v2/presence/sub-key/demo'"
        );
    }
    // Whoever started us may not listen any more; that is no reason to stop.
    let _ = writeln!(io::stdout(), "listening on {url}").and_then(|()| io::stdout().flush());
    server
        .run(async {
            let signal = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal, "stopping");
        })
        .await;
    tracing::info!("stopped");
    Ok(())
}

fn log_to_stderr(log: Log) {
    let lines = tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(log.level);
    if log.format.is_json(&io::stderr()) { lines.json().init() } else { lines.init() }
}
