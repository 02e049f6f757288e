//! What a subscription hears.

use std::sync::Arc;
use std::time::Duration;

use wire::context::Change;
use wire::delivery::Envelope;
use wire::presence::{self, Action, State, What};
use wire::pubsub::Kind;
use wire::{Json, Timetoken};

use crate::error::Error;
use crate::places::Places;
use crate::status::Category;

/// What a subscription hears, in the order in which it happened.
///
/// ```
/// use hereabouts::{About, ChangeAction, Event, GapCause};
///
/// fn tell(event: &Event) {
///     match event {
///         Event::Message(message) | Event::Signal(message) => println!("{:?}: {}", message.publisher, message.message),
///         Event::Presence(presence) => println!("{} {:?}, {} here", presence.event, presence.uuid, presence.occupancy),
///         Event::Object(object) => match (&object.change.about, object.change.action) {
///             (About::User(id), ChangeAction::Set) => println!("{id} is another: {:?}", object.change.texts),
///             (about, action) => println!("{about:?}: {action:?}"),
///         },
///         Event::Status(status) if status.is_error() => println!("{:?}, again in {:?}", status.error, status.retry_in),
///         Event::Gap(gap) if gap.cause == GapCause::Away => println!("too long away since {}", gap.after),
///         other => println!("at {:?}", other.timetoken()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Someone published a message.
    Message(Message),
    /// Someone sent a signal.
    Signal(Message),
    /// Someone came, left, or has another state; or what happened so in the last interval.
    Presence(Presence),
    /// A user, a channel or a membership of app context was set or removed.
    Object(Object),
    /// Something was done to a message; the payload is as the server has it.
    MessageAction(Message),
    /// A file was sent; the payload is as the server has it.
    File(Message),
    /// Something that this crate has no name for, as it came.
    Other(Json),
    /// The subscription is connected, or not any more, or changed.
    Status(SubscribeStatus),
    /// Something may be missing.
    Gap(Gap),
}

/// A message or a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub channel: String,
    /// The channel, pattern or group by which it came.
    pub subscription: String,
    /// When, on the timeline of messages: subscribing with it goes on after this message.
    pub timetoken: Timetoken,
    /// Who published it, if the publisher said so.
    pub publisher: Option<String>,
    /// What was published.
    pub message: Json,
    /// `meta` of the publisher, which filter expressions read.
    pub user_metadata: Option<Json>,
    /// The application's own type of message.
    pub custom_message_type: Option<String>,
    /// The publisher's running number.
    pub sequence: Option<u32>,
}

/// A presence event.
///
/// ```
/// use hereabouts::{Action, Presence};
///
/// fn tell(presence: &Presence) {
///     match presence.event {
///         Action::Join => println!("{:?} is on {}", presence.uuid, presence.channel),
///         Action::Interval => println!("{} here; {:?} came", presence.occupancy, presence.join),
///         other => println!("{other}: {:?}", presence.uuid),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// What happened.
    pub event: Action,
    /// The channel that it is about.
    pub channel: String,
    /// The channel, pattern or group by which it came.
    pub subscription: String,
    /// Who; nobody alone, when it sums up an interval.
    pub uuid: Option<String>,
    /// The user's state: the one to join with, the new one, or the last one.
    pub state: Option<State>,
    /// How many users are on the channel after it.
    pub occupancy: usize,
    /// When it happened, in milliseconds since the Unix epoch.
    pub timestamp_millis: u64,
    /// When it was told, on the timeline of messages.
    pub timetoken: Timetoken,
    /// Who joined in the interval.
    pub join: Vec<String>,
    /// Who left in the interval.
    pub leave: Vec<String>,
    /// Who was not heard of any more in the interval.
    pub timeout: Vec<String>,
    /// The lists of the interval were too long, and are empty: ask here now.
    pub here_now_refresh: bool,
}

/// A change of app context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Where it was told.
    pub channel: String,
    /// The channel, pattern or group by which it came.
    pub subscription: String,
    /// When it was told, on the timeline of messages.
    pub timetoken: Timetoken,
    /// What changed, and how.
    pub change: Change,
}

/// What became of a subscription, or of what it does beside: heartbeats and leaves.
#[derive(Clone, Debug)]
pub struct SubscribeStatus {
    /// In one word.
    pub category: Category,
    /// What was done: `subscribe`, `unsubscribe`, `heartbeat` or `leave`.
    pub operation: &'static str,
    /// The channels and groups that it is about.
    pub affected: Places,
    /// What went wrong.
    pub error: Option<Arc<Error>>,
    /// After which time it is tried again. None when it is not, until something changes: another token, another
    /// subscription, or [`reconnect`](crate::Caller::reconnect).
    pub retry_in: Option<Duration>,
    /// Where the subscription stands; none before it was connected.
    pub timetoken: Option<Timetoken>,
}

impl SubscribeStatus {
    /// Whether something went wrong.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.error.is_some()
    }
}

/// Between two points, something may be missing. What is newer than `until` is complete.
///
/// ```
/// use hereabouts::{Gap, GapCause};
///
/// fn mend(gap: &Gap) {
///     match gap.cause {
///         GapCause::SlowReader { dropped } => println!("{dropped} events were dropped for this reader"),
///         cause => println!("read again what was said between {} and {}: {cause:?}", gap.after, gap.until),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// After this point.
    pub after: Timetoken,
    /// Up to and including this point.
    pub until: Timetoken,
    /// Why.
    pub cause: GapCause,
}

/// Why something may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapCause {
    /// The server said so: it keeps no messages of that time, because there were too many, or they are too old, or it was
    /// started since.
    Told,
    /// A server that says nothing of gaps sent as many messages as a queue of this protocol holds (100): there may have been more.
    QueueFull,
    /// The subscription was not connected for longer than a queue of this protocol keeps messages (20 minutes), at a
    /// server that says nothing of gaps.
    Away,
    /// The server's timeline is behind where the subscription stands: it is another server, or lost its data.
    TimelineReset,
    /// The reader of this subscription was too slow, and so many events were dropped for it alone. These are missing
    /// for certain.
    SlowReader {
        /// How many.
        dropped: u64,
    },
}

impl Event {
    /// What an envelope is, once its payload is read. One whose payload is not what its kind says is there all the same.
    pub(crate) fn of(envelope: &Envelope) -> Self {
        let message = &envelope.message;
        if message.channel.is_presence()
            && let Some(event) = presence::Event::read(&message.channel, &message.payload)
        {
            return Self::Presence(Presence::of(envelope, event));
        }
        match message.kind {
            Kind::Message => Self::Message(Message::of(envelope)),
            Kind::Signal => Self::Signal(Message::of(envelope)),
            Kind::Action => Self::MessageAction(Message::of(envelope)),
            Kind::File => Self::File(Message::of(envelope)),
            Kind::Object => match Change::read(&message.payload) {
                Some(change) => Self::Object(Object {
                    channel: message.channel.to_string(),
                    subscription: envelope.matched().to_owned(),
                    timetoken: envelope.published.timetoken,
                    change,
                }),
                None => Self::Other(message.payload.clone()),
            },
            Kind::Other(_) => Self::Other(message.payload.clone()),
        }
    }

    /// Where it stands on the timeline of messages, if it does.
    #[must_use]
    pub fn timetoken(&self) -> Option<Timetoken> {
        match self {
            Self::Message(message) | Self::Signal(message) | Self::MessageAction(message) | Self::File(message) => {
                Some(message.timetoken)
            }
            Self::Presence(presence) => Some(presence.timetoken),
            Self::Object(object) => Some(object.timetoken),
            Self::Other(_) | Self::Status(_) | Self::Gap(_) => None,
        }
    }
}

impl Message {
    fn of(envelope: &Envelope) -> Self {
        let message = &envelope.message;
        Self {
            channel: message.channel.to_string(),
            subscription: envelope.matched().to_owned(),
            timetoken: envelope.published.timetoken,
            publisher: message.publisher.as_ref().map(ToString::to_string),
            message: message.payload.clone(),
            user_metadata: message.meta.clone(),
            custom_message_type: message.message_type.as_ref().map(ToString::to_string),
            sequence: message.sequence,
        }
    }
}

impl Presence {
    fn of(envelope: &Envelope, event: presence::Event) -> Self {
        let action = event.what.action();
        let uuid = event.what.user().map(ToString::to_string);
        let (state, delta) = match event.what {
            What::Join(_, state) | What::Leave(_, state) | What::Timeout(_, state) => (state, None),
            What::StateChange(_, state) => (Some(state), None),
            What::Interval(delta) => (None, Some(delta)),
        };
        let delta = delta.unwrap_or_default();
        let texts = |users: Vec<wire::UserId>| users.iter().map(ToString::to_string).collect();
        Self {
            event: action,
            channel: event.channel.to_string(),
            subscription: envelope.matched().to_owned(),
            uuid,
            state: state.and_then(|state| state.read().ok()),
            occupancy: event.occupancy,
            timestamp_millis: event.at.millis(),
            timetoken: envelope.published.timetoken,
            join: texts(delta.join),
            leave: texts(delta.leave),
            timeout: texts(delta.timeout),
            here_now_refresh: delta.here_now_refresh,
        }
    }
}
