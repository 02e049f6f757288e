//! A point in time to the microsecond, as `updated` shows it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use serde::{Deserialize, Serialize};

use crate::time::Timetoken;

/// Microseconds since the Unix epoch; negative before it.
///
/// ```
/// use wire::context::Moment;
/// let moment: Moment = "2024-03-07T10:46:53.268200+02:00".parse().unwrap();
/// assert_eq!(moment.to_string(), "2024-03-07T08:46:53.2682Z");
/// assert_eq!(Moment::from_micros(1_000_000).to_string(), "1970-01-01T00:00:01Z");
/// assert!("yesterday".parse::<Moment>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(i64);

/// A text that is no date, time and zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no ISO 8601 date, time and zone")]
pub struct InvalidMoment;

impl Moment {
    /// The moment so many microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// When something changes at `now` that changed last at this moment: always later.
    #[must_use]
    pub fn next(self, now: Self) -> Self {
        now.max(Self(self.0.saturating_add(1)))
    }
}

/// The last microsecond that is complete at that timetoken.
impl From<Timetoken> for Moment {
    fn from(timetoken: Timetoken) -> Self {
        Self(i64::try_from(timetoken.ticks() / 10).unwrap_or(i64::MAX))
    }
}

/// RFC 3339 in UTC, with as many digits after the point as say something.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Timestamp::from_microsecond(within_calendar(self.0)).unwrap_or_default().fmt(f)
    }
}

/// A date, a time and a zone, `Z` or an offset. What is below a microsecond is dropped. The calendar's first and last
/// hours, which are no instant everywhere and stand for "always" and "never", are the first and last moment there is.
impl FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        // Names of zones in brackets are an extension of another standard, and would need its database.
        if text.contains('[') {
            return Err(InvalidMoment);
        }
        let pieces = Pieces::parse(text).map_err(|_| InvalidMoment)?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.to_numeric_offset()) else { return Err(InvalidMoment) };
        let ever = if pieces.date().year() > 0 { Timestamp::MAX } else { Timestamp::MIN };
        let timestamp = offset.to_timestamp(pieces.date().to_datetime(time)).unwrap_or(ever);
        // Rounded down, also before the epoch, as a later instant must never be an earlier microsecond.
        let micros = i64::try_from(timestamp.as_nanosecond().div_euclid(1000)).map_err(|_| InvalidMoment)?;
        Ok(Self(within_calendar(micros)))
    }
}

/// The nearest microsecond that has a form in RFC 3339. Years beyond 9999 have none; no clock that works shows one.
fn within_calendar(micros: i64) -> i64 {
    micros.clamp(Timestamp::MIN.as_second() * 1_000_000, Timestamp::MAX.as_second() * 1_000_000)
}
