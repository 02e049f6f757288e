//! `hereabouts subscribe`: what is published, who comes and goes, and what changes, as it happens.

use std::io;
use std::sync::Arc;

use anstyle::Style;
use anyhow::Result;
use clap::Args;
use hereabouts::calls::context::Moment;
use hereabouts::{
    About, ChangeAction, Client, Config, Event, Gap, GapCause, Message, Object, Presence, SubscribeStatus,
    Subscription, Timetoken,
};
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::calling::Ask;
use crate::harmless::harmless;
use crate::output::{BAD, FAINT, GOOD, NEW, Output};
use crate::places::{Places, object};

/// What to follow.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    places: Places,
    /// Show who comes and goes, too.
    #[arg(long)]
    presence: bool,
    /// Which messages, as an expression over message and meta: 'meta.language == "en"'.
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// From which point on, as far as the server still keeps messages of it. [default: from now on]
    #[arg(long, value_name = "TIMETOKEN", value_parser = timetoken)]
    from: Option<Timetoken>,
    /// The state to be present with on these channels.
    #[arg(long, value_name = "JSON", value_parser = object)]
    state: Option<Map<String, Value>>,
    /// Seconds without a sign of life after which the user is no longer present.
    #[arg(long, value_name = "SECONDS", default_value_t = Config::DEFAULT_PRESENCE_TIMEOUT)]
    presence_timeout: u32,
    /// End after so many events. [default: at Ctrl-C]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u64>,
}

fn timetoken(text: &str) -> Result<Timetoken, String> {
    Timetoken::parse(text).ok_or_else(|| "a timetoken is a number of 100 ns since 1970".to_owned())
}

impl Ask for Arguments {
    fn configure(&self, config: Config) -> Config {
        let config = config.presence_timeout(self.presence_timeout);
        match &self.filter {
            Some(filter) => config.filter_expression(filter),
            None => config,
        }
    }

    async fn run(self, client: &Client, output: &mut Output) -> Result<()> {
        let Places { channels, group } = &self.places;
        let mut what = client.subscribe().channels(channels).channel_groups(group);
        if self.presence {
            what = what.with_presence();
        }
        if let Some(from) = self.from {
            what = what.with_timetoken(from);
        }
        let mut events = what.stream()?;
        let followed = self.follow(client, &mut events, output).await;
        // Whatever ended it, the user leaves.
        client.stop().await;
        followed
    }
}

impl Arguments {
    async fn follow(
        &self,
        client: &Client,
        events: &mut Subscription<hereabouts::Async>,
        output: &mut Output,
    ) -> Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (mut shown, mut joined) = (0, false);
        while self.limit.is_none_or(|limit| shown < limit) {
            let event = tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                event = events.next() => event,
            };
            let Some(event) = event else { break };
            if let Event::Status(status) = &event {
                self.tell(status, output)?;
                if !status.is_error() && !joined {
                    joined = true;
                    self.set_state(client).await?;
                }
                continue;
            }
            show(&event, output)?;
            shown += 1;
        }
        Ok(())
    }

    /// The state can be set once the user is there.
    async fn set_state(&self, client: &Client) -> Result<()> {
        if let Some(state) = &self.state {
            let Places { channels, group } = &self.places;
            client.set_state().channels(channels).channel_groups(group).state(state).await?;
        }
        Ok(())
    }

    /// Tells what became of the subscription: people on standard error, since it is nothing that was subscribed to. What
    /// is not tried again ends the program.
    fn tell(&self, status: &SubscribeStatus, output: &mut Output) -> Result<()> {
        let SubscribeStatus { category, error, retry_in, timetoken, .. } = status;
        if output.is_json() {
            output.document(&json!({
                "event": "status",
                "category": category.name(),
                "error": error.as_ref().map(ToString::to_string),
                "retry_in_seconds": retry_in.map(|delay| delay.as_secs_f64()),
                "timetoken": timetoken.as_ref().map(ToString::to_string),
            }))?;
        } else {
            let why = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            let again = retry_in.map(|delay| format!("; again in {:.0} s", delay.as_secs_f64())).unwrap_or_default();
            let text = format!("{}{why}{again}", category.name());
            anstream::eprintln!("{FAINT}{}{FAINT:#}", harmless(&text));
        }
        match error {
            Some(error) if retry_in.is_none() => Err(Arc::clone(error).into()),
            _ => Ok(()),
        }
    }
}

fn show(event: &Event, output: &mut Output) -> io::Result<()> {
    match event {
        Event::Message(message) => show_message("message", message, output),
        Event::Signal(message) => show_message("signal", message, output),
        Event::MessageAction(message) => show_message("message-action", message, output),
        Event::File(message) => show_message("file", message, output),
        Event::Presence(presence) => show_presence(presence, output),
        Event::Object(object) => show_object(object, output),
        Event::Gap(gap) => show_gap(gap, output),
        Event::Other(payload) => {
            let payload = read(payload.as_str());
            output.answer(&json!({"event": "other", "payload": payload}), |people| people.line(&payload.to_string()))
        }
        _ => Ok(()),
    }
}

/// A payload as a document; one that cannot be read, as text.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// When, to the second.
fn when(timetoken: Timetoken) -> String {
    let text = Moment::from(timetoken).to_string();
    format!("{}Z", text.trim_end_matches('Z').split('.').next().unwrap_or_default())
}

fn show_message(kind: &str, message: &Message, output: &mut Output) -> io::Result<()> {
    let payload = read(message.message.as_str());
    let document = json!({
        "event": kind,
        "channel": message.channel,
        "subscription": message.subscription,
        "timetoken": message.timetoken.to_string(),
        "publisher": message.publisher,
        "message": payload,
        "meta": message.user_metadata.as_ref().map(|meta| read(meta.as_str())),
        "message_type": message.custom_message_type,
    });
    let (style, text) = match kind {
        "message" => (Style::new(), payload.to_string()),
        _ => (FAINT, format!("{kind} {payload}")),
    };
    line(message.timetoken, &document, &message.channel, message.publisher.as_deref(), (style, &text), output)
}

fn show_presence(presence: &Presence, output: &mut Output) -> io::Result<()> {
    let action = presence.event.to_string();
    let state = presence.state.clone().map(Value::Object);
    let mut document = json!({
        "event": "presence",
        "action": action,
        "channel": presence.channel,
        "subscription": presence.subscription,
        "timetoken": presence.timetoken.to_string(),
        "user": presence.uuid,
        "state": state,
        "occupancy": presence.occupancy,
    });
    let lists = [("join", &presence.join), ("leave", &presence.leave), ("timeout", &presence.timeout)];
    let mut text = action.clone();
    for (name, users) in lists.into_iter().filter(|(_, users)| !users.is_empty()) {
        document[name] = users.as_slice().into();
        text.push_str(&format!(" {name}: {}", users.join(", ")));
    }
    if presence.here_now_refresh {
        document["here_now_refresh"] = true.into();
        text.push_str(" (ask here-now)");
    }
    if let Some(state) = state {
        text.push_str(&format!(" {state}"));
    }
    text.push_str(&format!(", {} here", presence.occupancy));
    let style = match action.as_str() {
        "join" => GOOD,
        "leave" | "timeout" => BAD,
        _ => NEW,
    };
    line(presence.timetoken, &document, &presence.channel, presence.uuid.as_deref(), (style, &text), output)
}

fn show_object(object: &Object, output: &mut Output) -> io::Result<()> {
    let change = crate::context::change_document(&object.change);
    let document = json!({
        "event": "object",
        "channel": object.channel,
        "subscription": object.subscription,
        "timetoken": object.timetoken.to_string(),
        "change": change,
    });
    let (user, what) = match &object.change.about {
        About::User(id) => (Some(id.as_str()), "user".to_owned()),
        About::Channel(id) => (None, format!("channel {id}")),
        About::Membership { user, channel } => (Some(user.as_str()), format!("membership of {channel}")),
    };
    let text = match object.change.action {
        ChangeAction::Set => format!("set {what}{}", named(&change["data"])),
        ChangeAction::Delete => format!("removed {what}"),
    };
    line(object.timetoken, &document, &object.channel, user, (NEW, &text), output)
}

/// The fields that a change names, if it does; what it is about and its version are not among them.
fn named(data: &Value) -> String {
    let mut fields = data.as_object().cloned().unwrap_or_default();
    fields.retain(|field, _| !["id", "uuid", "channel", "eTag", "updated"].contains(&field.as_str()));
    if fields.is_empty() { String::new() } else { format!(" {}", Value::Object(fields)) }
}

fn show_gap(gap: &Gap, output: &mut Output) -> io::Result<()> {
    let why = match gap.cause {
        GapCause::Told => "the server no longer keeps them".to_owned(),
        GapCause::QueueFull => "there were more than a queue holds".to_owned(),
        GapCause::Away => "this program was away for too long".to_owned(),
        GapCause::TimelineReset => "it is another server, or it lost its data".to_owned(),
        GapCause::SlowReader { dropped } => format!("this program was too slow for {dropped}"),
        _ => "nobody knows why".to_owned(),
    };
    let document = json!({"event": "gap", "after": gap.after.to_string(), "until": gap.until.to_string(), "why": why});
    let text = format!("events may be missing after {} until {}: {why}", gap.after, gap.until);
    output.answer(&document, |people| people.styled(&[(BAD, &text)]))
}

/// A line of what happened: when, where, who, what.
fn line(
    at: Timetoken,
    document: &Value,
    channel: &str,
    user: Option<&str>,
    (style, what): (Style, &str),
    output: &mut Output,
) -> io::Result<()> {
    let when = when(at);
    let bold = Style::new().bold();
    output.answer(document, |people| {
        people.styled(&[(FAINT, &when), (bold, channel), (bold, user.unwrap_or("-")), (style, what)])
    })
}
