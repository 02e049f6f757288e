//! axum, answering every request with a constant: what the framework alone costs.

use std::net::SocketAddr;

use axum::Router;
use axum::http::header::CONTENT_TYPE;

/// As long as the answer to a heartbeat.
const BODY: &str = r#"{"status":200,"message":"OK","service":"Presence"}"#;

/// Serves until the process is ended.
pub(crate) fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        println!("listening on {}", listener.local_addr()?);
        let routes = Router::new().fallback(|| async { ([(CONTENT_TYPE, "application/json")], BODY) });
        Ok(axum::serve(listener, routes).await?)
    })
}
