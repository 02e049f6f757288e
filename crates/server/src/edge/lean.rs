//! The hot path: HTTP/1.1 with as little between the socket and the answer as can be.
//!
//! - It serves what is whole and plain: a known route by GET or DELETE, or by POST or PATCH with a length. Everything
//!   else, HTTP/2 included, goes to the framework, which serves the same routes as well.
//! - A connection that waits, for a request or in a poll, owns no buffer.
//! - One request at a time: what a client sends ahead waits, up to a limit, in its turn.
//! - What a connection holds while it waits counts against the budget of memory: bytes that are not a whole request yet,
//!   and a reply that the client does not take.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use node::{Purpose, Reserved};
use tokio::io::{AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, timeout, timeout_at};
use wire::Refusal;
use wire::route::{Method, Route};
use wire::target::Target;

use super::addresses::Guest;
use super::patience::Patience;
use super::reply::Reply;
use super::transport::Transport;
use crate::api::{self, Answer, App, Headers, Pending, Request, Subscribed};
use crate::metrics::Served;

/// Headers in a request. Clients send about ten.
const MAX_HEADERS: usize = 64;
/// Read at once. Nearly every request fits.
const READ_BYTES: usize = 16 * 1024;
/// How often it is looked whether a client is gone whose bytes are no longer read.
const LOOK: Duration = Duration::from_secs(1);
/// How long a client that was refused may go on sending before the connection is cut: closing at once would destroy
/// the refusal on its way.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is read and thrown away.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// What becomes of a connection after the lean loop.
pub(super) enum After<S> {
    /// It is closed.
    Closed,
    /// The framework goes on, with these bytes first.
    HandOver(S, Vec<u8>, Reserved),
}

/// Serves a connection until it closes or is handed over.
pub(super) async fn serve<S: Transport>(app: &Arc<App>, guest: &Guest, room: Reserved, stream: S) -> After<S> {
    let now = Instant::now();
    let patience = Patience::new(now + app.edge.idle);
    let own = room.bytes();
    let mut connection = Connection { app, guest, room, own, stream, ahead: Vec::new(), patience, look: None, now };
    loop {
        match connection.next().await {
            Ok(Next::Served) => {}
            Ok(Next::HandOver) => return After::HandOver(connection.stream, connection.ahead, connection.room),
            // A broken connection is the client's affair.
            Ok(Next::Close) | Err(_) => return After::Closed,
        }
    }
}

struct Connection<'a, S> {
    app: &'a Arc<App>,
    guest: &'a Guest,
    /// What was reserved for it: its own, and what it holds while it waits.
    room: Reserved,
    own: usize,
    stream: S,
    /// Bytes read and not yet used. Empty, and without memory, while the connection waits.
    ahead: Vec<u8>,
    patience: Patience,
    /// When to look again whether the client is gone, where what it sends is no longer read.
    look: Option<Pin<Box<Sleep>>>,
    /// When the task began its turn. A clock takes longer to read than a small request to parse, so all that a turn does
    /// takes place at the same time.
    now: Instant,
}

enum Next {
    Served,
    HandOver,
    Close,
}

/// What the bytes read so far amount to.
enum Head {
    /// The head is not whole.
    Partial,
    /// The head is whole and the body not yet: it ends after this many bytes.
    Body(usize),
    /// The framework should look at it.
    Foreign,
    Refused(Refusal),
    Whole(Whole),
}

/// A request that is whole, head and body.
struct Whole {
    method: Method,
    target: Range<usize>,
    body: Range<usize>,
    gzip: bool,
    close: bool,
    headers: Headers<Range<usize>>,
    /// The client that a proxy speaks for.
    client: Option<IpAddr>,
}

impl<S: Transport> Connection<'_, S> {
    async fn next(&mut self) -> io::Result<Next> {
        let mut read_until: Option<Instant> = None;
        let mut needed = 1;
        let mut seen = 0;
        loop {
            // A head ends with a line: without a new one, or with too little of a body, there is nothing to parse. So
            // a client that sends byte by byte costs no more than its lines.
            if self.ahead.len() >= needed && (needed > 1 || self.ahead[seen..].contains(&b'\n')) {
                match self.parse() {
                    Head::Whole(request) => return self.serve(request).await,
                    Head::Foreign => return Ok(Next::HandOver),
                    Head::Refused(refusal) => return Box::pin(self.refuse(&refusal)).await,
                    Head::Partial => {}
                    Head::Body(end) => {
                        needed = end;
                        read_until = None;
                    }
                }
            }
            if let (1, Some(refusal)) = (needed, self.too_long()) {
                return Box::pin(self.refuse(&refusal)).await;
            }
            seen = self.ahead.len();
            let purpose = if needed > 1 { Purpose::NewWork } else { Purpose::Answers };
            if seen > 0 && !self.make_room(seen.max(needed), purpose) {
                return Box::pin(self.refuse(&Refusal::OutOfMemory)).await;
            }
            let edge = &self.app.edge;
            let wait = match (self.ahead.is_empty(), read_until) {
                (true, _) => self.now + edge.idle,
                (false, Some(until)) => until,
                (false, None) => *read_until.insert(self.now + edge.head),
            };
            match self.read_until(wait).await? {
                Some(0) => return Ok(Next::Close),
                Some(_) => {}
                None if self.ahead.is_empty() => return Ok(Next::Close),
                None => return Box::pin(self.refuse(&Refusal::TooSlow)).await,
            }
        }
    }

    fn parse(&self) -> Head {
        let edge = &self.app.edge;
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let head_bytes = match parsed.parse(&self.ahead) {
            Ok(httparse::Status::Complete(bytes)) => bytes,
            Ok(httparse::Status::Partial) => return Head::Partial,
            // The framework has room for a few more headers, and it speaks HTTP/2, which begins like a request.
            Err(httparse::Error::TooManyHeaders) => return Head::Foreign,
            Err(_) if self.ahead.starts_with(b"PRI * HTTP/2.0\r\n") => return Head::Foreign,
            Err(_) => return Head::Refused(Refusal::Malformed),
        };
        let (Some(method), Some(path), Some(1)) = (parsed.method, parsed.path, parsed.version) else {
            return Head::Foreign;
        };
        let method = match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            _ => return Head::Foreign,
        };
        let Some(path) = without_host(path) else { return Head::Foreign };
        if path.len() > edge.request_target_bytes {
            return Head::Refused(Refusal::UriTooLong);
        }
        if head_bytes > edge.head_bytes {
            return Head::Refused(Refusal::HeadTooLarge);
        }
        let plain = match Plain::of(parsed.headers) {
            Ok(Some(plain)) => plain,
            Ok(None) => return Head::Foreign,
            Err(refusal) => return Head::Refused(refusal),
        };
        let bodiless = matches!(method, Method::Get | Method::Delete);
        if bodiless && plain.length > 0 || Route::of(method, &Target::new(path)).is_err() {
            return Head::Foreign;
        }
        if plain.length > edge.body_bytes {
            return Head::Refused(Refusal::BodyTooLarge);
        }
        let body = head_bytes..head_bytes + plain.length;
        if self.ahead.len() < body.end {
            return Head::Body(body.end);
        }
        let place = |bytes: &[u8]| {
            let start = bytes.as_ptr() as usize - self.ahead.as_ptr() as usize;
            start..start + bytes.len()
        };
        let (target, headers) = (place(path.as_bytes()), plain.headers.map(|value| place(value)));
        let lines = || parsed.headers.iter().map(|header| (header.name, header.value));
        let client = if self.guest.speaks_for_others() { self.guest.client(lines()) } else { None };
        Head::Whole(Whole { method, target, body, gzip: plain.gzip, close: plain.close, headers, client })
    }

    /// Whether a head that is not whole is too long already.
    fn too_long(&self) -> Option<Refusal> {
        let edge = &self.app.edge;
        let line_max = edge.request_target_bytes + METHOD_BYTES;
        if self.ahead.get(..line_max).is_some_and(|start| !start.contains(&b'\n')) {
            return Some(Refusal::UriTooLong);
        }
        (self.ahead.len() > edge.head_bytes).then_some(Refusal::HeadTooLarge)
    }

    async fn serve(&mut self, request: Whole) -> io::Result<Next> {
        let app = self.app;
        self.now = Instant::now();
        let served = Served::begin(&app.metrics, self.now.into_std());
        let Whole { gzip, close, .. } = request;
        let (operation, answer) = self.answer(&request);
        let waited = matches!(answer, Answer::Later(_));
        let reply = match answer {
            Answer::Now(reply) => Some(reply),
            Answer::Soon(reply) => {
                let reply = self.attend(reply).await?;
                self.now = Instant::now();
                reply
            }
            Answer::Later(poll) => self.hold(poll).await?,
        };
        let Some(reply) = reply else { return Ok(Next::Close) };
        let close = close || app.metrics.is_draining();
        let reply = reply.compressed(gzip, app.edge.gzip_bytes);
        let status = reply.status;
        let rest = self.send(&reply, close)?;
        drop(reply);
        if !rest.is_empty() || !self.stream.is_flushed() {
            Box::pin(self.send_rest(&rest)).await?;
            self.now = Instant::now();
        }
        served.end(operation, status, waited);
        if close { Box::pin(self.linger()).await } else { Ok(Next::Served) }
    }

    fn answer(&mut self, request: &Whole) -> (&'static str, Answer) {
        // `parse` found it to be text, and everything up to the body's end to be there.
        let target = std::str::from_utf8(&self.ahead[request.target.clone()]).unwrap_or_default();
        let read = |place: &Range<usize>| &self.ahead[place.clone()];
        let headers = request.headers.map(read);
        let admitted = self.guest.admits(request.client, || self.app.node.steady());
        let asked = Request { method: request.method, target, body: read(&request.body), headers, admitted };
        let answered = api::answer(self.app, &asked);
        self.consume(request.body.end);
        answered
    }

    /// Waits for a reply, and watches that the client is still there. None when it is not.
    async fn attend(&mut self, mut reply: Pending) -> io::Result<Option<Reply>> {
        poll_fn(|context| match reply.as_mut().poll(context) {
            Poll::Ready(reply) => Poll::Ready(Ok(Some(reply))),
            Poll::Pending => self.poll_gone(context).map(|gone| gone.map(|()| None)),
        })
        .await
    }

    /// The same for a poll, as long as it is held.
    async fn hold(&mut self, mut poll: Subscribed) -> io::Result<Option<Reply>> {
        self.patience.extend(self.now + self.app.edge.poll_hold);
        let mut first = true;
        poll_fn(|context| {
            self.begin_turn(&mut first);
            if self.patience.poll_expired(self.now, context).is_ready() {
                poll.expire();
            }
            match poll.poll(self.app, context) {
                Poll::Ready(reply) => Poll::Ready(Ok(Some(reply))),
                Poll::Pending => self.poll_gone(context).map(|gone| gone.map(|()| None)),
            }
        })
        .await
    }

    /// Ready when the client is gone. What it sends ahead is kept for its turn; beyond the limit it stays in the kernel, and
    /// then it is asked from time to time whether the client is still there: nobody is woken while there is more to read.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.ahead.len() < READ_BYTES {
            if ready!(self.poll_read(context))? == 0 || !self.make_room(self.ahead.len(), Purpose::Answers) {
                return Poll::Ready(Ok(()));
            }
        }
        while !self.stream.is_closed() {
            ready!(self.look.get_or_insert_with(|| Box::pin(sleep(LOOK))).as_mut().poll(context));
            self.look = None;
        }
        Poll::Ready(Ok(()))
    }

    async fn refuse(&mut self, refusal: &Refusal) -> io::Result<Next> {
        let served = Served::begin(&self.app.metrics, self.now.into_std());
        let reply = api::refuse(self.app, refusal);
        self.ahead = Vec::new();
        let rest = self.send(&reply, true)?;
        self.send_rest(&rest).await?;
        served.end(api::NO_ROUTE, reply.status, false);
        self.linger().await
    }

    /// Sends a reply. Answers with what was not taken at once.
    fn send(&mut self, reply: &Reply, close: bool) -> io::Result<Vec<u8>> {
        SCRATCH.with_borrow_mut(|out| {
            out.clear();
            reply.write(out, self.app.node.recent(), close);
            let sent = self.stream.write_now(out)?;
            let rest = out[sent..].to_vec();
            // One large reply must not stay in memory for every later small one.
            if out.capacity() > SCRATCH_BYTES {
                *out = Vec::new();
            }
            Ok(rest)
        })
    }

    /// Sends what was not taken at once, as long as the client reads at all.
    async fn send_rest(&mut self, mut rest: &[u8]) -> io::Result<()> {
        if !self.make_room(self.ahead.len() + rest.len(), Purpose::Answers) {
            self.app.metrics.refused(&Refusal::OutOfMemory);
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let patience = self.app.edge.write;
        while !rest.is_empty() {
            let sent = timeout(patience, self.stream.write(rest)).await??;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[sent..];
        }
        timeout(patience, self.stream.flush()).await?
    }

    /// Ends our side, and lets the client end its own.
    async fn linger(&mut self) -> io::Result<Next> {
        let until = Instant::now() + LINGER;
        timeout_at(until, self.stream.shutdown()).await??;
        let mut left = LINGER_BYTES;
        while left > 0 {
            self.ahead.clear();
            match self.read_until(until).await {
                Ok(Some(count)) if count > 0 => left = left.saturating_sub(count),
                _ => break,
            }
        }
        Ok(Next::Close)
    }

    /// Reads more. None when nothing came in time.
    async fn read_until(&mut self, until: Instant) -> io::Result<Option<usize>> {
        self.patience.extend(until);
        let mut first = true;
        poll_fn(|context| {
            self.begin_turn(&mut first);
            match self.poll_read(context) {
                Poll::Ready(outcome) => Poll::Ready(outcome.map(Some)),
                Poll::Pending => self.patience.poll_expired(self.now, context).map(|()| Ok(None)),
            }
        })
        .await
    }

    /// Whoever waits and is asked for the first time does so within a turn; later it was woken for a new one.
    fn begin_turn(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.now = Instant::now();
        }
    }

    /// Reads into the stack first, so that waiting needs no buffer. By way of `poll_read` and not `try_read`: it knows
    /// that a short read emptied the socket, and saves the system call that would say so.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        self.ahead.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn consume(&mut self, count: usize) {
        if count == self.ahead.len() {
            self.ahead = Vec::new();
        } else {
            self.ahead.drain(..count);
        }
        self.free_room(self.ahead.len());
    }

    /// Reserves what the connection holds while it waits, as so many bytes beside its own. False when there is no room.
    fn make_room(&mut self, bytes: usize, purpose: Purpose) -> bool {
        let missing = (self.own + bytes).saturating_sub(self.room.bytes());
        missing == 0 || self.room.grow(missing, purpose)
    }

    /// Gives back what is more than so many bytes.
    fn free_room(&mut self, bytes: usize) {
        let more = self.room.bytes().saturating_sub(self.own + bytes);
        if more > 0 {
            self.room.shrink(more);
        }
    }
}

/// The longest method and what stands around a target in a request line.
const METHOD_BYTES: usize = 32;
/// What a thread keeps to write replies into.
const SCRATCH_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The headers of a request without specialities.
struct Plain<'h> {
    headers: Headers<&'h [u8]>,
    length: usize,
    gzip: bool,
    close: bool,
}

impl<'h> Plain<'h> {
    /// None for a request that the framework should read.
    fn of(headers: &[httparse::Header<'h>]) -> Result<Option<Self>, Refusal> {
        let mut plain = Self { headers: Headers::default(), length: 0, gzip: false, close: false };
        let mut length = None;
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                // Said twice, it must be the same.
                if length.replace(header.value).is_some_and(|before| before != header.value) {
                    return Err(Refusal::Malformed);
                }
                let text = std::str::from_utf8(header.value).ok();
                let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                plain.length = digits.and_then(|text| text.parse().ok()).ok_or(Refusal::Malformed)?;
            } else if is("content-encoding") {
                plain.headers.content_encoding.get_or_insert(header.value);
            } else if is("accept-encoding") {
                plain.gzip |= accepts_gzip(header.value);
            } else if is("connection") {
                match header.value {
                    value if value.eq_ignore_ascii_case(b"keep-alive") => {}
                    value if value.eq_ignore_ascii_case(b"close") => plain.close = true,
                    _ => return Ok(None),
                }
            } else if is("content-type") {
                plain.headers.content_type.get_or_insert(header.value);
            } else if is("if-match") {
                plain.headers.if_match.get_or_insert(header.value);
            } else if is("if-none-match") {
                plain.headers.if_none_match.get_or_insert(header.value);
            } else if is("transfer-encoding") || is("expect") || is("upgrade") {
                return Ok(None);
            }
        }
        Ok(Some(plain))
    }
}

/// The path and query of a target that begins with them, or with a host that is not looked at.
fn without_host(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return Some(target);
    }
    let (scheme, rest) = target.split_once("://")?;
    let is_known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let path = &rest[rest.find(['/', '?'])?..];
    (is_known && path.starts_with('/')).then_some(path)
}

/// Whether a client takes gzip. `gzip;q=0` says that it does not.
pub(super) fn accepts_gzip(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    text.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight =
            |part: &str| part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q"))?.1.parse().ok();
        named && !parts.filter_map(weight).any(|weight: f32| weight <= 0.0)
    })
}
