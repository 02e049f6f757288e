//! Where a client does what it does by itself: exchanges, callbacks, heartbeats.
//!
//! - A client that is made inside a tokio runtime uses that one.
//! - Every other client, and every blocking one, uses one small runtime of this crate, started when it is first needed.
//!   So `.await` works on any executor, and `.sync()` inside a runtime blocks its thread, but never waits for itself.

use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

use crate::error::Error;

/// A runtime to do something on. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Runtime(Handle);

static SHARED: LazyLock<io::Result<tokio::runtime::Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).thread_name("hereabouts").enable_all().build());

impl Runtime {
    /// The runtime of the caller, or else the shared one.
    pub(crate) fn current() -> Result<Self, Error> {
        Handle::try_current().map_or_else(|_| Self::shared(), |handle| Ok(Self(handle)))
    }

    /// The runtime of this crate.
    pub(crate) fn shared() -> Result<Self, Error> {
        match &*SHARED {
            Ok(runtime) => Ok(Self(runtime.handle().clone())),
            Err(why) => Err(Error::usage(format!("no thread can be started: {why}"))),
        }
    }

    /// Does something there, until it is done or the task is dropped.
    pub(crate) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task(Some(self.0.spawn(work)))
    }

    /// Does something there, and waits for it. The thread that asks may be one of a runtime, but never one of this.
    pub(crate) fn wait<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (done, waiting) = std::sync::mpsc::sync_channel(1);
        let task = self.spawn(async move {
            // Whoever asked waits below.
            let _ = done.send(work.await);
        });
        let result = waiting.recv().ok();
        drop(task);
        result
    }

    /// Calls something that may block, and that nobody waits for.
    pub(crate) fn call(&self, callback: impl FnOnce() + Send + 'static) {
        drop(self.0.spawn_blocking(callback));
    }
}

/// Something that is being done, and is given up when this is dropped.
pub(crate) struct Task<T>(Option<JoinHandle<T>>);

impl<T> Task<T> {
    /// Lets it go on by itself.
    pub(crate) fn detach(mut self) {
        self.0 = None;
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// What came of it; nothing when the runtime ended first, or it panicked.
impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        match &mut self.0 {
            Some(task) => Pin::new(task).poll(context).map(Result::ok),
            None => Poll::Ready(None),
        }
    }
}
