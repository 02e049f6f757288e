//! What goes on in a connection of the framework, which does not tell by itself.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use node::Reserved;

/// Requests and replies of one connection.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests whose head was read, since the connection began.
    begun: AtomicUsize,
    /// Requests whose reply was not handed to the framework yet, to its end.
    under_way: AtomicUsize,
    /// Parts of replies that the framework has taken.
    taken: AtomicUsize,
    /// Replies of which it has not taken everything.
    waiting: AtomicUsize,
    /// Polls of HTTP/1.1 that wait for messages: one at most, since those behind it wait for their turn.
    parked: AtomicUsize,
}

/// A request of a connection, until its reply was handed over to its end.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

/// A poll of HTTP/1.1, while it waits for messages.
#[derive(Debug)]
pub(super) struct Parked(Arc<Activity>);

/// What a connection had done at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    begun: usize,
    taken: usize,
    rests: bool,
    waits: bool,
}

impl Activity {
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// How many requests were begun.
    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether no request is under way.
    pub(super) fn rests(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    pub(super) fn park(self: &Arc<Self>) -> Parked {
        self.parked.fetch_add(1, Ordering::Relaxed);
        Parked(Arc::clone(self))
    }

    /// Whether what is under way is a poll that waits for messages.
    pub(super) fn is_parked(&self) -> bool {
        self.parked.load(Ordering::Relaxed) > 0
    }

    pub(super) fn look(&self) -> Look {
        Look {
            begun: self.begun(),
            taken: self.taken.load(Ordering::Relaxed),
            rests: self.rests(),
            waits: self.waiting.load(Ordering::Relaxed) > 0,
        }
    }
}

impl Look {
    /// Whether nothing was asked and nothing was under way from `before` until now.
    pub(super) fn rested_since(self, before: Self) -> bool {
        self.rests && before.rests && self.begun == before.begun
    }

    /// Whether replies waited from `before` until now, and nothing of any was taken.
    pub(super) fn stalled_since(self, before: Self) -> bool {
        self.waits && before.waits && self.taken == before.taken
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.0.parked.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of a large reply, handed to the framework piece by piece, as the client takes it.
#[derive(Debug)]
pub(super) struct Sending {
    rest: Bytes,
    piece: usize,
    room: Reserved,
    under_way: UnderWay,
}

impl Sending {
    /// `room` is what was reserved for the body.
    pub(super) fn new(body: Bytes, piece: usize, room: Reserved, under_way: UnderWay) -> Self {
        under_way.0.waiting.fetch_add(1, Ordering::Relaxed);
        Self { rest: body, piece, room, under_way }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        let sending = self.get_mut();
        if sending.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = sending.rest.split_to(sending.piece.min(sending.rest.len()));
        sending.under_way.0.taken.fetch_add(1, Ordering::Relaxed);
        sending.room.shrink(piece.len());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.under_way.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
