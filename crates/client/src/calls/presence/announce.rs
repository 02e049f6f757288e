//! Being present without subscribing.

use serde::Serialize;

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::json::Json;
use crate::operation::Operation;
use crate::places::{OnPlaces, Places};
use crate::request::{Request, Response};

/// A sign of life, or the end of one: made by [`Caller::presence`].
#[derive(Clone, Default)]
pub struct Presence {
    places: Places,
    connected: Option<bool>,
    state: Json,
}

/// The server has taken note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresenceResult {}

impl<M> Caller<M> {
    /// Says that the client's user is on these channels, or is no longer, without subscribing to them.
    ///
    /// One call is one sign of life: it holds for [`Config::presence_timeout`] seconds.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// client.presence().connected(true).channels("my-channel").await?;
    /// assert_eq!(client.here_now().channels("my-channel").await?.total_occupancy, 1);
    ///
    /// client.presence().connected(false).channels("my-channel").await?;
    /// assert_eq!(client.here_now().channels("my-channel").await?.total_occupancy, 0);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn presence(&self) -> Call<M, Presence> {
        self.call(Presence::default())
    }
}

impl<M> Call<M, Presence> {
    /// Whether the user is there (a heartbeat) or has left (a leave). Needed.
    pub fn connected(mut self, yes: bool) -> Self {
        self.operation.connected = Some(yes);
        self
    }

    /// States to set together with a heartbeat: an object whose keys are the channels or groups of this call.
    pub fn state(mut self, states: impl Serialize) -> Self {
        self.operation.state = Json::of(&states);
        self
    }
}

impl OnPlaces for Presence {
    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl Operation for Presence {
    type Output = PresenceResult;

    const NAME: &'static str = "presence";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        self.places.require()?;
        config.require_user()?;
        let connected =
            self.connected.ok_or_else(|| Error::usage("this call needs connected(true) or connected(false)"))?;
        let (channels, verb) = (self.places.segment(), if connected { "heartbeat" } else { "leave" });
        let path = ["v2", "presence", "sub-key", &config.subscribe_key, "channel", &channels, verb];
        let request = self.places.with_groups(Request::get(path));
        if !connected {
            return Ok(request);
        }
        let state = match self.state.is_given() {
            true => Some(self.state.require_object("state")?),
            false => None,
        };
        Ok(request.with("heartbeat", config.presence_timeout.to_string()).with_some("state", state))
    }

    fn answer(&self, response: &Response) -> Result<PresenceResult, Error> {
        let _: serde_json::Map<String, serde_json::Value> = wire::answer::read(&response.body)?;
        Ok(PresenceResult {})
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }
}
