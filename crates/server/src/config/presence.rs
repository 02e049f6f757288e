//! `[presence]`: who counts as present, for how long, and what is told about it (`docs/protocol/presence.md`).

use std::time::Duration;

use wire::ChannelName;
use wire::presence::Action;

use super::error::ConfigError;
use super::section::{Section, listed};
use super::value::Value;

/// Presence of one key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Whether the key set has presence at all.
    pub enabled: bool,
    /// Up to this occupancy a channel announces each join, leave and timeout; above it, intervals.
    pub announce_max: usize,
    /// The time between two interval events.
    pub interval: Duration,
    /// Interval events say who came and went.
    pub deltas: bool,
    /// A connection that closes is a leave.
    pub leave_on_disconnect: bool,
    /// Filter expressions apply to presence events.
    pub stream_filtering: bool,
    /// What one user on several devices is.
    pub devices: Devices,
    /// While the connection of a poll lives, its user does not time out.
    pub open_poll_is_presence: bool,
    /// A subscribe renews, as a heartbeat does.
    pub renew_by_subscribe: bool,
    /// The most users that here now lists for a channel.
    pub here_now_limit_max: usize,
    /// For how long a user is present who does not say for how long.
    pub timeout: Duration,
    /// For how long at most; longer wishes are cut.
    pub timeout_max: Duration,
    /// The longest state, as JSON text.
    pub state_bytes: usize,
    /// The channel that is told when a channel gets its first user and when it loses its last one.
    pub active_notice_channel: Option<ChannelName>,
    /// The time between two snapshots of who is here.
    pub snapshot: Duration,
    /// Which channels have presence, and what is told of them; the first that matches decides. Empty: all, everything.
    pub rules: Vec<Rule>,
}

/// What one user on several devices is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    /// One occupant; a leave from any device is the user's leave.
    Single,
    /// One occupant, who leaves with the last device.
    Counted,
}

/// Presence for some channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The channels, by name or by pattern (`room.*`, or `*` for all); at least one.
    pub channels: Vec<ChannelName>,
    /// What is told of them; at least one.
    pub actions: Vec<Action>,
}

impl Presence {
    pub(super) fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        let devices = [("single", Devices::Single), ("counted", Devices::Counted)];
        let presence = Self {
            enabled: settings.flag("enabled")?,
            announce_max: settings.count("announce_max", 0..=1_000_000)?,
            interval: settings.seconds("interval_seconds", 1..=3600)?,
            deltas: settings.flag("deltas")?,
            leave_on_disconnect: settings.flag("leave_on_disconnect")?,
            stream_filtering: settings.flag("stream_filtering")?,
            devices: settings.choice("devices", &devices)?,
            open_poll_is_presence: settings.flag("open_poll_is_presence")?,
            renew_by_subscribe: settings.flag("renew_by_subscribe")?,
            here_now_limit_max: settings.count("here_now_limit_max", 1..=1_000_000)?,
            timeout: settings.seconds("timeout_seconds", 1..=65_535)?,
            timeout_max: settings.seconds("timeout_max_seconds", 1..=65_535)?,
            state_bytes: settings.count("state_bytes", 2..=1_048_576)?,
            active_notice_channel: settings.parsed(
                "active_notice_channel",
                "a channel that can be published to (at most two dots; no comma, slash, pattern or presence stream), or \
                 empty for none",
                notice_channel,
            )?,
            snapshot: settings.seconds("snapshot_seconds", 1..=10)?,
            rules: read_rules(settings)?,
        };
        if presence.timeout > presence.timeout_max {
            return Err(settings.exceeds("timeout_seconds", "timeout_max_seconds"));
        }
        Ok(presence)
    }
}

fn read_rules(settings: &Section<'_>) -> Result<Vec<Rule>, ConfigError> {
    let expected = "a list of tables with channels and actions, such as [{ channels = [\"room.*\"] }]";
    let rules = settings.tables("rules", &rule_template(), expected)?;
    rules.iter().map(|rule| Rule::read(&settings.of(rule))).collect()
}

impl Rule {
    fn read(settings: &Section<'_>) -> Result<Self, ConfigError> {
        let channels = settings.list(
            "channels",
            "names of channels, patterns such as \"room.*\" (one or two levels, then a star) or \"*\" for all",
            ruled_channel,
        )?;
        let words = Action::ALL.map(|action| format!("{:?}", action.as_str()));
        let actions = settings
            .list("actions", &listed(&words), |text| Action::ALL.into_iter().find(|action| action.as_str() == text))?;
        let missing =
            || ConfigError::Missing { table: settings.table().origin.to_string(), setting: "channels".into() };
        Ok(Self { channels: channels.ok_or_else(missing)?, actions: actions.unwrap_or_else(|| Action::ALL.to_vec()) })
    }
}

/// What a rule may say, before it says anything.
pub(super) fn rule_template() -> Value {
    Value::table("rules", ["channels", "actions"].map(|name| (name.to_owned(), Value::absent(name))))
}

/// `Some(None)` is no channel; `None` a text that cannot be one.
fn notice_channel(text: &str) -> Option<Option<ChannelName>> {
    if text.is_empty() {
        return Some(None);
    }
    let channel = ChannelName::new(text).ok()?;
    let takes_messages = !channel.is_presence() && !channel.is_pattern() && !channel.is_too_deep();
    takes_messages.then_some(Some(channel))
}

/// A star within a name is a literal character to the protocol. Whoever writes one into a rule hopes for something else
/// and would get presence nowhere, so only patterns and `*` itself, all channels, have one.
fn ruled_channel(text: &str) -> Option<ChannelName> {
    let channel = ChannelName::new(text).ok()?;
    let is_meant = !channel.is_presence() && (text == "*" || channel.is_pattern() || !text.contains('*'));
    is_meant.then_some(channel)
}
