//! One sign of life, and the end of them: what clients send that are present without subscribing.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::json::Json;
use crate::operation::Operation;
use crate::places::{OnPlaces, Places};
use crate::request::{Request, Response};

/// A sign of life: made by [`Caller::heartbeat`].
#[derive(Clone, Default)]
pub struct Heartbeat {
    places: Places,
    state: Json,
}

/// A leave: made by [`Caller::leave`].
#[derive(Clone, Default)]
pub struct Leave {
    places: Places,
}

/// The server has taken note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresenceResult {}

impl<M> Caller<M> {
    /// Says once that the client's user is on these channels. It holds for [`Config::presence_timeout`] seconds.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// client.heartbeat().channels("my-channel").await?;
    /// assert_eq!(client.here_now().channels("my-channel").await?.total_occupancy, 1);
    ///
    /// client.leave().channels("my-channel").await?;
    /// assert_eq!(client.here_now().channels("my-channel").await?.total_occupancy, 0);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn heartbeat(&self) -> Call<M, Heartbeat> {
        self.call(Heartbeat::default())
    }

    /// Says that the client's user is on these channels no longer; see [`Caller::heartbeat`].
    pub fn leave(&self) -> Call<M, Leave> {
        self.call(Leave::default())
    }
}

/// What else it says.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use serde_json::json;
///
/// client.heartbeat().channels("deck").state(json!({"deck": {"mood": "ok"}})).await?;
/// assert_eq!(client.get_state().channels("deck").await?.channels["deck"]["mood"], "ok");
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M> Call<M, Heartbeat> {
    /// States to set together with it: an object whose keys are the channels or groups of this call.
    pub fn state(mut self, states: impl Serialize) -> Self {
        self.operation.state = Json::of(&states);
        self
    }
}

impl Heartbeat {
    /// One at these places, with states as the text of an object.
    pub(crate) fn at(places: Places, states: Option<String>) -> Self {
        Self { places, state: states.map_or(Json::Absent, Json::Text) }
    }
}

impl Leave {
    /// One of these places.
    pub(crate) fn at(places: Places) -> Self {
        Self { places }
    }
}

impl OnPlaces for Heartbeat {
    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl OnPlaces for Leave {
    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

fn request(config: &Config, places: &Places, verb: &str) -> Result<Request, Error> {
    places.require()?;
    config.require_user()?;
    let path = ["v2", "presence", "sub-key", &config.subscribe_key, "channel", &places.segment(), verb];
    Ok(places.with_groups(Request::get(path)))
}

fn noted(response: &Response) -> Result<PresenceResult, Error> {
    let _: Map<String, Value> = wire::answer::read(&response.body)?;
    Ok(PresenceResult {})
}

impl Operation for Heartbeat {
    type Output = PresenceResult;

    const NAME: &'static str = "heartbeat";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let state = match self.state.is_given() {
            true => Some(self.state.require_object("state")?),
            false => None,
        };
        let request = request(config, &self.places, "heartbeat")?;
        Ok(request.with("heartbeat", config.presence_timeout.to_string()).with_some("state", state))
    }

    fn answer(&self, response: &Response) -> Result<PresenceResult, Error> {
        noted(response)
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }
}

impl Operation for Leave {
    type Output = PresenceResult;

    const NAME: &'static str = "leave";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        request(config, &self.places, "leave")
    }

    fn answer(&self, response: &Response) -> Result<PresenceResult, Error> {
        noted(response)
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }
}
