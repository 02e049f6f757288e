//! Names as types: checked once at the door, never asked about again (`docs/protocol/conventions.md`, "Channel names").

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// What ends the name of a presence stream.
pub const PRESENCE_SUFFIX: &str = "-pnpres";

/// A text that is not allowed as the name it was offered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Names have at least one character.
    #[error("the name is empty")]
    Empty,
    /// The text is longer than the protocol allows.
    #[error("the name is longer than {0}")]
    TooLong(usize),
    /// The text holds a character that the protocol keeps for itself.
    #[error("the name holds the reserved character {0:?}")]
    Reserved(char),
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "CompactString", into = "CompactString")]
        pub struct $name(CompactString);

        impl $name {
            /// The name, if `text` is allowed as one.
            ///
            /// # Errors
            /// [`InvalidName`] says what is wrong with the text.
            pub fn new(text: impl Into<CompactString>) -> Result<Self, InvalidName> {
                let text = text.into();
                $check(&text)?;
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<CompactString> for $name {
            type Error = InvalidName;

            fn try_from(text: CompactString) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for CompactString {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a channel, of its presence stream (`…-pnpres`), or of a pattern taken literally (`a.*`).
    ///
    /// Never empty, at most [`ChannelName::MAX_BYTES`], without `,`, `/` and control characters.
    ///
    /// ```
    /// use wire::ChannelName;
    /// assert_eq!(ChannelName::new("lobby").unwrap().as_str(), "lobby");
    /// assert!(ChannelName::new("a,b").is_err());
    /// ```
    ChannelName, |text: &str| check(text, ChannelName::MAX_BYTES, text.len(), &[',', '/'])
}

name! {
    /// The name of a channel group: at most [`GroupName::MAX_CHARACTERS`], none of `, : * / \` or space.
    GroupName, |text: &str| check(text, GroupName::MAX_CHARACTERS, text.chars().count(), &[',', ':', '*', '/', '\\', ' '])
}

name! {
    /// Who a client says it is: any text of 1 to [`UserId::MAX_CHARACTERS`] characters.
    UserId, |text: &str| match text.is_empty() {
        true => Err(InvalidName::Empty),
        false if text.chars().count() > UserId::MAX_CHARACTERS => Err(InvalidName::TooLong(UserId::MAX_CHARACTERS)),
        false => Ok(()),
    }
}

name! {
    /// The id of a user or channel in app context: at most [`RecordId::MAX_CHARACTERS`], none of `, / \ * :` and no
    /// control characters. It is a channel's name as well, and the other way round it need not be.
    ///
    /// ```
    /// use wire::RecordId;
    /// assert!(RecordId::new("ann@example.org").is_ok());
    /// assert!(RecordId::new("a:b").is_err());
    /// assert!(RecordId::new("é".repeat(92)).is_ok() && RecordId::new("é".repeat(93)).is_err());
    /// ```
    RecordId, |text: &str| {
        check(text, RecordId::MAX_CHARACTERS, text.chars().count(), &[',', '/', '\\', '*', ':'])
    }
}

name! {
    /// One running client of a user, as it names itself (`instanceid`). Empty when it does not.
    InstanceId, |text: &str| match text.len() > InstanceId::MAX_BYTES {
        true => Err(InvalidName::TooLong(InstanceId::MAX_BYTES)),
        false => Ok(()),
    }
}

name! {
    /// What identifies a key set in the path of nearly every request. Opaque.
    SubscribeKey, |text: &str| check(text, KEY_MAX_BYTES, text.len(), &[',', '/'])
}

name! {
    /// What a publisher shows in the path of publish and signal. Opaque.
    PublishKey, |text: &str| check(text, KEY_MAX_BYTES, text.len(), &[',', '/'])
}

/// Cloud keys have 42 characters; room for other schemes, yet bounded because keys stand in metric labels.
const KEY_MAX_BYTES: usize = 128;

#[inline]
fn check(text: &str, max: usize, length: usize, reserved: &[char]) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty);
    }
    if length > max {
        return Err(InvalidName::TooLong(max));
    }
    // Nearly all names are of ASCII, where a byte is a character.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !reserved.contains(&char::from(byte));
    if text.bytes().all(is_plain) {
        return Ok(());
    }
    match text.chars().find(|c| c.is_control() || reserved.contains(c)) {
        Some(character) => Err(InvalidName::Reserved(character)),
        None => Ok(()),
    }
}

impl ChannelName {
    /// Documented are 92 characters; what we replace accepts more, so we do, up to a bound.
    pub const MAX_BYTES: usize = 2048;
    /// A name that is published to has at most this many dots.
    pub const MAX_DOTS: usize = 2;

    /// Whether this names a presence stream.
    #[must_use]
    pub fn is_presence(&self) -> bool {
        self.0.ends_with(PRESENCE_SUFFIX)
    }

    /// The name of this channel's presence stream.
    #[must_use]
    pub fn presence(&self) -> Self {
        let mut text = self.0.clone();
        text.push_str(PRESENCE_SUFFIX);
        Self(text)
    }

    /// The name without the presence suffix.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.strip_suffix(PRESENCE_SUFFIX).unwrap_or(&self.0)
    }

    /// Whether this is a pattern: a prefix of at most two levels, then `.*` (`a.*`, `a.b.*`).
    ///
    /// ```
    /// use wire::ChannelName;
    /// let is = |text: &str| ChannelName::new(text).unwrap().is_pattern();
    /// assert!(is("a.*") && is("a.b.*"));
    /// assert!(!is("*") && !is("a*") && !is("a.*.b") && !is("a.b.c.*") && !is(".*"));
    /// ```
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        pattern_prefix(&self.0).is_some()
    }

    /// Whether a message may be published to this name, as far as its levels go.
    #[must_use]
    pub fn is_too_deep(&self) -> bool {
        self.0.bytes().filter(|byte| *byte == b'.').count() > Self::MAX_DOTS
    }
}

impl GroupName {
    /// The longest name a group may have.
    pub const MAX_CHARACTERS: usize = 92;
}

impl UserId {
    /// The longest id a user may have.
    pub const MAX_CHARACTERS: usize = 92;
}

impl RecordId {
    /// The longest id of a record.
    pub const MAX_CHARACTERS: usize = 92;
}

impl InstanceId {
    /// Clients send a UUID of 36 bytes.
    pub const MAX_BYTES: usize = 92;

    /// The instance of a client that does not name itself.
    #[must_use]
    pub const fn unnamed() -> Self {
        Self(CompactString::const_new(""))
    }
}

/// The prefix that a pattern stands for, its last dot included: `a.b.` of `a.b.*`.
///
/// ```
/// assert_eq!(wire::names::pattern_prefix("a.b.*"), Some("a.b."));
/// assert_eq!(wire::names::pattern_prefix("a.b"), None);
/// ```
#[must_use]
pub fn pattern_prefix(text: &str) -> Option<&str> {
    let prefix = text.strip_suffix('*')?;
    let levels = prefix.strip_suffix('.')?;
    let dots = prefix.bytes().filter(|byte| *byte == b'.').count();
    (!levels.is_empty() && dots <= ChannelName::MAX_DOTS).then_some(prefix)
}
