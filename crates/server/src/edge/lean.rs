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
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use node::{Purpose, Reserved};
use tokio::io::{AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, timeout, timeout_at};
use wire::Refusal;

use super::addresses::Guest;
use super::head::{self, Head, Whole};
use super::patience::Patience;
use super::reply::Reply;
use super::transport::Transport;
use crate::api::{self, Answer, App, Pending, Subscribed};
use crate::metrics::Served;

/// Read at once. Nearly every request fits.
const READ_BYTES: usize = 16 * 1024;
/// How often it is looked whether a client is gone whose bytes are no longer read.
const LOOK: Duration = Duration::from_secs(1);
/// How long a client that was refused may go on sending before the connection is cut: closing at once would destroy
/// the refusal on its way.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is read and thrown away.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// A connection on the lean loop.
///
/// What a parked poll owns is here, in one piece with the task, and nothing large is held across an await beside it: most
/// connections are in a poll, and what they own is cold when a message comes.
pub(super) struct Connection<'a, S> {
    app: &'a Arc<App>,
    guest: Guest,
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
    /// What its client waits for.
    waiting: Option<Waiting>,
}

/// A reply to come.
#[expect(clippy::large_enum_variant, reason = "a box would be one more cold block of memory for every parked poll")]
enum Waiting {
    Poll(Subscribed),
    Store(Pending),
}

/// What is left of a connection that is handed over: the framework goes on, with the bytes that were read first.
pub(super) struct HandedOver<S> {
    pub(super) guest: Guest,
    pub(super) room: Reserved,
    pub(super) stream: S,
    pub(super) before: Vec<u8>,
}

enum Next {
    Served,
    HandOver,
    Close,
}

/// How far a request is read.
struct Reading {
    /// So many bytes are needed before there is anything new to parse.
    needed: usize,
    /// So many were there at the last look.
    seen: usize,
    /// They must be there by then.
    until: Option<Instant>,
}

/// What comes of a look at what was read.
enum Look<'a> {
    /// More must be read, by then.
    More(Instant),
    HandOver,
    Asked(Asked<'a>),
}

/// A request that was read and dispatched, or refused.
struct Asked<'a> {
    served: Served<'a>,
    operation: &'static str,
    /// None when the connection waits for it.
    reply: Option<Reply>,
    waits_long: bool,
    gzip: bool,
    close: bool,
}

impl<'a, S: Transport> Connection<'a, S> {
    /// A connection that was just let in.
    pub(super) fn new(app: &'a Arc<App>, guest: Guest, room: Reserved, stream: S) -> Self {
        let now = Instant::now();
        let patience = Patience::new(now + app.edge.idle);
        let own = room.bytes();
        Self { app, guest, room, own, stream, ahead: Vec::new(), patience, look: None, now, waiting: None }
    }

    /// Serves until it is closed. True when the framework should go on instead.
    pub(super) async fn run(&mut self) -> bool {
        loop {
            match self.next().await {
                Ok(Next::Served) => {}
                Ok(Next::HandOver) => return true,
                // A broken connection is the client's affair.
                Ok(Next::Close) | Err(_) => return false,
            }
        }
    }

    /// What the framework goes on with.
    pub(super) fn hand_over(self) -> HandedOver<S> {
        HandedOver { guest: self.guest, room: self.room, stream: self.stream, before: self.ahead }
    }

    async fn next(&mut self) -> io::Result<Next> {
        let mut reading = Reading { needed: 1, seen: 0, until: None };
        let asked = loop {
            let until = match self.look(&mut reading) {
                Look::Asked(asked) => break asked,
                Look::HandOver => return Ok(Next::HandOver),
                Look::More(until) => until,
            };
            match self.read_until(until).await? {
                Some(0) => return Ok(Next::Close),
                Some(_) => {}
                None if self.ahead.is_empty() => return Ok(Next::Close),
                None => break self.refuse(&Refusal::TooSlow),
            }
        };
        let Asked { served, operation, reply, waits_long, gzip, close } = asked;
        let reply = match reply {
            Some(reply) => {
                // What was sent ahead is not made to wait: the client wants throughput.
                if reply.gives_way && self.ahead.is_empty() {
                    give_way().await;
                }
                reply
            }
            None => match self.wait(waits_long).await? {
                Some(reply) => reply,
                None => return Ok(Next::Close),
            },
        };
        let close = close || self.app.metrics.is_draining();
        let (status, rest) = self.send(reply.compressed(gzip, self.app.edge.gzip_bytes), close)?;
        if !rest.is_empty() || !self.stream.is_flushed() {
            Box::pin(self.send_rest(&rest)).await?;
            self.now = Instant::now();
        }
        served.end(operation, status, waits_long);
        if close { Box::pin(self.linger()).await } else { Ok(Next::Served) }
    }

    /// Parses what was read, if there can be anything new in it, and asks for the answer to a request that is whole.
    fn look(&mut self, reading: &mut Reading) -> Look<'a> {
        // A head ends with a line: without a new one, or with too little of a body, there is nothing to parse. So a client
        // that sends byte by byte costs no more than its lines.
        let Reading { needed, seen, .. } = *reading;
        if self.ahead.len() >= needed && (needed > 1 || self.ahead[seen..].contains(&b'\n')) {
            let ahead = std::mem::take(&mut self.ahead);
            match head::parse(self.app, &self.guest, &ahead) {
                Head::Whole(request) => {
                    let length = request.length;
                    let asked = self.ask(request);
                    self.keep(ahead, length);
                    return Look::Asked(asked);
                }
                Head::Foreign => {
                    self.ahead = ahead;
                    return Look::HandOver;
                }
                Head::Refused(refusal) => return Look::Asked(self.refuse(&refusal)),
                Head::Partial => {}
                Head::Body(end) => *reading = Reading { needed: end, seen, until: None },
            }
            self.ahead = ahead;
        }
        if let (1, Some(refusal)) = (reading.needed, self.too_long()) {
            return Look::Asked(self.refuse(&refusal));
        }
        reading.seen = self.ahead.len();
        let purpose = if reading.needed > 1 { Purpose::NewWork } else { Purpose::Answers };
        if reading.seen > 0 && !self.make_room(reading.seen.max(reading.needed), purpose) {
            return Look::Asked(self.refuse(&Refusal::OutOfMemory));
        }
        let edge = &self.app.edge;
        Look::More(match (self.ahead.is_empty(), reading.until) {
            (true, _) => self.now + edge.idle,
            (false, Some(until)) => until,
            (false, None) => *reading.until.insert(self.now + edge.head),
        })
    }

    /// Asks for the answer to a request.
    fn ask(&mut self, whole: Whole<'_>) -> Asked<'a> {
        let served = Served::begin(&self.app.metrics, self.now.into_std());
        let Whole { request, target, route, gzip, close, .. } = whole;
        let (operation, answer) = api::answer_on(self.app, &request, &target, Ok(route));
        let (reply, waiting) = match answer {
            Answer::Now(reply) => (Some(reply), None),
            Answer::Soon(reply) => (None, Some(Waiting::Store(reply))),
            Answer::Later(poll) => (None, Some(Waiting::Poll(poll))),
        };
        let waits_long = matches!(waiting, Some(Waiting::Poll(_)));
        self.waiting = waiting;
        Asked { served, operation, reply, waits_long, gzip, close }
    }

    /// Refuses what was read, and all that comes after it.
    fn refuse(&mut self, refusal: &Refusal) -> Asked<'a> {
        let served = Served::begin(&self.app.metrics, self.now.into_std());
        self.ahead = Vec::new();
        let reply = Some(api::refuse(self.app, refusal));
        Asked { served, operation: api::NO_ROUTE, reply, waits_long: false, gzip: false, close: true }
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

    /// Waits for a reply, and watches that the client is still there. None when it is not. A poll is held so long and no
    /// longer.
    async fn wait(&mut self, is_poll: bool) -> io::Result<Option<Reply>> {
        if is_poll {
            self.patience.extend(self.now + self.app.edge.poll_hold);
        }
        let mut first = true;
        poll_fn(|context| {
            self.begin_turn(&mut first);
            let reply = match &mut self.waiting {
                Some(Waiting::Poll(poll)) => {
                    if self.patience.poll_expired(self.now, context).is_ready() {
                        poll.expire();
                    }
                    poll.poll(self.app, context)
                }
                Some(Waiting::Store(reply)) => reply.as_mut().poll(context),
                None => return Poll::Ready(Ok(None)),
            };
            let Poll::Ready(reply) = reply else {
                return self.poll_gone(context).map(|gone| gone.map(|()| None));
            };
            self.waiting = None;
            Poll::Ready(Ok(Some(reply)))
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

    /// Sends a reply. Answers with its status, and what was not taken at once.
    #[expect(clippy::needless_pass_by_value, reason = "while the rest is sent, the reply is not needed any more")]
    fn send(&mut self, reply: Reply, close: bool) -> io::Result<(u16, Vec<u8>)> {
        SCRATCH.with_borrow_mut(|out| {
            out.clear();
            reply.write(out, self.app.node.recent(), close);
            let sent = self.stream.write_now(out)?;
            let rest = out[sent..].to_vec();
            // One large reply must not stay in memory for every later small one.
            if out.capacity() > SCRATCH_BYTES {
                *out = Vec::new();
            }
            Ok((reply.status, rest))
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

    /// Keeps what was read beyond the first `count` bytes, which were a request.
    fn keep(&mut self, mut ahead: Vec<u8>, count: usize) {
        if count < ahead.len() {
            ahead.drain(..count);
            self.ahead = ahead;
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

/// Lets the tasks go first that were woken in this turn.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The longest method and what stands around a target in a request line.
const METHOD_BYTES: usize = 32;
/// What a thread keeps to write replies into.
const SCRATCH_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}
