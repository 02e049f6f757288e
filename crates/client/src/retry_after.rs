//! `Retry-After`: how long a server wants to be left alone, in seconds or as a date.

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;
use wire::Timestamp;

use crate::request::Response;

/// The longest that is believed. Who says more has a wrong clock, or means "never", and a client that waits longer looks dead.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What a response says, at this moment. A date counts from the `Date` of the same response, so that clocks which differ do no
/// harm; without one, from this client's clock.
pub(crate) fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    let wait = match !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Duration::from_secs(value.parse().unwrap_or(u64::MAX)),
        false => {
            let then = parse_http_date(value).ok()?;
            let date = response.header("date").and_then(|date| parse_http_date(date).ok());
            // Where there is no clock it stands at zero, and says nothing.
            let here = (now.millis() > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis()));
            then.duration_since(date.or(here)?).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood_and_nothing_else() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let at = Timestamp::from_millis(784_111_777_000);
        for (value, date, seconds) in [
            ("7", None, Some(7)),
            (" 0 ", None, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(30)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", None, Some(30)),
            ("Sun Nov  6 08:50:07 1994", None, Some(30)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("Sun, 06 Nov 1994 08:50:00 GMT"), Some(7)),
            (date, Some("Sun, 06 Nov 1994 08:50:00 GMT"), Some(0)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(date), Some(86_400)),
            ("99999999999999999999999999", None, Some(86_400)),
            ("soon", None, None),
            ("-1", None, None),
            ("1.5", None, None),
            ("", None, None),
        ] {
            let mut response = Response::new(429, "");
            response.headers.push(("retry-after".to_owned(), value.to_owned()));
            response.headers.extend(date.map(|date| ("date".to_owned(), date.to_owned())));
            assert_eq!(retry_after(&response, at), seconds.map(Duration::from_secs), "{value} {date:?}");
        }
        assert_eq!(retry_after(&Response::new(429, ""), at), None);

        let mut dated = Response::new(429, "");
        dated.headers.push(("retry-after".to_owned(), date.to_owned()));
        assert_eq!(retry_after(&dated, Timestamp::from_millis(0)), None, "without a clock");
    }
}
