//! What a client is set to that concerns its subscriptions.

use std::time::Duration;

use super::machine::Settings;
use super::retry::Retry;
use crate::config::Config;

/// The part of a [`Config`] that subscriptions read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscribing {
    pub(crate) filter_expression: Option<String>,
    pub(crate) presence_timeout_is_set: bool,
    heartbeat_seconds: Option<u32>,
    retry: Retry,
    suppress_leave_events: bool,
}

/// How many envelopes are remembered, so that none is handed out twice. A server that replays goes back by less than a queue of this
/// protocol (100); ten channels may do so at once.
const REMEMBERED: usize = 1000;

/// Subscriptions.
///
/// How a client subscribes.
///
/// ```
/// use hereabouts::{Config, Retry};
///
/// let config = Config::new("demo")
///     .user("ann")
///     .presence_timeout(60)
///     .heartbeat_interval(25)
///     .filter_expression("language == 'en'")
///     .suppress_leave_events(true)
///     .retry(Retry::default().at_most(5));
/// ```
impl Config {
    /// Which messages to receive: a filter expression, which the server applies to every stream of this client.
    ///
    /// ```
    /// # use hereabouts::Config;
    /// let config = Config::new("demo").filter_expression("meta.language == 'en'");
    /// ```
    #[must_use]
    pub fn filter_expression(mut self, expression: impl Into<String>) -> Self {
        self.subscribing.filter_expression = Some(expression.into()).filter(|expression| !expression.is_empty());
        self
    }

    /// Seconds between two heartbeats. Without it there are none, since polls keep a user present; with a
    /// [`presence_timeout`](Self::presence_timeout) there is one each half of that, less a second. 0 switches them off.
    #[must_use]
    pub fn heartbeat_interval(mut self, seconds: u32) -> Self {
        self.subscribing.heartbeat_seconds = Some(seconds);
        self
    }

    /// How a subscription is tried again after a failure. By default for ever, after delays of 1 to 150 seconds.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.subscribing.retry = retry;
        self
    }

    /// Whether unsubscribing tells the server to leave. By default it does; with `true` the user stays present until the
    /// [`presence_timeout`](Self::presence_timeout).
    #[must_use]
    pub fn suppress_leave_events(mut self, yes: bool) -> Self {
        self.subscribing.suppress_leave_events = yes;
        self
    }

    /// The same, for the rules of subscriptions.
    pub(crate) fn machine(&self) -> Settings {
        let Subscribing { retry, heartbeat_seconds, presence_timeout_is_set, suppress_leave_events, .. } =
            self.subscribing;
        let derived = interval(self.presence_timeout);
        let heartbeat = match heartbeat_seconds {
            Some(0) => None,
            Some(seconds) => Some(Duration::from_secs(seconds.into())),
            None => presence_timeout_is_set.then_some(derived),
        };
        Settings {
            retry,
            has_user: self.require_user().is_ok(),
            heartbeat,
            heartbeat_aside: heartbeat.unwrap_or(derived),
            leaves: !suppress_leave_events,
            remembered: REMEMBERED,
            seed: fastrand::u64(..),
        }
    }
}

/// Half the timeout, less a second for the way; less than that where the timeout is too short for it.
fn interval(timeout_seconds: u32) -> Duration {
    let timeout = Duration::from_secs(timeout_seconds.max(1).into());
    (timeout / 2).saturating_sub(Duration::from_secs(1)).max(timeout / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(config: &Config) -> Option<u128> {
        config.machine().heartbeat.map(|interval| interval.as_millis())
    }

    #[test]
    fn there_are_heartbeats_for_who_sets_a_timeout_or_an_interval() {
        let config = || Config::new("demo").user("ann");
        assert_eq!(heartbeat(&config()), None);
        assert_eq!(heartbeat(&config().presence_timeout(20)), Some(9_000));
        assert_eq!(heartbeat(&config().presence_timeout(300)), Some(149_000));
        assert_eq!(heartbeat(&config().presence_timeout(20).heartbeat_interval(5)), Some(5_000));
        assert_eq!(heartbeat(&config().heartbeat_interval(5).presence_timeout(20)), Some(5_000));
        assert_eq!(heartbeat(&config().presence_timeout(20).heartbeat_interval(0)), None);
    }

    #[test]
    fn a_short_timeout_has_two_heartbeats_in_it_at_least() {
        for (timeout, millis) in [(0, 250), (1, 250), (2, 500), (3, 750), (4, 1_000), (5, 1_500), (10, 4_000)] {
            assert_eq!(interval(timeout).as_millis(), millis, "{timeout}");
        }
    }

    #[test]
    fn presence_without_a_subscription_has_heartbeats_in_any_case() {
        assert_eq!(Config::new("demo").user("ann").machine().heartbeat_aside, Duration::from_secs(149));
    }

    #[test]
    fn without_a_user_nobody_is_present() {
        assert!(!Config::new("demo").machine().has_user);
    }
}
