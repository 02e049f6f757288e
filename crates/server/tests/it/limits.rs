//! Limits, on both sides of the border. Those of sizes are in `conformance/borders.rs`, those of times in `slow.rs`.

mod addresses;
mod channels;
mod http2;
mod memory;
mod rates;

use testkit::{Edge, TestServer};

/// How often a limit has refused something.
async fn refused(server: &TestServer, limit: &str) -> f64 {
    let text = server.get("/metrics").await.text();
    let line = format!(r#"hereabouts_refused_total{{limit="{limit}"}} "#);
    text.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or_default()
}

async fn start(edge: Edge, settings: &str) -> TestServer {
    TestServer::builder().edge(edge).settings(settings).start().await
}
