//! The polls of a subscription, and what failures mean for it. Heartbeats and leaves are those of
//! [`calls::presence`](crate::calls::presence).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use wire::Json;
use wire::delivery::{Cursor, Delivery, Gap};

use super::machine::{Failure, FailureKind, Polled};
use super::name::{Name, NameSet, apart};
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Request, Response};

/// A poll: what is newer than a cursor; without one, a first call that asks for it.
pub(crate) struct Poll {
    pub(crate) places: Places,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) states: BTreeMap<Name, Json>,
}

/// Names as calls have them.
pub(crate) fn places(names: &NameSet) -> Places {
    let (channels, groups) = apart(names);
    Places { channels, groups }
}

impl Operation for Poll {
    type Output = Polled;

    const NAME: &'static str = "subscribe";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let request = Request::get(["v2", "subscribe", &config.subscribe_key, &self.places.segment(), "0"]);
        let cursor = self.cursor.unwrap_or_default();
        let request = self
            .places
            .with_groups(request)
            .with(
                "tt",
                match self.cursor {
                    Some(cursor) => cursor.timetoken.to_string(),
                    None => "0".to_owned(),
                },
            )
            .with_some("tr", cursor.region.map(|region| region.to_string()))
            .with_some("filter-expr", config.subscribing.filter_expression.clone())
            .with("heartbeat", config.presence_timeout.to_string())
            .with_some("state", text_of(&self.states));
        Ok(Request { timeout: Some(config.subscribe_timeout), ..request })
    }

    fn answer(&self, response: &Response) -> Result<Polled, Error> {
        let header = response.header(&Gap::HEADER.to_ascii_lowercase());
        let delivery = Delivery::read(&response.body)?;
        Ok(Polled { delivery, gap: header.and_then(Gap::read), tells_gaps: header.is_some() })
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }
}

/// States by channel or group, as one JSON object.
pub(crate) fn text_of(states: &BTreeMap<Name, Json>) -> Option<String> {
    let members = states.iter().map(|(name, state)| format!("{}:{state}", Value::from(name.as_str())));
    let members: Vec<String> = members.collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

impl From<Error> for Failure {
    /// What a failure means for a subscription.
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::AccessDenied => FailureKind::Denied(denied(&error)),
            // A group that is empty may have channels a minute later.
            ErrorKind::BadRequest if error.message() == EMPTY_GROUPS || error.status() == Some(TOO_SLOW) => {
                FailureKind::Temporary(None)
            }
            ErrorKind::RateLimited | ErrorKind::Unavailable => FailureKind::Temporary(error.retry_after()),
            // A page instead of an answer, or a way to one, is what a network shows whose user has not logged in yet.
            ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::Redirected | ErrorKind::MalformedAnswer => {
                FailureKind::Temporary(None)
            }
            // The next answer to the same request would be as long.
            ErrorKind::AnswerTooLarge
            | ErrorKind::Usage
            | ErrorKind::BadRequest
            | ErrorKind::NotFound
            | ErrorKind::ETagMismatch => FailureKind::Refused,
        };
        Self { kind, error: Arc::new(error) }
    }
}

/// What a server says to a subscribe to groups alone that hold no channel.
const EMPTY_GROUPS: &str = "Channel group or groups result in empty subscription set";
/// The status for a request that did not arrive in time.
const TOO_SLOW: u16 = 408;

fn denied(error: &Error) -> NameSet {
    let channels = error.channels().iter().filter_map(|text| Name::channel(text).ok());
    let groups = error.groups().iter().filter_map(|text| Name::group(text).ok());
    channels.chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::presence::{Heartbeat, Leave};
    use crate::subscribe::machine::tests::{at, names};

    fn config() -> Config {
        Config::new("demo").user("ann").presence_timeout(60).filter_expression("lang == 'en'")
    }

    #[test]
    fn a_first_call_has_no_region_and_a_poll_gives_the_cursor_back() {
        let poll = |cursor| Poll { places: places(&names("room a.* group:friends")), cursor, states: BTreeMap::new() };
        assert_eq!(
            poll(None).request(&config()).unwrap().target(),
            "/v2/subscribe/demo/a.%2A%2Croom/0?channel-group=friends&tt=0&filter-expr=lang%20%3D%3D%20%27en%27&heartbeat=60"
        );
        let cursor = Cursor { timetoken: at(17_000_000_000_000_000), region: Some(12) };
        let target = poll(Some(cursor)).request(&config()).unwrap().target();
        assert!(target.contains("&tt=17000000000000000&tr=12&"), "{target}");
    }

    #[test]
    fn states_travel_with_what_joins() {
        let states = BTreeMap::from([(Name::channel("a\"b").unwrap(), Json::parse(r#"{"mood": "ok"}"#).unwrap())]);
        let heartbeat = Heartbeat::at(places(&names("a\"b")), text_of(&states));
        let request = heartbeat.request(&config()).unwrap();
        let state = request.query.iter().find(|(name, _)| name == "state").unwrap();
        assert_eq!(state.1, r#"{"a\"b":{"mood": "ok"}}"#);
        assert!(request.target().starts_with("/v2/presence/sub-key/demo/channel/a%22b/heartbeat?heartbeat=60"));
    }

    #[test]
    fn groups_alone_stand_beside_a_comma() {
        let leave = Leave::at(places(&names("group:friends")));
        let target = leave.request(&config()).unwrap().target();
        assert_eq!(target, "/v2/presence/sub-key/demo/channel/%2C/leave?channel-group=friends");
    }

    #[test]
    fn failures_are_sorted_by_what_follows_from_them() {
        let answered = |status, body: &str, headers: &[(&str, &str)]| {
            let mut response = Response::new(status, body);
            let owned = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            response.headers.extend(owned);
            Failure::from(Error::of(&response, wire::Timestamp::from_millis(0))).kind
        };
        let forbidden =
            r#"{"message":"Forbidden","payload":{"channels":["a"],"channel-groups":[":g"]},"error":true,"status":403}"#;
        assert_eq!(answered(403, forbidden, &[]), FailureKind::Denied(names("a group:g")));
        let expired = r#"{"message":"Token is expired","error":true,"service":"Access Manager","status":403}"#;
        assert_eq!(answered(403, expired, &[]), FailureKind::Denied(NameSet::new()));
        let seconds = |seconds| Some(std::time::Duration::from_secs(seconds));
        assert_eq!(answered(429, "{}", &[("retry-after", "7")]), FailureKind::Temporary(seconds(7)));
        assert_eq!(answered(503, "", &[("retry-after", "1")]), FailureKind::Temporary(seconds(1)));
        let empty = r#"{"status":400,"service":"PubSub","error":true,"message":"Channel group or groups result in empty subscription set"}"#;
        for (status, body) in [(500, ""), (502, "<html>"), (408, ""), (302, ""), (400, empty)] {
            assert_eq!(answered(status, body, &[]), FailureKind::Temporary(None), "{status}");
        }
        for status in [400, 404, 405, 413, 414, 481] {
            assert_eq!(answered(status, "", &[]), FailureKind::Refused, "{status}");
        }
        for error in [Error::timeout("late"), Error::connection("gone"), Error::malformed("html")] {
            assert_eq!(Failure::from(error).kind, FailureKind::Temporary(None));
        }
        assert_eq!(Failure::from(Error::answer_too_large(1)).kind, FailureKind::Refused);
    }
}
