//! Callbacks, as the documents have them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wire::context::About;

use super::event::{Event, Gap, Message, Object, Presence, SubscribeStatus};
use super::hub::Lease;
use super::queue::Queue;
use crate::client::{Async, Caller, Core};

/// What hears everything that a client is subscribed to. Every method does nothing unless it is written.
///
/// Methods are called one after the other, in the order of events, on a thread of their own: they may block, and make calls.
/// While one of them does, the subscription waits with it, as it does for a [`Subscription`](crate::Subscription) that is not read.
/// A method that panics ends neither the thread nor the subscription.
///
/// The client is handed to each method, so a listener need not keep one: a client that its own listener keeps is never the
/// last one gone.
///
/// ```no_run
/// use std::sync::Arc;
/// use hereabouts::{Client, Config, Message, Presence, SubscribeCallback};
///
/// struct Ears;
///
/// impl SubscribeCallback for Ears {
///     fn message(&self, _: &Client, message: &Message) {
///         println!("{:?} says {}", message.publisher, message.message);
///     }
///
///     fn presence(&self, _: &Client, event: &Presence) {
///         println!("{}: {:?}, {} here", event.event, event.uuid, event.occupancy);
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), hereabouts::Error> {
/// let client = Client::new(Config::new("demo").user("ann"))?;
/// client.add_listener(Arc::new(Ears));
/// client.subscribe().channels("kitchen").with_presence().execute()?;
/// # Ok(()) }
/// ```
#[allow(unused_variables, reason = "a method that does nothing needs none")]
pub trait SubscribeCallback<M = Async>: Send + Sync + 'static {
    /// A message.
    fn message(&self, client: &Caller<M>, message: &Message) {}

    /// A signal.
    fn signal(&self, client: &Caller<M>, signal: &Message) {}

    /// A presence event.
    fn presence(&self, client: &Caller<M>, presence: &Presence) {}

    /// A user's metadata was set or removed.
    fn user(&self, client: &Caller<M>, user: &Object) {
        self.uuid(client, user);
    }

    /// The same as [`user`](Self::user), by its documented name. One of the two is enough.
    fn uuid(&self, client: &Caller<M>, uuid: &Object) {}

    /// A channel's metadata was set or removed.
    fn channel(&self, client: &Caller<M>, channel: &Object) {}

    /// A membership was set or removed.
    fn membership(&self, client: &Caller<M>, membership: &Object) {}

    /// Something was done to a message.
    fn message_action(&self, client: &Caller<M>, action: &Message) {}

    /// A file was sent.
    fn file(&self, client: &Caller<M>, file: &Message) {}

    /// The subscription is connected, or not any more, or changed.
    fn status(&self, client: &Caller<M>, status: &SubscribeStatus) {}

    /// Something may be missing.
    fn gap(&self, client: &Caller<M>, gap: &Gap) {}
}

/// How many events listeners may lie behind.
const CAPACITY: usize = 1000;

/// The listeners of a client: one reader together.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<State>);

#[derive(Default)]
struct State {
    queue: Option<Arc<Queue>>,
    listeners: Vec<Listener>,
}

#[derive(Clone)]
struct Listener {
    /// Where it is: by that it is found again.
    address: usize,
    hear: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Listeners {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where their events go, as long as there are any listeners.
    pub(crate) fn queue(&self) -> Option<Arc<Queue>> {
        self.state().queue.clone()
    }

    /// Nobody listens any more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.listeners.clear();
        if let Some(queue) = state.queue.take() {
            queue.close();
        }
    }

    /// Adds one. The queue to be emptied by [`Listeners::listen`], if it is the first.
    fn add(&self, listener: Listener) -> Option<Arc<Queue>> {
        let mut state = self.state();
        state.listeners.push(listener);
        if state.queue.is_some() {
            return None;
        }
        state.queue = Some(Arc::new(Queue::new(CAPACITY)));
        state.queue.clone()
    }

    fn remove(&self, address: usize) {
        let mut state = self.state();
        state.listeners.retain(|listener| listener.address != address);
        if state.listeners.is_empty()
            && let Some(queue) = state.queue.take()
        {
            queue.close();
        }
    }

    /// Tells all of them.
    pub(crate) fn hear(&self, event: &Event) {
        // A listener may add and remove listeners.
        let listeners = self.state().listeners.clone();
        for listener in listeners {
            // It has printed what it had to say; the others, and the events to come, are not to blame.
            let _ = catch_unwind(AssertUnwindSafe(|| (listener.hear)(event)));
        }
    }
}

impl<M: 'static> Caller<M> {
    /// Has a listener hear everything that this client is subscribed to, from now on.
    ///
    /// See [`SubscribeCallback`].
    pub fn add_listener<L: SubscribeCallback<M> + ?Sized>(&self, listener: Arc<L>) {
        let (core, lease) = (Arc::clone(self.core()), Arc::downgrade(self.lease()));
        let address = address(&listener);
        let hear = Arc::new(move |event: &Event| {
            if let Some(client) = Self::again(&core, &lease) {
                dispatch(&*listener, &client, event);
            }
        });
        let listeners = &self.hub().listeners;
        if let Some(queue) = listeners.add(Listener { address, hear }) {
            listen(Arc::clone(listeners), queue);
        }
    }

    /// Has a listener hear nothing more. An event that it is hearing right now is its last.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use std::sync::Arc;
    /// use hereabouts::{Message, SubscribeCallback};
    ///
    /// struct Ears;
    ///
    /// impl SubscribeCallback for Ears {
    ///     fn message(&self, _: &Client, message: &Message) {
    ///         println!("{}", message.message);
    ///     }
    /// }
    ///
    /// let ears = Arc::new(Ears);
    /// client.add_listener(Arc::clone(&ears));
    /// client.remove_listener(&ears);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn remove_listener<L: SubscribeCallback<M> + ?Sized>(&self, listener: &Arc<L>) {
        self.hub().listeners.remove(address(listener));
    }

    /// The client, as long as someone has it.
    fn again(core: &Arc<Core>, lease: &Weak<Lease>) -> Option<Self> {
        Some(Self::with(Arc::clone(core), lease.upgrade()?))
    }
}

fn address<L: ?Sized>(listener: &Arc<L>) -> usize {
    Arc::as_ptr(listener).cast::<()>().addr()
}

fn dispatch<M, L: SubscribeCallback<M> + ?Sized>(listener: &L, client: &Caller<M>, event: &Event) {
    match event {
        Event::Message(message) => listener.message(client, message),
        Event::Signal(signal) => listener.signal(client, signal),
        Event::Presence(presence) => listener.presence(client, presence),
        Event::Object(object) => match object.change.about {
            About::User(_) => listener.user(client, object),
            About::Channel(_) => listener.channel(client, object),
            About::Membership { .. } => listener.membership(client, object),
        },
        Event::MessageAction(action) => listener.message_action(client, action),
        Event::File(file) => listener.file(client, file),
        Event::Status(status) => listener.status(client, status),
        Event::Gap(gap) => listener.gap(client, gap),
        Event::Other(_) => {}
    }
}

/// Empties the queue on a thread of its own, where listeners may block.
#[cfg(not(target_arch = "wasm32"))]
fn listen(listeners: Arc<Listeners>, queue: Arc<Queue>) {
    let work = move || {
        while let Some(event) = queue.wait(None) {
            listeners.hear(&event);
        }
    };
    // A system without another thread to spare has no listeners; its subscriptions go on.
    drop(std::thread::Builder::new().name("hereabouts-listener".into()).spawn(work));
}

/// There are no threads: the driver calls listeners itself.
#[cfg(target_arch = "wasm32")]
fn listen(_: Arc<Listeners>, queue: Arc<Queue>) {
    queue.close();
}
