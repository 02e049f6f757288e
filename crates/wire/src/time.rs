//! The two clocks of the wire: timetokens (100 ns) order messages; timestamps (ms) measure presence.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A point on the timeline of messages: 100 ns units since the Unix epoch, 17 digits today.
///
/// ```
/// use wire::Timetoken;
/// assert_eq!(Timetoken::parse("17000000000000001").unwrap().to_string(), "17000000000000001");
/// assert!(Timetoken::parse("soon").is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timetoken(u64);

impl Timetoken {
    /// Before every message.
    pub const ZERO: Self = Self(0);
    /// After every message. Kept below `i64::MAX`, which SQLite and several clients hold timetokens in.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The timetoken of so many 100 ns units since the Unix epoch.
    #[must_use]
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// 100 ns units since the Unix epoch.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// A timetoken as clients send it: decimal digits. Numbers too large for the type become [`Timetoken::MAX`],
    /// since a client may ask to wait from any future point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(text.parse().map_or(Self::MAX, |ticks: u64| Self(ticks.min(Self::MAX.0))))
    }

    /// The largest timetoken below this one.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// This point, as many milliseconds after the epoch as are complete.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0 / 10_000)
    }

    /// This point moved back.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(ticks_of(duration)))
    }
}

/// The timetoken of so many 100 ns units since the Unix epoch.
impl From<u64> for Timetoken {
    fn from(ticks: u64) -> Self {
        Self(ticks)
    }
}

impl Add<Duration> for Timetoken {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ticks_of(duration)))
    }
}

fn ticks_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos() / 100).unwrap_or(u64::MAX)
}

/// How many digits a timetoken has at least: clients check the length.
const DIGITS: usize = 17;

impl Timetoken {
    /// Appends what [`Display`](fmt::Display) shows. Every reply to a subscriber has one.
    ///
    /// ```
    /// let mut out = Vec::new();
    /// wire::Timetoken::from_ticks(15_000_000_000_000).write(&mut out);
    /// assert_eq!(out, b"00015000000000000");
    /// ```
    pub fn write(self, out: &mut Vec<u8>) {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(self.0).as_bytes();
        out.extend(std::iter::repeat_n(b'0', DIGITS.saturating_sub(digits.len())));
        out.extend_from_slice(digits);
    }
}

impl fmt::Display for Timetoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$}", self.0)
    }
}

/// A timetoken as it stands in an answer: a number, or its digits.
#[derive(Deserialize)]
#[serde(try_from = "NumberOrDigits")]
pub(crate) struct Ticks(pub(crate) Timetoken);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrDigits {
    Number(u64),
    Digits(CompactString),
}

impl TryFrom<NumberOrDigits> for Ticks {
    type Error = &'static str;

    fn try_from(ticks: NumberOrDigits) -> Result<Self, &'static str> {
        let timetoken = match ticks {
            NumberOrDigits::Number(ticks) => Some(Timetoken::from_ticks(ticks)),
            NumberOrDigits::Digits(text) => Timetoken::parse(&text),
        };
        timetoken.map(Self).ok_or("no timetoken")
    }
}

/// A point in time for presence: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The timestamp of so many milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Complete seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}
