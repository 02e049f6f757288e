//! What the handles of a client and its driver share: wishes go one way, events the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use wire::{Json, Timetoken};

use super::interest::Holder;
use super::listener::Listeners;
use super::machine::Pause;
use super::name::NameSet;
use super::queue::Queue;
use crate::error::Error;

/// Takes what came of a wish to whoever waits for it.
pub(crate) type Reply = oneshot::Sender<Result<(), Arc<Error>>>;

/// What a handle wants.
#[derive(Debug)]
pub(crate) enum Wish {
    Subscribe { holder: Holder, names: NameSet, from: Option<Timetoken> },
    Unsubscribe { holder: Holder, names: Option<NameSet> },
    UnsubscribeAll,
    Presence { connected: bool, names: NameSet, reply: Option<Reply> },
    State { names: NameSet, state: Json },
    Credentials,
    Pause(Pause),
    Resume,
    Stop,
}

/// Shared by the driver and all handles.
#[derive(Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    stopped: Condvar,
    pub(crate) listeners: Arc<Listeners>,
}

#[derive(Default)]
struct State {
    wishes: Vec<Wish>,
    driver: Option<Waker>,
    is_driven: bool,
    /// Who waits for the driver to end.
    waiting: Vec<Waker>,
    readers: BTreeMap<Holder, Arc<Queue>>,
    last_holder: u64,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something done, by the driver that there is, or by the one that is started next.
    pub(crate) fn wish(&self, wish: Wish) {
        let mut state = self.state();
        state.wishes.push(wish);
        state.wake_driver();
    }

    /// Whether a driver is needed. If so, whoever asks is to start it.
    #[must_use]
    pub(crate) fn needs_driver(&self) -> bool {
        !std::mem::replace(&mut self.state().is_driven, true)
    }

    /// The same, if there is a driver; otherwise it concerns nobody.
    pub(crate) fn wish_if_driven(&self, wish: Wish) {
        let mut state = self.state();
        if state.is_driven {
            state.wishes.push(wish);
            state.wake_driver();
        }
    }

    /// A reader of its own, and the number by which it holds names.
    pub(crate) fn add_reader(&self, capacity: usize) -> (Holder, Arc<Queue>) {
        let queue = Arc::new(Queue::new(capacity));
        let mut state = self.state();
        state.last_holder += 1;
        let holder = Holder(state.last_holder);
        state.readers.insert(holder, Arc::clone(&queue));
        (holder, queue)
    }

    pub(crate) fn remove_reader(&self, holder: Holder) {
        if let Some(queue) = self.state().readers.remove(&holder) {
            queue.close();
        }
    }

    /// Every reader, with the listeners as one of them.
    pub(crate) fn readers(&self) -> Vec<(Holder, Arc<Queue>)> {
        let listeners = self.listeners.queue().map(|queue| (Holder::CLIENT, queue));
        let state = self.state();
        state.readers.iter().map(|(holder, queue)| (*holder, Arc::clone(queue))).chain(listeners).collect()
    }

    /// What was wished since, for the driver, which is woken when there is more.
    pub(crate) fn take_wishes(&self, context: &Context<'_>) -> Vec<Wish> {
        let mut state = self.state();
        state.driver = Some(context.waker().clone());
        std::mem::take(&mut state.wishes)
    }

    /// Ends all subscriptions that are there now. What they have not read yet can still be read.
    pub(crate) fn close_readers(&self) {
        self.state().close_readers();
    }

    /// The driver has nothing more to do. False when something was wished in the meantime.
    pub(crate) fn end_driver(&self) -> bool {
        let mut state = self.state();
        let ends = state.wishes.is_empty();
        if ends {
            self.ended_with(&mut state);
        }
        ends
    }

    /// The driver ends, done or not: its runtime does.
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        state.close_readers();
        self.ended_with(&mut state);
    }

    fn ended_with(&self, state: &mut State) {
        state.is_driven = false;
        state.driver = None;
        state.waiting.drain(..).for_each(Waker::wake);
        self.stopped.notify_all();
    }

    /// Completes when there is no driver, or no more.
    pub(crate) async fn ended(&self) {
        std::future::poll_fn(|context| {
            let mut state = self.state();
            if !state.is_driven {
                return std::task::Poll::Ready(());
            }
            state.waiting.push(context.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }

    /// Waits on this thread until there is no driver any more, up to that long.
    pub(crate) fn wait_until_ended(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.state();
        while state.is_driven {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.stopped.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn close_readers(&mut self) {
        for queue in std::mem::take(&mut self.readers).into_values() {
            queue.close();
        }
    }

    fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }
}

/// Held by every client and subscription. When the last one goes, the user leaves.
pub(crate) struct Lease {
    pub(crate) hub: Arc<Hub>,
    /// How long the last handle waits for the user to have left; not at all in asynchronous programs, which must not block.
    patience: Duration,
}

impl Lease {
    pub(crate) fn new(hub: Arc<Hub>, patience: Duration) -> Self {
        Self { hub, patience }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.hub.wish_if_driven(Wish::Stop);
        self.hub.listeners.close();
        if !self.patience.is_zero() {
            self.hub.wait_until_ended(self.patience);
        }
    }
}
