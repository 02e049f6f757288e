//! `hereabouts serve`: read the configuration, start, serve until told to stop.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use node::SystemClock;
use server::Server;
use server::config::{Config, Flags, Log};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::ServeArguments;

pub(crate) fn serve(arguments: ServeArguments) -> anyhow::Result<()> {
    let ServeArguments { listen, data, database, config } = arguments;
    let config = server::config::load(Flags { config, listen, data, database }, std::env::vars_os())?;
    log_to_stderr(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(run(config))
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let builtin_keyset = config.builtin_keyset;
    let server = Server::start(config, Arc::new(SystemClock::default())).await?;
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
    // What the migrations report at every start is nobody's news.
    let wanted = Targets::new().with_default(log.level).with_target("refinery_core", log.level.min(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry();
    if log.format.is_json(&io::stderr()) {
        registry.with(lines.json().with_filter(wanted)).init();
    } else {
        registry.with(lines.with_filter(wanted)).init();
    }
}
