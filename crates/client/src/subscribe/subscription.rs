//! A subscription that is read: a stream in asynchronous programs, an iterator in others.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::event::{Event, Message, Object, Presence, SubscribeStatus};
use super::hub::Wish;
use super::interest::Holder;
use super::queue::Queue;
use crate::client::{Async, Blocking, Caller};

/// What comes on some channels and groups: made by [`Subscribe::stream`](crate::Subscribe::stream).
///
/// With [`Client`](crate::Client) it is a [`Stream`], with [`blocking::Client`](crate::blocking::Client) an [`Iterator`]. It ends with
/// [`unsubscribe_all`](Caller::unsubscribe_all). Dropped, it unsubscribes, and the user leaves where no other subscription of the
/// client goes on. All subscriptions of a client share one connection, and one cursor.
///
/// **A reader that is slow** holds the others up: nothing more is asked of the server until every reader has room for what the
/// last answer brought ([`capacity`](crate::Subscribe::capacity), 1,000 events). After 10 seconds without reading it is not waited for
/// any more; then it loses its oldest events, and finds a [`Gap`](crate::Gap) in their place that says how many. Nobody else
/// loses any.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::{Action, Category};
///
/// let mut statuses = client.subscribe().channels("balcony").stream()?.statuses();
/// assert_eq!(statuses.next().await.map(|status| status.category), Some(Category::Connected));
///
/// let mut comings = client.subscribe().channels("balcony").with_presence().stream()?.presence_events();
/// client.set_state().channels("balcony").state(serde_json::json!({"mood": "ok"})).await?;
/// while comings.next().await.is_some_and(|presence| presence.event != Action::StateChange) {}
/// client.stop().await;
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
pub struct Subscription<M> {
    caller: Caller<M>,
    holder: Holder,
    queue: Arc<Queue>,
}

impl<M> Subscription<M> {
    pub(crate) fn new(caller: Caller<M>, capacity: usize) -> Self {
        let (holder, queue) = caller.hub().add_reader(capacity);
        Self { caller, holder, queue }
    }

    pub(crate) fn holder(&self) -> Holder {
        self.holder
    }

    /// The messages alone. Whoever wants to know of gaps, too, reads the whole subscription.
    #[must_use]
    pub fn messages(self) -> Only<M, Message> {
        self.only(|event| match event {
            Event::Message(message) => Some(message),
            _ => None,
        })
    }

    /// The signals alone.
    #[must_use]
    pub fn signals(self) -> Only<M, Message> {
        self.only(|event| match event {
            Event::Signal(signal) => Some(signal),
            _ => None,
        })
    }

    /// The presence events alone.
    #[must_use]
    pub fn presence_events(self) -> Only<M, Presence> {
        self.only(|event| match event {
            Event::Presence(presence) => Some(presence),
            _ => None,
        })
    }

    /// The changes of app context alone.
    #[must_use]
    pub fn objects(self) -> Only<M, Object> {
        self.only(|event| match event {
            Event::Object(object) => Some(object),
            _ => None,
        })
    }

    /// What becomes of the subscription, alone.
    #[must_use]
    pub fn statuses(self) -> Only<M, SubscribeStatus> {
        self.only(|event| match event {
            Event::Status(status) => Some(status),
            _ => None,
        })
    }

    fn only<T>(self, pick: fn(Event) -> Option<T>) -> Only<M, T> {
        Only { subscription: self, pick }
    }
}

impl<M> Drop for Subscription<M> {
    fn drop(&mut self) {
        let hub = self.caller.hub();
        hub.remove_reader(self.holder);
        hub.wish_if_driven(Wish::Unsubscribe { holder: self.holder, names: None });
    }
}

impl<M> std::fmt::Debug for Subscription<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Ends when nothing more comes.
impl Stream for Subscription<Async> {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.queue.poll_next(context)
    }
}

impl Subscription<Async> {
    /// The next event, waited for; none when nothing more comes.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|context| self.queue.poll_next(context)).await
    }
}

/// Waits for the next event. Ends when nothing more comes.
impl Iterator for Subscription<Blocking> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.queue.wait(None)
    }
}

impl Subscription<Blocking> {
    /// The next event, if it comes within that time; none if not, or when nothing more comes.
    pub fn next_within(&mut self, timeout: Duration) -> Option<Event> {
        self.queue.wait(Some(timeout))
    }
}

/// One kind of events of a [`Subscription`].
#[derive(Debug)]
pub struct Only<M, T> {
    subscription: Subscription<M>,
    pick: fn(Event) -> Option<T>,
}

impl<T> Stream for Only<Async, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match std::task::ready!(self.subscription.queue.poll_next(context)) {
                None => return Poll::Ready(None),
                Some(event) => {
                    if let Some(picked) = (self.pick)(event) {
                        return Poll::Ready(Some(picked));
                    }
                }
            }
        }
    }
}

impl<T> Only<Async, T> {
    /// The next one, waited for; none when nothing more comes.
    pub async fn next(&mut self) -> Option<T> {
        loop {
            if let Some(picked) = (self.pick)(self.subscription.next().await?) {
                return Some(picked);
            }
        }
    }
}

impl<T> Iterator for Only<Blocking, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(picked) = (self.pick)(self.subscription.next()?) {
                return Some(picked);
            }
        }
    }
}
