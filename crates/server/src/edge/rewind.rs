//! A connection of the framework: some of its bytes were read already, and its client has limited time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::activity::Activity;
use super::last_words::LastWords;
use super::transport::Transport;
use crate::api::{self, App};

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// From the first byte of a head to the last; none in HTTP/2, where other things are said between requests.
    pub(super) head: Option<Duration>,
    /// Between two pieces of a reply.
    pub(super) write: Duration,
}

/// Reads the bytes first that were read before, then the connection. Reading fails when a head is begun and does not
/// end in time: the framework has one time for a head and for the rest before it. Writing fails when the client takes
/// nothing for too long. What the framework refuses by itself is said in our words.
pub(super) struct Rewind<S> {
    before: Bytes,
    app: Arc<App>,
    stream: S,
    times: Times,
    activity: Arc<Activity>,
    /// A head that has begun: how many requests were begun before it, and when patience ends.
    head: Option<(usize, Pin<Box<Sleep>>)>,
    /// Since when the client takes nothing, as the moment that patience ends.
    stalled: Option<Pin<Box<Sleep>>>,
    last_words: Option<LastWords>,
}

impl<S: Transport> Rewind<S> {
    pub(super) fn new(
        app: Arc<App>,
        before: impl Into<Bytes>,
        stream: S,
        times: Times,
        activity: Arc<Activity>,
    ) -> Self {
        let before = before.into();
        Self { app, before, stream, times, activity, head: None, stalled: None, last_words: None }
    }

    /// Sends what takes the place of `bytes`, if anything does.
    fn poll_last_words(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        // HTTP/2 refuses in frames.
        self.times.head?;
        if self.last_words.is_none() && self.activity.rests() {
            self.last_words = LastWords::of(bytes, |refusal| {
                let mut text = Vec::new();
                api::refuse(&self.app, refusal).write(&mut text, self.app.node.recent(), true);
                text
            });
        }
        let sent = self.last_words.as_mut()?.poll_send(&mut self.stream, context);
        Some(self.patiently(context, sent.map_ok(|()| bytes.len())))
    }

    /// Passes on what a write came to, unless it has been pending for too long.
    fn patiently<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let patience = self.times.write;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before[..count]);
        self.before.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: Transport> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let begun = self.activity.begun();
        // What was begun is whole by now.
        if self.head.as_ref().is_some_and(|(before, _)| *before != begun) {
            self.head = None;
        }
        let before = buffer.filled().len();
        let outcome = self.poll_bytes(context, buffer);
        if outcome.is_ready() {
            if let Some(time) = self.times.head
                && self.head.is_none()
                && self.activity.rests()
                && buffer.filled().len() > before
            {
                self.head = Some((begun, Box::pin(sleep(time))));
            }
            return outcome;
        }
        let Some((_, patience)) = &mut self.head else { return Poll::Pending };
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: Transport> AsyncWrite for Rewind<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(outcome) = self.poll_last_words(context, bytes) {
            return outcome;
        }
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.patiently(context, outcome)
    }

    /// Fails when the client of a parked poll is gone: what it sent ahead of its turn is not read before that, and the end of the
    /// connection is behind it.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.activity.is_parked() && self.stream.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = slices
            && let Some(outcome) = self.poll_last_words(context, only)
        {
            return outcome;
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.patiently(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
