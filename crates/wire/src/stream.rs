//! Which streams a message enters: its channel, and every pattern that matches it (`docs/protocol/pubsub.md`, "Wildcards").

use smallvec::SmallVec;

use crate::names::{ChannelName, PRESENCE_SUFFIX};

/// A channel, at most two patterns, and the presence streams of the two.
pub type StreamNames = SmallVec<[String; 4]>;

/// The patterns that match `channel`, presence streams of patterns included, without the channel itself.
///
/// A stream has the name that a subscriber writes: `a.*` carries what is published on every channel below `a.`, their
/// presence events included; `a.*-pnpres` carries those events only.
///
/// ```
/// use wire::{ChannelName, stream::patterns_of};
/// let of = |text: &str| patterns_of(&ChannelName::new(text).unwrap()).into_vec();
/// assert_eq!(of("room"), [""; 0]);
/// assert_eq!(of("a.b.c"), ["a.*", "a.b.*"]);
/// assert_eq!(of("a.b-pnpres"), ["a.*", "a.*-pnpres"]);
/// assert_eq!(of("a.*-pnpres"), ["a.*"], "the stream itself is not named again");
/// ```
#[must_use]
pub fn patterns_of(channel: &ChannelName) -> StreamNames {
    let base = channel.base();
    let mut names = StreamNames::new();
    for (dot, _) in base.match_indices('.').take(ChannelName::MAX_DOTS).filter(|(dot, _)| *dot > 0) {
        let pattern = format!("{}.*", &base[..dot]);
        if channel.is_presence() {
            let presence = format!("{pattern}{PRESENCE_SUFFIX}");
            names.push(pattern);
            if presence != channel.as_str() {
                names.push(presence);
            }
        } else if pattern != channel.as_str() {
            names.push(pattern);
        }
    }
    names
}
