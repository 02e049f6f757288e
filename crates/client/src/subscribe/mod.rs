//! Subscribing: hearing what is published, who comes and goes, and what changes, as it happens.
//!
//! - [`machine`] has the rules, without I/O; [`driver`] sends what it says and tells it what came of that.
//! - [`hub`] is what handles and driver share: wishes one way, events the other, through a bounded [`queue`] for each reader.
//! - [`builders`], [`subscription`] and [`listener`] are what an application sees.

mod builders;
mod driver;
mod event;
mod hub;
mod interest;
mod listener;
mod machine;
mod name;
mod queue;
mod recent;
mod requests;
mod retry;
mod set_presence;
mod settings;
mod subscription;

use std::sync::Arc;

pub use builders::{Subscribe, Unsubscribe};
use driver::Driver;
pub(crate) use driver::FAREWELL;
pub use driver::Timer;
#[cfg(feature = "http")]
use driver::TokioTimer;
pub use event::{Event, Gap, GapCause, Message, Object, Presence, SubscribeStatus};
pub(crate) use hub::{Hub, Lease, Wish};
pub use listener::SubscribeCallback;
use machine::Pause;
pub use retry::Retry;
pub use set_presence::SetPresence;
pub(crate) use settings::Subscribing;
pub use subscription::{Only, Subscription};

use crate::client::{Async, Blocking, Caller, Core};
use crate::places::Places;

/// Subscriptions.
impl<M> Caller<M> {
    /// Subscribes to channels and channel groups.
    ///
    /// ```no_run
    /// # async fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
    /// use hereabouts::Event;
    ///
    /// let mut kitchen = client.subscribe().channels("kitchen").with_presence().stream()?;
    /// while let Some(event) = kitchen.next().await {
    ///     match event {
    ///         Event::Message(message) => println!("{:?} says {}", message.publisher, message.message),
    ///         Event::Presence(presence) => println!("{}: {:?}", presence.event, presence.uuid),
    ///         Event::Gap(gap) => println!("something may be missing until {}", gap.until),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn subscribe(&self) -> Subscribe<M> {
        Subscribe::new(self.clone())
    }

    /// Unsubscribes from channels and channel groups that [`Subscribe::execute`] subscribed to, and leaves them.
    ///
    /// ```no_run
    /// # fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
    /// client.unsubscribe().channels(["kitchen", "hall"]).channel_groups("family").execute()?;
    /// # Ok(()) }
    /// ```
    pub fn unsubscribe(&self) -> Unsubscribe<M> {
        Unsubscribe::new(self.clone())
    }

    /// Ends all subscriptions of this client, streams included, and leaves everything that it was subscribed to.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.subscribe().channels("terrace").execute()?;
    /// client.unsubscribe_all();
    /// client.stop().await;
    /// assert_eq!(client.here_now().channels("terrace").await?.total_occupancy, 0);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn unsubscribe_all(&self) {
        self.hub().wish_if_driven(Wish::UnsubscribeAll);
        self.hub().close_readers();
    }

    /// Makes the user present on channels without subscribing to them, by heartbeats, or ends that; see [`SetPresence`].
    ///
    /// ```no_run
    /// # async fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
    /// client.presence().connected(true).channels("kitchen").channel_groups("family").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// It is independent of subscriptions: whoever is subscribed as well and disconnects leaves now, and is present again
    /// with the next poll.
    pub fn presence(&self) -> SetPresence<M> {
        SetPresence::new(self.clone())
    }

    /// Asks the server for nothing more, and leaves nothing, until [`reconnect`](Self::reconnect): for an application in the
    /// background. Subscriptions stay, with the point from which they go on.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.subscribe().channels("terrace").execute()?;
    /// client.disconnect();
    /// // In the background nothing is asked. In the foreground it goes on from where it was.
    /// client.reconnect();
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn disconnect(&self) {
        self.hub().wish_if_driven(Wish::Pause(Pause::Asked));
    }

    /// There is no network: like [`disconnect`](Self::disconnect), but told as something that nobody asked for.
    pub fn network_lost(&self) {
        self.hub().wish_if_driven(Wish::Pause(Pause::Offline));
    }

    /// Goes on at once: after [`disconnect`](Self::disconnect), instead of waiting for the next try, and with what was denied
    /// or given up.
    pub fn reconnect(&self) {
        self.hub().wish_if_driven(Wish::Resume);
    }

    /// Runs the subscriptions of this client, on whatever polls the future, until they are stopped. Needed where this crate is
    /// built without its `http` feature, since there is no runtime then; otherwise it is done by itself.
    ///
    /// The future does not keep the client: it ends when the last handle is gone, or with [`stop`](crate::Client::stop).
    ///
    /// ```
    /// use hereabouts::{Client, Timer};
    ///
    /// fn begin<T: Timer>(client: &Client, timer: T) -> impl Future<Output = ()> + use<T> {
    ///     // For whatever executor there is: in a browser, its own.
    ///     client.drive(timer)
    /// }
    /// ```
    pub fn drive<T: Timer>(&self, timer: T) -> impl Future<Output = ()> + use<M, T> {
        let hub = Arc::clone(self.hub());
        // Now, not when it is polled first: what is wished until then waits for it.
        let driver = hub.needs_driver().then(|| Driver::new(Arc::clone(&hub), Arc::clone(self.core()), timer));
        async move {
            match driver {
                Some(driver) => driver.run().await,
                None => hub.ended().await,
            }
        }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.lease().hub
    }

    pub(crate) fn wish(&self, wish: Wish) {
        self.hub().wish(wish);
        #[cfg(feature = "http")]
        if self.hub().needs_driver() {
            let driver = Driver::new(Arc::clone(self.hub()), Arc::clone(self.core()), TokioTimer::new());
            self.core().runtime.spawn(driver.run()).detach();
        }
    }
}

impl Caller<Async> {
    /// Ends all subscriptions, and waits until the user has left, at most 2 seconds. Afterwards it may subscribe again.
    ///
    /// Whoever drops the last handle instead leaves as well, but in the background: in a program that ends right then,
    /// nobody sends it.
    pub async fn stop(&self) {
        self.hub().wish_if_driven(Wish::Stop);
        self.hub().close_readers();
        self.hub().ended().await;
    }
}

impl Caller<Blocking> {
    /// Ends all subscriptions, and waits until the user has left, at most 2 seconds. Afterwards it may subscribe again.
    ///
    /// Dropping the last handle does the same.
    pub fn stop(&self) {
        self.hub().wish_if_driven(Wish::Stop);
        self.hub().close_readers();
        self.hub().wait_until_ended(FAREWELL);
    }
}

impl Core {
    /// The user's state on these was set: it is repeated whenever the user joins there.
    pub(crate) fn state_was_set(&self, places: &Places, state: &wire::Json) {
        if let Ok(names) = builders::names_of(places) {
            self.hub.wish_if_driven(Wish::State { names, state: state.clone() });
        }
    }
}
