//! What was handed out lately, so that a server which repeats itself after a reconnect is not believed twice.
//!
//! The cursor alone makes no repetitions. A server may: one that hands a client over to another replays from a little
//! earlier, and one that was killed tells its last changes of app context again. Bounded: the oldest are forgotten.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use wire::Timetoken;
use wire::context::Change;
use wire::delivery::Envelope;
use wire::pubsub::Kind;

/// The last things that were handed out.
#[derive(Debug)]
pub(crate) struct Recent {
    keys: VecDeque<Key>,
    known: HashSet<Key>,
    capacity: usize,
}

/// What makes two envelopes the same: when, by which subscription, and what. Of the last two a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    timetoken: Timetoken,
    matched: u64,
    content: u64,
}

impl Recent {
    /// Remembers so many; with none, everything is new.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { keys: VecDeque::new(), known: HashSet::new(), capacity }
    }

    /// Notes it. False when it was there before.
    pub(crate) fn is_new(&mut self, envelope: &Envelope) -> bool {
        let keys = keys(envelope);
        if keys.iter().any(|key| self.known.contains(key)) {
            return false;
        }
        for key in keys {
            self.known.insert(key);
            self.keys.push_back(key);
        }
        while self.keys.len() > self.capacity {
            if let Some(oldest) = self.keys.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }

    /// Forgets what came by this subscription after that point: it is wanted again.
    pub(crate) fn forget(&mut self, matched: &str, after: Timetoken) {
        let matched = hash(&matched);
        self.keys.retain(|key| {
            // A change of app context has a key without a time.
            let keep = key.matched != matched || (key.timetoken <= after && key.timetoken != Timetoken::ZERO);
            if !keep {
                self.known.remove(key);
            }
            keep
        });
    }

    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.known.clear();
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.keys.len().max(self.known.len())
    }
}

fn keys(envelope: &Envelope) -> Vec<Key> {
    let message = &envelope.message;
    let matched = hash(&envelope.matched());
    let content = hash(&(message.channel.as_str(), message.kind.number(), message.payload.as_str()));
    let mut keys = vec![Key { timetoken: envelope.published.timetoken, matched, content }];
    // Told again, a change has another timetoken. What it says has a time of its own, unless it is a removal.
    if message.kind == Kind::Object && Change::read(&message.payload).is_some_and(|change| change.updated.is_some()) {
        keys.push(Key { timetoken: Timetoken::ZERO, matched, content });
    }
    keys
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use wire::Json;

    use super::*;

    fn envelope(text: &str) -> Envelope {
        Envelope::read(&Json::parse(text).unwrap()).unwrap()
    }

    fn message(timetoken: u64, matched: &str) -> Envelope {
        envelope(&format!(r#"{{"p":{{"t":"{timetoken}","r":1}},"c":"room","d":"hi","b":"{matched}"}}"#))
    }

    fn change(timetoken: u64, data: &str) -> Envelope {
        envelope(&format!(
            r#"{{"e":2,"p":{{"t":"{timetoken}","r":1}},"c":"ann","d":{{"source":"objects","event":"set","type":"uuid","data":{data}}}}}"#
        ))
    }

    #[test]
    fn the_same_envelope_is_new_once_and_another_subscription_has_its_own_copy() {
        let mut recent = Recent::new(10);
        assert!(recent.is_new(&message(5, "room")));
        assert!(!recent.is_new(&message(5, "room")));
        assert!(recent.is_new(&message(5, "friends")), "delivered once for each that matched");
        assert!(recent.is_new(&message(6, "room")));
        let bare = envelope(r#"{"p":{"t":"5"},"c":"room","d":"hi"}"#);
        assert!(!recent.is_new(&bare), "without b it is the channel's");
    }

    #[test]
    fn a_change_that_is_told_again_is_not_new_although_its_timetoken_is() {
        let mut recent = Recent::new(10);
        let data = r#"{"id":"ann","eTag":"e1","updated":"2025-09-15T19:51:51.757001Z"}"#;
        assert!(recent.is_new(&change(5, data)));
        assert!(!recent.is_new(&change(9, data)));
        assert!(recent.is_new(&change(10, r#"{"id":"ann"}"#)) && recent.is_new(&change(11, r#"{"id":"ann"}"#)));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut recent = Recent::new(3);
        for timetoken in 1..=100 {
            assert!(recent.is_new(&message(timetoken, "room")));
            assert!(recent.len() <= 3);
        }
        assert!(!recent.is_new(&message(98, "room")) && recent.is_new(&message(97, "room")));
    }

    #[test]
    fn what_is_wanted_again_is_forgotten_for_that_subscription_alone() {
        let mut recent = Recent::new(10);
        for timetoken in 1..=3 {
            recent.is_new(&message(timetoken, "room"));
            recent.is_new(&message(timetoken, "friends"));
        }
        recent.forget("room", Timetoken::from_ticks(1));
        let is_new = |recent: &mut Recent, matched| -> Vec<bool> {
            (1..=3).map(|timetoken| recent.is_new(&message(timetoken, matched))).collect()
        };
        assert_eq!(is_new(&mut recent, "room"), [false, true, true]);
        assert_eq!(is_new(&mut recent, "friends"), [false; 3]);
    }
}
