//! What a user says of itself on a channel.

use serde::Serialize;
use wire::presence::SetStateResult;

use crate::call::Call;
use crate::calls::{OnUser, user_or_own};
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::json::Json;
use crate::operation::Operation;
use crate::places::{OnPlaces, Places};
use crate::request::{Request, Response};

/// A state to set: made by [`Caller::set_state`].
#[derive(Clone, Default)]
pub struct SetState {
    places: Places,
    state: Json,
    user: Option<String>,
}

impl<M> Caller<M> {
    /// Sets the state of a user on these channels, and on the channels of these groups. It replaces the one that is there, lasts as
    /// long as the user is present, and is told to whoever listens to presence events.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use serde_json::json;
    ///
    /// client.set_state().channels(["ch1", "ch2"]).state(json!({"age": 20})).await?;
    /// let states = client.get_state().channels(["ch1", "ch2"]).await?;
    /// assert_eq!(states.channels["ch2"]["age"], 20);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn set_state(&self) -> Call<M, SetState> {
        self.call(SetState::default())
    }
}

impl<M> Call<M, SetState> {
    /// The state: anything that is a JSON object. Needed; an empty object clears it.
    pub fn state(mut self, state: impl Serialize) -> Self {
        self.operation.state = Json::of(&state);
        self
    }
}

impl OnPlaces for SetState {
    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl OnUser for SetState {
    fn user_mut(&mut self) -> &mut Option<String> {
        &mut self.user
    }
}

impl Operation for SetState {
    type Output = SetStateResult;

    const NAME: &'static str = "set_state";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        self.places.require()?;
        let user = user_or_own(self.user.as_ref(), config)?;
        let channels = self.places.segment();
        let path = ["v2", "presence", "sub-key", &config.subscribe_key, "channel", &channels, "uuid", user, "data"];
        let state = self.state.require_object("state")?;
        Ok(self.places.with_groups(Request::get(path)).with("state", state))
    }

    fn answer(&self, response: &Response) -> Result<SetStateResult, Error> {
        Ok(SetStateResult::read(&response.body)?)
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }

    fn sets_state(&self) -> Option<(Places, wire::Json)> {
        // Another user's state is not this client's to repeat.
        let text = self.state.require_object("state").ok().filter(|_| self.user.is_none())?;
        Some((self.places.clone(), wire::Json::parse(text)?))
    }
}
