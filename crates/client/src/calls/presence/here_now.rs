//! Who is here.

use wire::presence::HereNowResult;

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::places::{OnPlaces, Places};
use crate::request::{Request, Response};

/// Who is here: made by [`Caller::here_now`].
#[derive(Clone, Default)]
pub struct HereNow {
    places: Places,
    include_state: bool,
    without_users: bool,
    limit: Option<u32>,
    offset: Option<u64>,
    patterns: bool,
}

impl HereNow {
    /// The most users that an answer lists for a channel, and how many it lists unless told otherwise.
    pub const LIMIT_MAX: u32 = 1000;
}

impl<M> Caller<M> {
    /// Who is on these channels, and on the channels of these groups; without either, on all channels of the key set.
    ///
    /// ```no_run
    /// # async fn example(client: hereabouts::Client) -> Result<(), hereabouts::Error> {
    /// let here = client.here_now().channels("lobby").include_state(true).await?;
    /// for channel in &here.channels {
    ///     println!("{}: {} here", channel.channel_name, channel.occupancy);
    ///     for occupant in &channel.occupants {
    ///         println!("  {} {:?}", occupant.user, occupant.state);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn here_now(&self) -> Call<M, HereNow> {
        self.call(HereNow::default())
    }
}

/// What of it the answer shows.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use serde_json::json;
///
/// let states = json!({"attic.west": {"mood": "ok"}});
/// client.heartbeat().channels(["attic.east", "attic.west"]).state(states).await?;
/// let here = client.here_now().channels("attic.west").include_state(true).limit(10).offset(0).await?;
/// assert_eq!(here.channels[0].occupants[0].state.as_ref().unwrap()["mood"], "ok");
///
/// let counted = client.here_now().channels("attic.*").patterns(true).include_users(false).await?;
/// assert_eq!((counted.total_channels, counted.total_occupancy), (2, 2));
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M> Call<M, HereNow> {
    /// Whether the answer has the state of each user. Default: no.
    pub fn include_state(mut self, yes: bool) -> Self {
        self.operation.include_state = yes;
        self
    }

    /// Whether the answer lists the users, and not only their number. Default: yes.
    pub fn include_users(mut self, yes: bool) -> Self {
        self.operation.without_users = !yes;
        self
    }

    /// The same as [`include_users`](Self::include_users), by its documented name.
    pub fn include_uuids(self, yes: bool) -> Self {
        self.include_users(yes)
    }

    /// How many users to list for each channel, at most. Default, and most: 1,000.
    pub fn limit(mut self, limit: u32) -> Self {
        self.operation.limit = Some(limit);
        self
    }

    /// How many users of each channel to pass over first. Default: none.
    pub fn offset(mut self, offset: u64) -> Self {
        self.operation.offset = Some(offset);
        self
    }

    /// Whether a channel such as `house.*` means all occupied channels below `house.`, and not the channel that is named so.
    /// Default: no. Beyond the interface: `docs/protocol/beyond.md`.
    pub fn patterns(mut self, yes: bool) -> Self {
        self.operation.patterns = yes;
        self
    }
}

impl OnPlaces for HereNow {
    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl Operation for HereNow {
    type Output = HereNowResult;

    const NAME: &'static str = "here_now";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let key = &config.subscribe_key;
        let request = match self.places.is_empty() {
            true => Request::get(["v2", "presence", "sub-key", key]),
            false => Request::get(["v2", "presence", "sub-key", key, "channel", &self.places.segment()]),
        };
        let flag = |yes: bool| yes.then_some("1");
        Ok(self
            .places
            .with_groups(request)
            .with_some("state", flag(self.include_state))
            .with_some("disable_uuids", flag(self.without_users))
            .with_some("limit", self.limit.map(|limit| limit.to_string()))
            .with_some("offset", self.offset.map(|offset| offset.to_string()))
            .with_some("patterns", flag(self.patterns)))
    }

    fn answer(&self, response: &Response) -> Result<HereNowResult, Error> {
        let mut result = HereNowResult::read(&response.body, self.places.only_channel())?;
        let limit = u64::from(self.limit.unwrap_or(Self::LIMIT_MAX));
        let listed_until = self.offset.unwrap_or(0).saturating_add(limit);
        let more = result.channels.iter().any(|channel| channel.occupancy > listed_until);
        result.next_offset = (more && limit > 0 && !self.without_users).then_some(listed_until);
        Ok(result)
    }

    fn affects(&self) -> Places {
        self.places.clone()
    }
}
