//! Which channels have presence, and which of their events are announced.
//!
//! - Without rules every channel has presence and announces everything.
//! - With rules a channel has presence when a rule selects it; the first rule that does says what is announced.
//! - The name of a presence stream never has presence itself.

use wire::presence::Action;
use wire::{ChannelName, InvalidName};

/// The channel rules of a key set, in the order in which they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// One channel rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    select: Select,
    announce: Actions,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Select {
    Everything,
    Under(Box<str>),
    Exactly(ChannelName),
}

/// A set of kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actions(u8);

impl Rules {
    /// These rules. None at all means presence on every channel.
    #[must_use]
    pub const fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// What `channel` announces; `None` when it has no presence.
    #[must_use]
    pub fn announced(&self, channel: &ChannelName) -> Option<Actions> {
        if channel.is_presence() {
            return None;
        }
        if self.0.is_empty() {
            return Some(Actions::all());
        }
        self.0.iter().find(|rule| rule.selects(channel)).map(|rule| rule.announce)
    }
}

impl Rule {
    /// The rule for the channels that `select` names: one channel, a pattern (`a.*`), or all of them (`*`).
    ///
    /// # Errors
    /// When `select` is not the name of a channel.
    pub fn new(select: &str, announce: Actions) -> Result<Self, InvalidName> {
        let select = if select == "*" {
            Select::Everything
        } else if let Some(prefix) = wire::names::pattern_prefix(select) {
            Select::Under(prefix.into())
        } else {
            Select::Exactly(ChannelName::new(select)?)
        };
        Ok(Self { select, announce })
    }

    fn selects(&self, channel: &ChannelName) -> bool {
        match &self.select {
            Select::Everything => true,
            Select::Under(prefix) => channel.as_str().starts_with(&**prefix),
            Select::Exactly(name) => name == channel,
        }
    }
}

impl Actions {
    /// Every action.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Action::ALL)
    }

    /// These actions.
    #[must_use]
    pub fn of(actions: &[Action]) -> Self {
        Self(actions.iter().fold(0, |set, action| set | bit(*action)))
    }

    /// Whether `action` is one of them.
    #[must_use]
    pub fn has(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }
}

fn bit(action: Action) -> u8 {
    1 << match action {
        Action::Join => 0,
        Action::Leave => 1,
        Action::Timeout => 2,
        Action::StateChange => 3,
        Action::Interval => 4,
    }
}
