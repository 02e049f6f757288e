//! `hereabouts publish`, `signal`, `fire` and `time`.

use std::io::{self, BufRead, Read};

use anyhow::{Context, Result};
use clap::Args;
use hereabouts::{Client, Timetoken};
use serde_json::{Map, Value, json};

use crate::calling::Ask;
use crate::exit::misuse;
use crate::output::Output;
use crate::places::object;

/// A message, from the command line or from standard input.
#[derive(Args)]
struct Message {
    /// To which channel.
    channel: String,
    /// The message, as JSON. [default: what comes from standard input]
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    message: Option<String>,
    /// Take it as a text, and not as JSON.
    #[arg(long)]
    text: bool,
    /// From standard input, take each line as a message of its own.
    #[arg(long, conflicts_with = "message")]
    lines: bool,
    /// A type of the application's own.
    #[arg(long, value_name = "TYPE")]
    message_type: Option<String>,
}

impl Message {
    /// Hands each message to `send`, and tells where it stands.
    async fn each(
        &self,
        output: &mut Output,
        mut send: impl AsyncFnMut(Value) -> Result<Timetoken, hereabouts::Error>,
    ) -> Result<()> {
        let mut tell = async |text: &str| {
            let timetoken = send(self.read(text)?).await?;
            let document = json!({"channel": self.channel, "timetoken": timetoken.to_string()});
            Ok::<_, anyhow::Error>(output.answer(&document, |people| people.line(&format!("sent at {timetoken}")))?)
        };
        if let Some(text) = &self.message {
            return tell(text).await;
        }
        if self.lines {
            for line in io::stdin().lock().lines() {
                tell(&line.context("cannot read standard input")?).await?;
            }
            return Ok(());
        }
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).context("cannot read standard input")?;
        tell(text.trim_end_matches(['\r', '\n'])).await
    }

    fn read(&self, text: &str) -> Result<Value> {
        if self.text {
            return Ok(text.into());
        }
        serde_json::from_str(text).map_err(|why| {
            misuse(format!("the message is no JSON ({why}): a text needs quotes, as '\"hi\"', or --text"))
        })
    }
}

/// Publish a message to all who subscribe to its channel.
#[derive(Args)]
pub(crate) struct PublishArguments {
    #[command(flatten)]
    message: Message,
    /// An object that subscribers receive beside the message, and that their filters read.
    #[arg(long, value_name = "JSON", value_parser = object)]
    meta: Option<Map<String, Value>>,
    /// Whether history keeps it. [default: as the key set says]
    #[arg(long, value_name = "true|false")]
    store: Option<bool>,
    /// How many hours history keeps it; 0 is for ever. [default: as the key set says]
    #[arg(long, value_name = "HOURS")]
    ttl: Option<u32>,
    /// Send it in the body of a POST, and not in the URL. [default: when it is long]
    #[arg(long, value_name = "true|false")]
    use_post: Option<bool>,
    /// Let no subscriber receive it.
    #[arg(long)]
    no_replicate: bool,
}

impl Ask for PublishArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let Self { message, meta, store, ttl, use_post, no_replicate } = self;
        let send = async |payload| {
            let mut call = client.publish().channel(&message.channel).message(payload).replicate(!no_replicate);
            if let Some(meta) = &meta {
                call = call.meta(meta);
            }
            if let Some(yes) = store {
                call = call.should_store(yes);
            }
            if let Some(hours) = ttl {
                call = call.ttl(hours);
            }
            if let Some(yes) = use_post {
                call = call.use_post(yes);
            }
            if let Some(name) = &message.message_type {
                call = call.custom_message_type(name);
            }
            Ok(call.await?.timetoken)
        };
        message.each(output, send).await
    }
}

/// Send a signal: at most 64 bytes of JSON, never stored.
#[derive(Args)]
pub(crate) struct SignalArguments {
    #[command(flatten)]
    message: Message,
}

impl Ask for SignalArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let message = self.message;
        let send = async |payload| {
            let mut call = client.signal().channel(&message.channel).message(payload);
            if let Some(name) = &message.message_type {
                call = call.custom_message_type(name);
            }
            Ok(call.await?.timetoken)
        };
        message.each(output, send).await
    }
}

/// Send a message to what listens in the server, and to no subscriber.
#[derive(Args)]
pub(crate) struct FireArguments {
    #[command(flatten)]
    message: Message,
    /// An object beside the message.
    #[arg(long, value_name = "JSON", value_parser = object)]
    meta: Option<Map<String, Value>>,
}

impl Ask for FireArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let Self { message, meta } = self;
        let send = async |payload| {
            let mut call = client.fire().channel(&message.channel).message(payload);
            if let Some(meta) = &meta {
                call = call.meta(meta);
            }
            if let Some(name) = &message.message_type {
                call = call.custom_message_type(name);
            }
            Ok(call.await?.timetoken)
        };
        message.each(output, send).await
    }
}

/// Show the time of the server.
#[derive(Args)]
pub(crate) struct TimeArguments {}

impl Ask for TimeArguments {
    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let time = client.time().await?;
        Ok(output.answer(&json!({"timetoken": time.to_string()}), |people| people.line(&time.to_string()))?)
    }
}
