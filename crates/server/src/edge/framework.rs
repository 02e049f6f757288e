//! The framework: every request that the lean loop leaves to it, HTTP/2, and the pages for operators.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, IF_MATCH, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body_util::LengthLimitError;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use wire::Refusal;
use wire::route::Method;

use super::lean::accepts_gzip;
use super::reply::Reply;
use super::rewind::Rewind;
use super::transport::Transport;
use crate::api::{self, Answer, App, Headers, Request, Subscribed};
use crate::metrics::Served;

/// Streams of one HTTP/2 connection at a time. Each may be a parked poll.
const STREAMS: u32 = 250;

/// What a client says first that speaks HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The pages for operators; everything else is the protocol's.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(protocol)
        .with_state(app)
}

/// Serves a connection until it closes, or until the server stops and what was begun is done. `before` was read already.
pub(super) async fn serve<S: Transport>(
    app: &Arc<App>,
    router: Router,
    mut stream: S,
    mut before: Vec<u8>,
    mut stopping: watch::Receiver<bool>,
) {
    let edge = &app.edge;
    let builder = auto::Builder::new(TokioExecutor::new());
    // The builder would find out the version by itself, but wait for ever for a client that does not say.
    let mut builder = tokio::select! {
        version = timeout(edge.idle, is_http_2(&mut stream, &mut before)) => match version {
            Ok(Ok(true)) => builder.http2_only(),
            Ok(Ok(false)) => builder.http1_only(),
            // A broken connection is the client's affair.
            Ok(Err(_)) | Err(_) => return,
        },
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    let io = Rewind::new(before, stream, edge.write);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(edge.idle).max_buf_size(buffer_bytes(app));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(edge.request_target_bytes + edge.head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(edge.idle));
    let connection = builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let mut told = false;
    loop {
        tokio::select! {
            // A broken connection is the client's affair.
            _ = connection.as_mut() => return,
            _ = stopping.wait_for(|stopping| *stopping), if !told => {
                connection.as_mut().graceful_shutdown();
                told = true;
            }
        }
    }
}

/// Whether a connection begins as HTTP/2 does, as far as must be read to tell.
async fn is_http_2<S: Transport>(stream: &mut S, before: &mut Vec<u8>) -> io::Result<bool> {
    while before.len() < PREFACE.len() && PREFACE.starts_with(before) {
        if stream.read_buf(before).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(before.starts_with(PREFACE))
}

/// Room for the longest head that is not refused, and then some: the refusal should be ours.
fn buffer_bytes(app: &App) -> usize {
    2 * (app.edge.request_target_bytes + app.edge.head_bytes)
}

async fn health() -> &'static str {
    "alive\n"
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.node.check().await {
        Ok(()) if !app.metrics.is_draining() => "ready\n".into_response(),
        Ok(()) => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let headers = [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (headers, app.metrics.encode(&app.node)).into_response()
}

async fn protocol(State(app): State<Arc<App>>, request: HttpRequest) -> Response {
    let served = Served::begin(&app.metrics);
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let method = Method::of(parts.method.as_str());
    let mut close = false;
    let (operation, reply, waited) = match whole(&app, target, &parts.headers, body).await {
        Err(refusal) => {
            // Whoever sends too much would have to be read to its end first.
            close = parts.version < Version::HTTP_2;
            (api::NO_ROUTE, api::refuse(&app, &refusal), false)
        }
        Ok(body) => {
            let header = |name: HeaderName| parts.headers.get(name).map(HeaderValue::as_bytes);
            let headers = Headers {
                content_type: header(CONTENT_TYPE),
                content_encoding: header(CONTENT_ENCODING),
                if_match: header(IF_MATCH),
                if_none_match: header(IF_NONE_MATCH),
            };
            let asked = Request { method, target, body: &body, headers };
            let (operation, answer) = api::answer(&app, &asked);
            match answer {
                Answer::Now(reply) => (operation, reply, false),
                Answer::Soon(reply) => (operation, reply.await, false),
                Answer::Later(poll) => (operation, held(&app, poll).await, true),
            }
        }
    };
    let gzip = parts.headers.get_all(ACCEPT_ENCODING).iter().any(|value| accepts_gzip(value.as_bytes()));
    let reply = reply.compressed(gzip, app.edge.gzip_bytes);
    served.end(operation, reply.status, waited);
    let mut response = reply.into_response();
    if close {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The reply of a poll, however long it is held.
async fn held(app: &App, mut poll: Subscribed) -> Reply {
    let mut end = std::pin::pin!(sleep(app.edge.poll_hold));
    poll_fn(|context| {
        if end.as_mut().poll(context).is_ready() {
            poll.expire();
        }
        poll.poll(app, context)
    })
    .await
}

/// The body, if it, the target and the head are within their limits: what is too long is refused before anything else.
async fn whole(app: &App, target: &str, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Refusal> {
    if target.len() > app.edge.request_target_bytes {
        return Err(Refusal::UriTooLong);
    }
    let headers_bytes = headers.iter().map(|(name, value)| name.as_str().len() + ": \r\n".len() + value.len());
    if target.len() + headers_bytes.sum::<usize>() > app.edge.head_bytes {
        return Err(Refusal::HeadTooLarge);
    }
    let most = app.edge.body_bytes;
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > most as u64) {
        return Err(Refusal::BodyTooLarge);
    }
    match tokio::time::timeout(app.edge.head, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => Err(Refusal::BodyTooLarge),
        // Chunks that are none, or fewer bytes than announced.
        Ok(Err(_)) => Err(Refusal::Malformed),
        Err(_) => Err(Refusal::TooSlow),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>)
}
