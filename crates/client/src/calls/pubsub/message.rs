//! What publish, fire and signal have in common: a message and where it goes.

use serde::Serialize;

use crate::call::Call;
use crate::calls::require_channel;
use crate::config::Config;
use crate::error::Error;
use crate::json::Json;
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Method, Request};

/// A message and where it goes.
#[derive(Clone, Default)]
pub struct Message {
    pub(crate) channel: Option<String>,
    message: Json,
    meta: Json,
    message_type: Option<String>,
    use_post: Option<bool>,
    sequence: Option<u16>,
}

/// Operations that send a message.
pub trait OnMessage: Operation {
    /// The message so far.
    fn message_mut(&mut self) -> &mut Message;
}

impl<M, O: OnMessage> Call<M, O> {
    /// What: anything that can be JSON. Needed.
    pub fn message(mut self, message: impl Serialize) -> Self {
        self.operation.message_mut().message = Json::of(&message);
        self
    }

    /// A type of the application's own: 3 to 50 letters, digits, `-` and `_`.
    pub fn custom_message_type(mut self, name: impl Into<String>) -> Self {
        self.operation.message_mut().message_type = Some(name.into());
        self
    }
}

/// Operations that publish: what they send may be long, and may have something beside it.
pub trait OnPublish: OnMessage {}

impl<M, O: OnPublish> Call<M, O> {
    /// An object that subscribers receive beside the message, and that their filters read.
    pub fn meta(mut self, meta: impl Serialize) -> Self {
        self.operation.message_mut().meta = Json::of(&meta);
        self
    }

    /// Whether the message travels in the body, and not in the URL. Default: when it is long.
    pub fn use_post(mut self, yes: bool) -> Self {
        self.operation.message_mut().use_post = Some(yes);
        self
    }
}

/// Bytes of an encoded message above which it travels in the body: addresses of 8 KiB pass every proxy, longer ones may not.
const IN_PATH_MAX: usize = 4 * 1024;
/// Bytes above which the route for large messages is taken (`docs/protocol/conventions.md`, "Limits").
const SMALL_MAX: usize = 32 * 1024;

impl Message {
    /// A message with this number among those of its publisher.
    pub(crate) fn numbered(sequence: u16) -> Self {
        Self { sequence: Some(sequence), ..Self::default() }
    }

    /// The request that sends it to `route`.
    pub(crate) fn request(&self, config: &Config, route: &str) -> Result<Request, Error> {
        let publish_key = config.require_publish_key()?;
        let channel = require_channel(self.channel.as_ref())?;
        let message = self.message.require("message")?;
        let path = [route, publish_key, &config.subscribe_key, "0", channel, "0"];
        let in_body = self.use_post.unwrap_or_else(|| wire::encode(message).to_string().len() > IN_PATH_MAX);
        let request = match in_body {
            false => Request::get(path.into_iter().chain([message])),
            true if message.len() > SMALL_MAX => {
                Request::new(Method::Post, ["v2"].into_iter().chain(path)).json(message)
            }
            true => Request::new(Method::Post, path).json(message),
        };
        let meta = if self.meta.is_given() { Some(self.meta.require_object("meta")?) } else { None };
        Ok(request
            .with_some("meta", meta)
            .with_some("custom_message_type", self.message_type.as_deref())
            .with_some("seqn", self.sequence.map(|number| number.to_string())))
    }

    pub(crate) fn places(&self) -> Places {
        Places { channels: self.channel.iter().cloned().collect(), groups: Vec::new() }
    }
}
