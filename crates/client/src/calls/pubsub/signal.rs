//! Signals: small messages that are never stored.

use wire::{Timetoken, pubsub};

use super::{Message, OnMessage};
use crate::call::Call;
use crate::calls::OnChannel;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Request, Response};

/// A signal to send: made by [`Caller::signal`].
#[derive(Clone, Default)]
pub struct Signal {
    message: Message,
}

/// Where a signal stands among all messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalResult {
    /// The timetoken of the signal, which its subscribers receive with it.
    pub timetoken: Timetoken,
}

impl<M> Caller<M> {
    /// Sends a signal to all who subscribe to its channel: at most 64 bytes of JSON, never stored.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.signal().channel("lobby").message("typing").await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn signal(&self) -> Call<M, Signal> {
        self.call(Signal::default())
    }
}

impl OnChannel for Signal {
    fn channel_mut(&mut self) -> &mut Option<String> {
        &mut self.message.channel
    }
}

impl OnMessage for Signal {
    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }
}

impl Operation for Signal {
    type Output = SignalResult;

    const NAME: &'static str = "signal";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        self.message.request(config, "signal")
    }

    fn answer(&self, response: &Response) -> Result<SignalResult, Error> {
        Ok(SignalResult { timetoken: pubsub::read_sent(&response.body)? })
    }

    fn affects(&self) -> Places {
        self.message.places()
    }
}
