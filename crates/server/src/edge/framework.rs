//! The framework: every request that the lean loop leaves to it, HTTP/2, and the pages for operators.
//!
//! It does not bound by itself what a connection may hold and for how long, so that is done around it: what it reads and
//! writes goes through [`Rewind`], requests and replies are counted in [`Activity`], and large ones against the budget.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request as HttpRequest, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, IF_MATCH, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use node::{Purpose, Reserved};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, timeout};
use tower::ServiceExt;
use wire::route::Method;
use wire::{Limited, Refusal};

use super::activity::{Activity, Look, Sending};
use super::addresses::Guest;
use super::head::accepts_gzip;
use super::reply::Reply;
use super::rewind::{Rewind, Times};
use super::transport::Transport;
use crate::api::{self, Answer, App, Headers, Request, Subscribed};
use crate::metrics::Served;

/// What a connection takes here beside what it took before: buffers, and the state of HTTP/2.
const CONNECTION_BYTES: usize = 20 * 1024;
/// What a request takes here until it is answered.
const REQUEST_BYTES: usize = 4 * 1024;
/// What a client of HTTP/2 may send of one body before we have read it, and of all bodies of a connection.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// What HTTP/2 is given of a reply at once, and may keep of it for a window that does not open: the rest is ours, and counted.
const PIECE_BYTES: usize = 16 * 1024;
/// Requests of HTTP/2 that are taken back before we have seen them, at a time. Browsers take back a few.
const RESETS_PENDING: usize = 20;

/// What a client says first that speaks HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The pages for operators; everything else is the protocol's.
pub(super) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn(counted))
        .route("/health", get(health))
        .layer(middleware::from_fn(noted))
        .fallback(protocol)
        .with_state(app)
}

/// Serves a connection until it closes, or until the server stops and what was begun is done. `before` was read already.
pub(super) async fn serve<S: Transport>(
    app: &Arc<App>,
    router: Router,
    guest: Guest,
    mut room: Reserved,
    mut stream: S,
    mut before: Vec<u8>,
    mut stopping: watch::Receiver<bool>,
) {
    let edge = &app.edge;
    if !room.grow(CONNECTION_BYTES, Purpose::Answers) {
        // It was let in when there was room. What it asks for is answered when it comes again.
        app.metrics.refused(&Refusal::OutOfMemory);
        return;
    }
    let builder = auto::Builder::new(TokioExecutor::new());
    // The builder would find out the version by itself, but wait for ever for a client that does not say.
    let patience = if before.is_empty() { edge.idle } else { edge.head };
    let http_2 = tokio::select! {
        version = timeout(patience, is_http_2(&mut stream, &mut before)) => match version {
            Ok(Ok(http_2)) => http_2,
            // A broken connection is the client's affair.
            Ok(Err(_)) | Err(_) => return,
        },
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    let mut builder = if http_2 { builder.http2_only() } else { builder.http1_only() };
    let activity = Arc::new(Activity::default());
    let times = Times { head: (!http_2).then_some(edge.head), write: edge.write };
    let io = Rewind::new(Arc::clone(app), before, stream, times, Arc::clone(&activity));
    builder.http1().timer(TokioTimer::new()).header_read_timeout(edge.idle).max_buf_size(buffer_bytes(app));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(edge.http2_streams_max)
        .max_pending_accept_reset_streams(Some(RESETS_PENDING))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(PIECE_BYTES)
        .max_header_list_size(u32::try_from(edge.request_target_bytes + edge.head_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(edge.idle));
    let caller = Caller { app: Arc::clone(app), guest: Arc::new(guest), activity: Arc::clone(&activity), http_2 };
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(caller.clone());
        router.clone().oneshot(request)
    });
    let connection = builder.serve_connection(TokioIo::new(io), service);
    let mut connection = std::pin::pin!(connection);
    let mut told = false;
    let mut idle = Watch::every(edge.idle / 2, &activity);
    let mut write = Watch::every(edge.write, &activity);
    loop {
        tokio::select! {
            // A broken connection is the client's affair.
            _ = connection.as_mut() => return,
            _ = stopping.wait_for(|stopping| *stopping), if !told => {
                connection.as_mut().graceful_shutdown();
                told = true;
            }
            // HTTP/1.1 has its times in what it reads and writes.
            (before, now) = idle.next(), if http_2 => match now.rested_since(before) {
                true if told => return,
                true => {
                    connection.as_mut().graceful_shutdown();
                    told = true;
                }
                false => {}
            },
            (before, now) = write.next(), if http_2 => if now.stalled_since(before) {
                return;
            },
        }
    }
}

/// How often it is asked whether the client of a parked poll is still there. The framework sees the end of a connection by itself
/// only when there is nothing before it to read.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at what a connection has done, at intervals.
struct Watch<'a> {
    activity: &'a Activity,
    interval: Interval,
    before: Look,
}

impl<'a> Watch<'a> {
    fn every(period: Duration, activity: &'a Activity) -> Self {
        let mut interval = interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { activity, interval, before: activity.look() }
    }

    async fn next(&mut self) -> (Look, Look) {
        self.interval.tick().await;
        let now = self.activity.look();
        (std::mem::replace(&mut self.before, now), now)
    }
}

/// From whom a request comes, and on what.
#[derive(Clone)]
struct Caller {
    app: Arc<App>,
    guest: Arc<Guest>,
    activity: Arc<Activity>,
    http_2: bool,
}

impl Caller {
    /// Whether another request may be answered.
    fn is_admitted(&self, headers: &HeaderMap) -> bool {
        let lines = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let client = if self.guest.speaks_for_others() { self.guest.client(lines) } else { None };
        self.guest.admits(client, || self.app.node.steady())
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

/// Notes that a page for operators is asked for, as [`protocol`] does of everything else.
async fn noted(Extension(caller): Extension<Caller>, request: HttpRequest, next: Next) -> Response {
    let _under_way = caller.activity.begin();
    next.run(request).await
}

/// Refuses what comes faster than it may. Whether the server is alive is always told.
async fn counted(Extension(caller): Extension<Caller>, request: HttpRequest, next: Next) -> Response {
    if caller.is_admitted(request.headers()) {
        return next.run(request).await;
    }
    api::refuse(&caller.app, &Refusal::TooManyRequests(Limited::Address)).into_response()
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

async fn protocol(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>, request: HttpRequest) -> Response {
    let served = Served::begin(&app.metrics, std::time::Instant::now());
    let under_way = caller.activity.begin();
    let mut room = app.node.memory().hold(REQUEST_BYTES);
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let method = Method::of(parts.method.as_str());
    let mut close = false;
    let (operation, reply, waited) = match whole(&app, &mut room, target, &parts.headers, body).await {
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
            let admitted = caller.is_admitted(&parts.headers);
            let asked = Request { method, target, body: &body, headers, admitted };
            let (operation, answer) = api::answer(&app, &asked);
            match answer {
                Answer::Now(reply) => (operation, reply, false),
                Answer::Soon(reply) => (operation, reply.await, false),
                Answer::Later(poll) => {
                    // What is read of a request is not needed while it waits.
                    drop(body);
                    room = app.node.memory().hold(REQUEST_BYTES);
                    (operation, held(&caller, poll).await, true)
                }
            }
        }
    };
    let gzip = parts.headers.get_all(ACCEPT_ENCODING).iter().any(|value| accepts_gzip(value.as_bytes()));
    let reply = reply.compressed(gzip, app.edge.gzip_bytes);
    served.end(operation, reply.status, waited);
    let piece = if caller.http_2 { PIECE_BYTES } else { usize::MAX };
    let mut response = reply.into_response_by(|body| {
        if body.len() <= PIECE_BYTES {
            return Body::from(body);
        }
        let mut room = room;
        room.hold(body.len());
        Body::new(Sending::new(body, piece, room, under_way))
    });
    if close {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The reply of a poll, however long it is held.
async fn held(caller: &Caller, mut poll: Subscribed) -> Reply {
    let app = &*caller.app;
    let parked = (!caller.http_2).then(|| caller.activity.park());
    let mut end = std::pin::pin!(sleep(app.edge.poll_hold));
    let mut look = interval_at(Instant::now() + LOOK, LOOK);
    poll_fn(|context| {
        if end.as_mut().poll(context).is_ready() {
            poll.expire();
        }
        // Whoever wakes this wakes the whole connection, which then flushes, and finds that its client is gone.
        while parked.is_some() && look.poll_tick(context).is_ready() {}
        poll.poll(app, context)
    })
    .await
}

/// The body, if it, the target and the head are within their limits: what is too long is refused before anything else.
async fn whole(
    app: &App,
    room: &mut Reserved,
    target: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Refusal> {
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
    timeout(app.edge.head, collected(body, most, room)).await.unwrap_or(Err(Refusal::TooSlow))
}

/// A body of at most so many bytes, for which there is room.
async fn collected(mut body: Body, most: usize, room: &mut Reserved) -> Result<Bytes, Refusal> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        // Chunks that are none, or fewer bytes than announced.
        let frame = frame.map_err(|_| Refusal::Malformed)?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(Refusal::BodyTooLarge);
        }
        if !room.grow(data.len(), Purpose::NewWork) {
            return Err(Refusal::OutOfMemory);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}
