//! What a user says of itself, read.

use wire::presence::GetStateResult;

use crate::call::Call;
use crate::calls::{OnUser, user_or_own};
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::places::{OnPlaces, Places};
use crate::request::{Request, Response};

/// A state to read: made by [`Caller::get_state`].
#[derive(Clone, Default)]
pub struct GetState {
    places: Places,
    user: Option<String>,
}

impl<M> Caller<M> {
    /// The state of a user on these channels, and on the channels of these groups; see [`Caller::set_state`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use serde_json::json;
    ///
    /// client.set_state().channels("cellar").state(json!({"age": 20})).await?;
    /// let states = client.get_state().channels("cellar").user("ann").await?.channels;
    /// assert_eq!(states["cellar"]["age"], 20);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_state(&self) -> Call<M, GetState> {
        self.call(GetState::default())
    }
}

impl OnPlaces for GetState {
    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl OnUser for GetState {
    fn user_mut(&mut self) -> &mut Option<String> {
        &mut self.user
    }
}

impl Operation for GetState {
    type Output = GetStateResult;

    const NAME: &'static str = "get_state";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        self.places.require()?;
        let user = user_or_own(self.user.as_ref(), config)?;
        let channels = self.places.segment();
        let path = ["v2", "presence", "sub-key", &config.subscribe_key, "channel", &channels, "uuid", user];
        Ok(self.places.with_groups(Request::get(path)))
    }

    fn answer(&self, response: &Response) -> Result<GetStateResult, Error> {
        Ok(GetStateResult::read(&response.body, self.places.only_channel())?)
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }
}
