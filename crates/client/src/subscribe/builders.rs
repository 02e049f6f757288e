//! What to subscribe to, and what not any more.

use wire::Timetoken;

use super::hub::Wish;
use super::interest::Holder;
use super::name::{Name, NameSet};
use super::subscription::Subscription;
use crate::client::Caller;
use crate::error::Error;
use crate::names::Names;
use crate::places::Places;

/// Channels and groups to subscribe to: made by [`Caller::subscribe`].
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// let before = client.time().await?;
/// client.publish().channel("radio").message("news").await?;
/// // From then on, not only from now.
/// let radio = client.subscribe().channels("radio").with_timetoken(before).capacity(100).stream()?;
/// let message = radio.messages().next().await.expect("it is subscribed to");
/// assert_eq!((message.message.as_str(), message.publisher.as_deref()), ("\"news\"", Some("ann")));
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
#[must_use = "nothing is subscribed to until execute() or stream()"]
pub struct Subscribe<M> {
    caller: Caller<M>,
    places: Places,
    with_presence: bool,
    timetoken: Option<Timetoken>,
    capacity: usize,
}

/// Channels and groups to unsubscribe from: made by [`Caller::unsubscribe`].
#[must_use = "nothing is unsubscribed from until execute()"]
pub struct Unsubscribe<M> {
    caller: Caller<M>,
    places: Places,
}

macro_rules! on_places {
    ($($builder:ident)+) => {$(
        impl<M> $builder<M> {
            /// These channels as well: a name, a list of names, an array or a tuple.
            pub fn channels(mut self, channels: impl Names) -> Self {
                self.places.add_channels(channels);
                self
            }

            /// These channel groups as well.
            pub fn channel_groups(mut self, groups: impl Names) -> Self {
                self.places.add_groups(groups);
                self
            }
        }
    )+};
}

pub(super) use on_places;

on_places!(Subscribe Unsubscribe);

impl<M> Subscribe<M> {
    /// How many events a [`Subscription`] may lie behind, when nothing else was set.
    pub const DEFAULT_CAPACITY: usize = 1000;

    pub(crate) fn new(caller: Caller<M>) -> Self {
        let capacity = Self::DEFAULT_CAPACITY;
        Self { caller, places: Places::default(), with_presence: false, timetoken: None, capacity }
    }

    /// Their presence events as well: who comes, leaves, times out or has another state.
    pub fn with_presence(mut self) -> Self {
        self.with_presence = true;
        self
    }

    /// From this point of the timeline on, as far as the server still keeps messages of it; where it does not, a
    /// [`Gap`](crate::Gap) is told. Without it, from now on.
    ///
    /// What else the client is subscribed to goes on from where it was.
    pub fn with_timetoken(mut self, timetoken: impl Into<Timetoken>) -> Self {
        self.timetoken = Some(timetoken.into()).filter(|timetoken| *timetoken != Timetoken::ZERO);
        self
    }

    /// How many events a [`stream`](Self::stream) may lie behind, instead of 1,000.
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events;
        self
    }

    /// Subscribes the client: its listeners hear what comes, until [`unsubscribe`](Caller::unsubscribe) or until the
    /// last handle of the client is gone. It happens in the background; listeners are told the status.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when there is no name, or one that cannot be a name.
    pub fn execute(self) -> Result<(), Error> {
        let names = self.names()?;
        self.caller.wish(Wish::Subscribe { holder: Holder::CLIENT, names, from: self.timetoken });
        Ok(())
    }

    /// Subscribes, for as long as what this returns is kept: it is the stream of what comes.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when there is no name, or one that cannot be a name.
    pub fn stream(self) -> Result<Subscription<M>, Error> {
        let names = self.names()?;
        let subscription = Subscription::new(self.caller.clone(), self.capacity);
        self.caller.wish(Wish::Subscribe { holder: subscription.holder(), names, from: self.timetoken });
        Ok(subscription)
    }

    fn names(&self) -> Result<NameSet, Error> {
        let mut names = names_of(&self.places)?;
        if self.with_presence {
            let presence: Vec<Name> = names.iter().map(Name::presence).collect();
            names.extend(presence);
        }
        Ok(names)
    }
}

impl<M> Unsubscribe<M> {
    pub(crate) fn new(caller: Caller<M>) -> Self {
        Self { caller, places: Places::default() }
    }

    /// Ends what [`execute`](Subscribe::execute) began on these channels and groups, their presence events included. The
    /// user leaves where no stream of this client goes on.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when there is no name, or one that cannot be a name.
    pub fn execute(self) -> Result<(), Error> {
        let mut names = names_of(&self.places)?;
        let presence: Vec<Name> = names.iter().map(Name::presence).collect();
        names.extend(presence);
        self.caller.hub().wish_if_driven(Wish::Unsubscribe { holder: Holder::CLIENT, names: Some(names) });
        Ok(())
    }
}

/// Checks names once. Past this point nobody asks again.
pub(crate) fn names_of(places: &Places) -> Result<NameSet, Error> {
    places.require()?;
    let wrong = |kind: &str, text: &str, why| Error::usage(format!("the {kind} {text:?} cannot be one: {why}"));
    let channels = places.channels.iter().map(|text| Name::channel(text).map_err(|why| wrong("channel", text, why)));
    let groups = places.groups.iter().map(|text| Name::group(text).map_err(|why| wrong("channel group", text, why)));
    channels.chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn names_are_checked_before_anything_is_sent() {
        let places = |channels: &[&str], groups: &[&str]| Places {
            channels: channels.iter().map(|text| (*text).to_owned()).collect(),
            groups: groups.iter().map(|text| (*text).to_owned()).collect(),
        };
        assert_eq!(names_of(&places(&["a.*", "b"], &["g"])).unwrap().len(), 3);
        for wrong in [places(&[], &[]), places(&["a/b"], &[]), places(&["a"], &["g:h"])] {
            assert_eq!(names_of(&wrong).unwrap_err().kind(), ErrorKind::Usage, "{wrong:?}");
        }
    }
}
