//! Channel groups: many channels under one name.

use wire::groups;

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::names::Names;
use crate::operation::Operation;
use crate::places::Places;
use crate::request::{Request, Response};

/// Channels to add to a group: made by [`Caller::add_channel_to_channel_group`].
#[derive(Clone, Default)]
pub struct AddChannels(Places);

/// Channels to take out of a group: made by [`Caller::remove_channel_from_channel_group`].
#[derive(Clone, Default)]
pub struct RemoveChannels(Places);

/// A group to list: made by [`Caller::list_channels_in_channel_group`].
#[derive(Clone, Default)]
pub struct ListChannels(Places);

/// A group to delete: made by [`Caller::remove_channel_group`].
#[derive(Clone, Default)]
pub struct RemoveGroup(Places);

/// All groups of the key set: made by [`Caller::list_channel_groups`].
#[derive(Clone, Default)]
pub struct ListGroups(());

/// The server has changed the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupChangedResult {}

/// What is in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChannelsResult {
    /// The channels, in no order.
    pub channels: Vec<String>,
}

/// Which groups there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupsResult {
    /// The groups that hold a channel, in no order.
    pub groups: Vec<String>,
}

impl<M> Caller<M> {
    /// Adds channels to a group. A group exists while it holds a channel.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// client.add_channel_to_channel_group().channels(["kitchen", "hall"]).channel_group("house").await?;
    /// client.remove_channel_from_channel_group().channels("hall").channel_group("house").await?;
    /// let house = client.list_channels_in_channel_group().channel_group("house").await?;
    /// assert_eq!(house.channels, ["kitchen"]);
    ///
    /// client.remove_channel_group().channel_group("house").await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn add_channel_to_channel_group(&self) -> Call<M, AddChannels> {
        self.call(AddChannels::default())
    }

    /// Takes channels out of a group; with the last one, the group is gone.
    pub fn remove_channel_from_channel_group(&self) -> Call<M, RemoveChannels> {
        self.call(RemoveChannels::default())
    }

    /// The channels in a group.
    pub fn list_channels_in_channel_group(&self) -> Call<M, ListChannels> {
        self.call(ListChannels::default())
    }

    /// Deletes a group. Its channels are not touched.
    pub fn remove_channel_group(&self) -> Call<M, RemoveGroup> {
        self.call(RemoveGroup::default())
    }

    /// All groups of the key set.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.add_channel_to_channel_group().channels("shed").channel_group("garden").await?;
    /// assert!(client.list_channel_groups().await?.groups.contains(&"garden".to_owned()));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn list_channel_groups(&self) -> Call<M, ListGroups> {
        self.call(ListGroups::default())
    }
}

/// Operations on one group.
pub trait OnGroup: Operation {
    /// The group and the channels that it names so far.
    fn places_mut(&mut self) -> &mut Places;
}

impl<M, O: OnGroup> Call<M, O> {
    /// Which group. Needed.
    pub fn channel_group(mut self, group: impl Into<String>) -> Self {
        self.operation.places_mut().groups = vec![group.into()];
        self
    }
}

impl<M> Call<M, AddChannels> {
    /// Which channels. Needed. A request holds about 200 names.
    pub fn channels(mut self, channels: impl Names) -> Self {
        self.operation.0.add_channels(channels);
        self
    }
}

impl<M> Call<M, RemoveChannels> {
    /// Which channels. Needed.
    pub fn channels(mut self, channels: impl Names) -> Self {
        self.operation.0.add_channels(channels);
        self
    }
}

/// The request for a group, with further segments of its path.
fn request<'s>(
    config: &'s Config,
    places: &'s Places,
    rest: impl IntoIterator<Item = &'s str>,
) -> Result<Request, Error> {
    let group = places.groups.first().filter(|group| !group.is_empty());
    let group = group.ok_or_else(|| Error::usage("this call needs a channel group"))?;
    let path = ["v1", "channel-registration", "sub-key", &config.subscribe_key, "channel-group", group];
    Ok(Request::get(path.into_iter().chain(rest)))
}

/// The request that changes what is in a group.
fn change(config: &Config, places: &Places, verb: &str) -> Result<Request, Error> {
    if places.channels.is_empty() {
        return Err(Error::usage("this call needs a channel"));
    }
    Ok(request(config, places, [])?.with(verb, places.channels.join(",")))
}

fn changed(response: &Response) -> Result<GroupChangedResult, Error> {
    let _: serde_json::Map<String, serde_json::Value> = wire::answer::read(&response.body)?;
    Ok(GroupChangedResult {})
}

macro_rules! on_group {
    ($name:ident, $documented:literal, $output:ty, $request:expr, $answer:expr) => {
        impl OnGroup for $name {
            fn places_mut(&mut self) -> &mut Places {
                &mut self.0
            }
        }

        impl Operation for $name {
            type Output = $output;

            const NAME: &'static str = $documented;

            fn request(&self, config: &Config) -> Result<Request, Error> {
                $request(config, &self.0)
            }

            fn answer(&self, response: &Response) -> Result<$output, Error> {
                $answer(response)
            }

            fn affects(&self) -> Places {
                self.0.clone()
            }
        }
    };
}

on_group!(
    AddChannels,
    "add_channel_to_channel_group",
    GroupChangedResult,
    |config, places| change(config, places, "add"),
    changed
);
on_group!(
    RemoveChannels,
    "remove_channel_from_channel_group",
    GroupChangedResult,
    |config, places| change(config, places, "remove"),
    changed
);
on_group!(
    ListChannels,
    "list_channels_in_channel_group",
    GroupChannelsResult,
    |config, places| request(config, places, []),
    |response: &Response| Ok(GroupChannelsResult { channels: groups::read_channels(&response.body)? })
);
on_group!(
    RemoveGroup,
    "remove_channel_group",
    GroupChangedResult,
    |config, places| request(config, places, ["remove"]),
    changed
);

impl Operation for ListGroups {
    type Output = GroupsResult;

    const NAME: &'static str = "list_channel_groups";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let path = ["v1", "channel-registration", "sub-key", &config.subscribe_key, "channel-group"];
        Ok(Request::get(path))
    }

    fn answer(&self, response: &Response) -> Result<GroupsResult, Error> {
        Ok(GroupsResult { groups: groups::read_groups(&response.body)? })
    }
}
