//! Where a user is.

use wire::presence::WhereNowResult;

use crate::call::Call;
use crate::calls::{OnUser, user_or_own};
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::names::Names;
use crate::operation::Operation;
use crate::request::{Request, Response};

/// Where a user is: made by [`Caller::where_now`].
#[derive(Clone, Default)]
pub struct WhereNow {
    user: Option<String>,
    channels: Vec<String>,
}

impl<M> Caller<M> {
    /// The channels on which a user is present: the client's own user, unless another is named.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// let places = client.where_now().user("bob").await?;
    /// assert!(places.channels.is_empty(), "bob is nowhere");
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn where_now(&self) -> Call<M, WhereNow> {
        self.call(WhereNow::default())
    }
}

/// Where it looks.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// client.heartbeat().channels(["pier", "dock"]).await?;
/// assert_eq!(client.where_now().user("ann").among(["dock", "elsewhere"]).await?.channels, ["dock"]);
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M> Call<M, WhereNow> {
    /// Only those of the user's channels that are among these, or below a pattern among these such as `house.*`. Beyond the
    /// interface: `docs/protocol/beyond.md`.
    pub fn among(mut self, channels: impl Names) -> Self {
        self.operation.channels.extend(channels.names());
        self
    }
}

impl OnUser for WhereNow {
    fn user_mut(&mut self) -> &mut Option<String> {
        &mut self.user
    }
}

impl Operation for WhereNow {
    type Output = WhereNowResult;

    const NAME: &'static str = "where_now";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let user = user_or_own(self.user.as_ref(), config)?;
        let request = Request::get(["v2", "presence", "sub-key", &config.subscribe_key, "uuid", user]);
        Ok(request.with_some("channel", (!self.channels.is_empty()).then(|| self.channels.join(","))))
    }

    fn answer(&self, response: &Response) -> Result<WhereNowResult, Error> {
        Ok(WhereNowResult::read(&response.body)?)
    }
}
