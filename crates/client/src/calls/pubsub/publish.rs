//! Publishing: messages that subscribers receive.

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

/// A message to publish: made by [`Caller::publish`].
#[derive(Clone)]
pub struct Publish {
    message: Message,
    store: Option<bool>,
    ttl: Option<f64>,
    replicate: bool,
}

/// Where a message stands among all messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishResult {
    /// The timetoken of the message, which its subscribers receive with it.
    pub timetoken: Timetoken,
}

impl<M> Caller<M> {
    /// Publishes a message to all who subscribe to its channel.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// let sent = client.publish().channel("lobby").message("hi").await?;
    /// println!("published at {}", sent.timetoken);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn publish(&self) -> Call<M, Publish> {
        let message = Message::numbered(self.core().next_sequence());
        self.call(Publish { message, store: None, ttl: None, replicate: true })
    }
}

/// What becomes of it, and what comes with it.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use serde_json::json;
///
/// let news = client.publish().channel("news").message("rain").meta(json!({"language": "en"})).custom_message_type("note");
/// let sent = news.should_store(true).ttl(2).replicate(true).use_post(true).await?;
/// println!("sent at {}", sent.timetoken);
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M> Call<M, Publish> {
    /// Whether history keeps the message. Default: what the key set says.
    pub fn should_store(mut self, yes: bool) -> Self {
        self.operation.store = Some(yes);
        self
    }

    /// How many hours history keeps the message, half ones too; 0 is for ever. Default: what the key set says.
    pub fn ttl(mut self, hours: impl Into<f64>) -> Self {
        self.operation.ttl = Some(hours.into());
        self
    }

    /// Whether subscribers receive the message. Default: yes.
    pub fn replicate(mut self, yes: bool) -> Self {
        self.operation.replicate = yes;
        self
    }
}

impl OnChannel for Publish {
    fn channel_mut(&mut self) -> &mut Option<String> {
        &mut self.message.channel
    }
}

impl OnMessage for Publish {
    fn message_mut(&mut self) -> &mut Message {
        &mut self.message
    }
}

impl OnPublish for Publish {}

impl Operation for Publish {
    type Output = PublishResult;

    const NAME: &'static str = "publish";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let request = self.message.request(config, "publish")?;
        Ok(request
            .with_some("store", self.store.map(|yes| if yes { "1" } else { "0" }))
            .with_some("ttl", self.ttl.map(|hours| hours.to_string()))
            .with_some("norep", (!self.replicate).then_some("true")))
    }

    fn answer(&self, response: &Response) -> Result<PublishResult, Error> {
        Ok(PublishResult { timetoken: pubsub::read_sent(&response.body)? })
    }

    fn affects(&self) -> Places {
        self.message.places()
    }
}
