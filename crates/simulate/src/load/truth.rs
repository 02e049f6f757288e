//! What clients know of their own presence, and whether what an observer heard agrees with it.

use std::collections::BTreeMap;

use wire::presence::{Event, What};
use wire::{ChannelName, UserId};

/// What must have been told of a user on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It joined.
    Join,
    /// It left.
    Leave,
    /// It went without a word, and long enough ago.
    Timeout,
    /// It renewed so late, by its own watch, that it may have timed out and joined again.
    Perhaps,
}

/// What must have been told, by channel.
pub(super) type Marks = BTreeMap<ChannelName, Vec<Mark>>;

/// What was told of each user on each channel, in order.
pub(super) type Heard = BTreeMap<(ChannelName, UserId), Vec<Mark>>;

/// Adds a single event.
pub(super) fn hear(heard: &mut Heard, event: &Event) {
    let (user, mark) = match &event.what {
        What::Join(user, _) => (user, Mark::Join),
        What::Leave(user, _) => (user, Mark::Leave),
        What::Timeout(user, _) => (user, Mark::Timeout),
        What::StateChange(..) | What::Interval(_) => return,
    };
    heard.entry((event.channel.clone(), user.clone())).or_default().push(mark);
}

/// Whether what was heard is what must have been told.
pub(super) fn agree(told: &[Mark], heard: &[Mark]) -> bool {
    match told.split_first() {
        None => heard.is_empty(),
        Some((Mark::Perhaps, rest)) => {
            agree(rest, heard)
                || heard.strip_prefix(&[Mark::Timeout, Mark::Join]).is_some_and(|heard| agree(rest, heard))
        }
        Some((mark, rest)) => heard.split_first().is_some_and(|(first, heard)| first == mark && agree(rest, heard)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str) -> Vec<Mark> {
        let mark = |letter| match letter {
            '+' => Mark::Join,
            '-' => Mark::Leave,
            '~' => Mark::Timeout,
            _ => Mark::Perhaps,
        };
        text.chars().map(mark).collect()
    }

    #[test]
    fn what_was_heard_agrees_with_what_must_have_been_told() {
        for (told, heard, agrees) in [
            ("", "", true),
            ("+-+~", "+-+~", true),
            ("+-+~", "+-+", false),
            ("+-", "+~", false),
            ("+", "", false),
            ("", "+", false),
            ("+?-", "+-", true),
            ("+?-", "+~+-", true),
            ("+?-", "+~-", false),
            ("+?~+", "+~+", true),
            ("+?~+", "+~+~+", true),
            ("+??~", "+~+~", true),
        ] {
            assert_eq!(agree(&marks(told), &marks(heard)), agrees, "{told} and {heard}");
        }
    }
}
