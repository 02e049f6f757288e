//! `hereabouts serve`: read the configuration, start, serve until told to stop.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use node::SystemClock;
use server::config::{Config, Flags, Log};
use server::{Reload, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::connection::without_our_variables;
use crate::open_files;

/// What a server may be told on the command line. Everything else is in the file or the environment.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to listen. Port 0 takes a free one. [default: 127.0.0.1:7700]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where data is kept. Created if it is not there. [default: ./data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// A PostgreSQL to keep records in, postgres://user:password@host/database. [default: SQLite in the data folder]
    #[arg(long, value_name = "ADDRESS")]
    database: Option<String>,
    /// The certificate to speak TLS with, and those that vouch for it, as PEM. Read again at SIGHUP. [default: no TLS]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// The private key of the certificate, as PEM.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// A file of settings; `hereabouts config` prints one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { listen, data, database, tls_cert, tls_key, config } = arguments;
    let flags = Flags { config, listen, data, database, tls_cert, tls_key };
    let config = server::config::load(flags, without_our_variables(std::env::vars_os()))?;
    log_to_stderr(config.log);
    open_files::allow(config.edge.connections_max);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let hangups = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    let server = Server::start(config, Arc::new(SystemClock::default())).await?;
    let url = server.url();
    let reload = tokio::spawn(reload_at_each(hangups, server.reload()));
    if server.is_open_to_everyone() {
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
    reload.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Reads the certificate again at each hangup.
async fn reload_at_each(mut hangups: Signal, reload: Reload) {
    while hangups.recv().await.is_some() {
        reload.now().await;
    }
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
