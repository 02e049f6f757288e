//! Messages for functions of the server, which no subscriber receives.

use wire::{Timetoken, pubsub};

use super::{Message, OnMessage, OnPublish};
use crate::call::Call;
use crate::calls::OnChannel;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Request, Response};

/// A message for functions of the server: made by [`Caller::fire`].
#[derive(Clone)]
pub struct Fire {
    message: Message,
}

/// Where such a message stands among all messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FireResult {
    /// The timetoken of the message.
    pub timetoken: Timetoken,
}

impl<M> Caller<M> {
    /// Publishes a message that is neither stored nor received by anyone: for functions that run in the server, if it has some.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.fire().channel("jobs").message([1, 2]).await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn fire(&self) -> Call<M, Fire> {
        self.call(Fire { message: Message::numbered(self.core().next_sequence()) })
    }
}

impl OnChannel for Fire {
    fn channel_mut(&mut self) -> &mut Option<String> {
        &mut self.message.channel
    }
}

impl OnMessage for Fire {
    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }
}

impl OnPublish for Fire {}

impl Operation for Fire {
    type Output = FireResult;

    const NAME: &'static str = "fire";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        Ok(self.message.request(config, "publish")?.with("store", "0").with("norep", "1"))
    }

    fn answer(&self, response: &Response) -> Result<FireResult, Error> {
        Ok(FireResult { timetoken: pubsub::read_sent(&response.body)? })
    }

    fn affects(&self) -> Places {
        self.message.places()
    }
}
