//! What carries a connection: TCP alone, or TLS over it. Both paths of the edge are written for either.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A stream of bytes both ways, of which the writing can be tried.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Writes as much as is taken at once, which may be nothing.
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether the kernel has all that was taken. What it has not is for `poll_flush`.
    fn is_flushed(&self) -> bool;

    /// Whether the client has closed its side, though what it sent before was not read yet. Asks no kernel: it is what the
    /// runtime was told.
    fn is_closed(&self) -> bool;
}

impl Transport for TcpStream {
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            outcome => outcome,
        }
    }

    fn is_flushed(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        // Of all that can be waited for, this alone is there when the client has closed, and not when there is more to read.
        let closed = std::pin::pin!(self.ready(Interest::PRIORITY));
        closed.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }
}

/// In a box, because it is large: most of its state is not looked at while a connection waits.
impl Transport for Box<TlsStream<TcpStream>> {
    fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nobody is to be woken: what is not taken is written again by somebody who waits.
        let mut context = Context::from_waker(Waker::noop());
        let mut sent = 0;
        while sent < bytes.len() {
            match Pin::new(&mut *self).poll_write(&mut context, &bytes[sent..])? {
                Poll::Ready(0) | Poll::Pending => break,
                Poll::Ready(more) => sent += more,
            }
        }
        match Pin::new(self).poll_flush(&mut context) {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(sent),
        }
    }

    fn is_flushed(&self) -> bool {
        !self.get_ref().1.wants_write()
    }

    fn is_closed(&self) -> bool {
        self.get_ref().0.is_closed()
    }
}
