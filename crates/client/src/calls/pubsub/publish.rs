//! Publishing: messages that subscribers receive.

use serde::Serialize;
use wire::{Timetoken, pubsub};

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Method, Request, Response};

/// A message to publish: made by [`Caller::publish`].
#[derive(Clone, Default)]
pub struct Publish {
    channel: String,
    message: Json,
}

/// JSON text, or why there is none.
type Json = Option<Result<String, String>>;

/// Where a message stands among all messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishResult {
    /// The timetoken of the message, which its subscribers receive with it.
    pub timetoken: Timetoken,
}

impl<M> Caller<M> {
    /// Publishes a message to all who subscribe to its channel.
    ///
    /// ```no_run
    /// # async fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
    /// let sent = client.publish().channel("lobby").message("hi").await?;
    /// println!("published at {}", sent.timetoken);
    /// # Ok(()) }
    /// ```
    pub fn publish(&self) -> Call<M, Publish> {
        self.call(Publish::default())
    }
}

impl<M> Call<M, Publish> {
    /// Where to. Needed.
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.operation.channel = channel.into();
        self
    }

    /// What: anything that can be JSON. Needed.
    pub fn message(mut self, message: impl Serialize) -> Self {
        self.operation.message = Some(serde_json::to_string(&message).map_err(|why| why.to_string()));
        self
    }
}

impl Operation for Publish {
    type Output = PublishResult;

    const NAME: &'static str = "publish";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let publish_key = config.require_publish_key()?;
        let message = match &self.message {
            Some(Ok(message)) => message,
            Some(Err(why)) => return Err(Error::usage(format!("the message cannot be JSON: {why}"))),
            None => return Err(Error::usage("this call needs a message")),
        };
        let segments = ["publish", publish_key, &config.subscribe_key, "0", &self.channel, "0", message];
        Ok(Request::new(Method::Get, segments))
    }

    fn answer(&self, response: &Response) -> Result<PublishResult, Error> {
        Ok(PublishResult { timetoken: pubsub::read_sent(&response.body)? })
    }

    fn affects(&self) -> Places {
        Places { channels: vec![self.channel.clone()], groups: Vec::new() }
    }
}
