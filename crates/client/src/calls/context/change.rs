//! Memberships, set and removed, from either end. One request; the calls differ in what they let one name.

use std::marker::PhantomData;

use serde_json::{Value, json};
use wire::context::answer::{ListResult, read_list};

use super::OnRecord;
use super::entry::{ChannelMemberEntry, ChannelMembershipEntry, Entry};
use super::include::{IncludeMemberships, IncludeRecord, Included, OfRecords};
use super::kind::{Channels, Kind, Users};
use super::list::{Listing, ListingOptions};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// Memberships to set or to remove: made by [`Caller::set_memberships`] and its siblings.
///
/// `K` is the kind whose memberships these are, and `V` what the call does: [`Setting`], [`Removing`] or [`Managing`].
pub struct Change<K: Kind, V> {
    owner: Option<String>,
    set: Vec<Entry<K::Other>>,
    remove: Vec<Entry<K::Other>>,
    merges: bool,
    listing: ListingOptions,
    included: Included,
    verb: PhantomData<V>,
}

/// Memberships are set.
#[derive(Clone, Copy, Debug)]
pub enum Setting {}

/// Memberships are removed.
#[derive(Clone, Copy, Debug)]
pub enum Removing {}

/// Memberships are set and removed.
#[derive(Clone, Copy, Debug)]
pub enum Managing {}

/// What a change does.
pub trait Verb: Send + Sync + 'static {
    /// Which of the documented names of a kind's calls is that of the call that does it.
    const CALL: usize;
}

impl<K: Kind, V> Default for Change<K, V> {
    fn default() -> Self {
        Self {
            owner: None,
            set: Vec::new(),
            remove: Vec::new(),
            merges: false,
            listing: ListingOptions::default(),
            included: Included::default(),
            verb: PhantomData,
        }
    }
}

impl<M> Caller<M> {
    /// Makes a user a member of channels, or changes what is said of the memberships. The answer is a page of all memberships of
    /// the user, not only of these.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::{ChannelMembershipEntry, MembershipIncludes};
    /// use serde_json::json;
    ///
    /// let lobby = ChannelMembershipEntry::channel_with_custom("lobby", json!({"role": "host"}));
    /// let includes = MembershipIncludes { custom: true, ..Default::default() };
    /// let all = client.set_memberships().user("max").channel_memberships([lobby]).include(includes).await?;
    /// assert_eq!(all.data[0].channel.id, "lobby");
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn set_memberships(&self) -> Call<M, Change<Users, Setting>> {
        self.call(Change::default())
    }

    /// Ends memberships of a user; see [`Caller::set_memberships`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::ChannelMembershipEntry;
    ///
    /// let porch = ChannelMembershipEntry::channel("porch");
    /// client.set_memberships().user("liz").channel_memberships([porch.clone()]).await?;
    /// let left = client.remove_memberships().user("liz").channel_memberships([porch]).await?;
    /// assert!(left.data.is_empty());
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn remove_memberships(&self) -> Call<M, Change<Users, Removing>> {
        self.call(Change::default())
    }

    /// Sets some memberships of a user and ends others, all or none; see [`Caller::set_memberships`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::ChannelMembershipEntry;
    /// use serde_json::json;
    ///
    /// let (in_hall, in_loft) = (ChannelMembershipEntry::channel("hall"), ChannelMembershipEntry::channel("loft"));
    /// client.set_memberships().user("joe").channel_memberships([in_hall.custom(json!({"a": 1, "b": 2}))]).await?;
    /// // Of `custom` one key changes; the other stays.
    /// let in_hall = ChannelMembershipEntry::channel("hall").custom(json!({"a": null}));
    /// let all = client.manage_memberships().user("joe").set([in_hall]).remove([in_loft]).merge_custom(true);
    /// let all = all.include_custom(true).await?;
    /// assert_eq!(all.data[0].custom.as_ref().unwrap()["b"], 2);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn manage_memberships(&self) -> Call<M, Change<Users, Managing>> {
        self.call(Change::default())
    }

    /// Makes users members of a channel; see [`Caller::set_memberships`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::{ChannelMemberEntry, MemberIncludes};
    ///
    /// let includes = MemberIncludes { total_count: true, user: true, ..Default::default() };
    /// let bob = ChannelMemberEntry::user("bob").status("active");
    /// let members = client.set_channel_members().channel("choir").users([bob]).include(includes).await?;
    /// assert_eq!((members.data[0].user.id.as_str(), members.total_count), ("bob", Some(1)));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn set_channel_members(&self) -> Call<M, Change<Channels, Setting>> {
        self.call(Change::default())
    }

    /// Ends memberships of a channel; see [`Caller::set_memberships`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::ChannelMemberEntry;
    ///
    /// let members = client.remove_channel_members().channel("band").users([ChannelMemberEntry::user("bob")]).await?;
    /// assert!(members.data.is_empty());
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn remove_channel_members(&self) -> Call<M, Change<Channels, Removing>> {
        self.call(Change::default())
    }

    /// Sets some members of a channel and removes others, all or none; see [`Caller::set_memberships`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::ChannelMemberEntry;
    ///
    /// let (ann, bob) = (ChannelMemberEntry::user("ann"), ChannelMemberEntry::user("bob"));
    /// let members = client.manage_channel_members().channel("crew").set([ann]).remove([bob]).await?;
    /// assert_eq!(members.data[0].user.id, "ann");
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn manage_channel_members(&self) -> Call<M, Change<Channels, Managing>> {
        self.call(Change::default())
    }
}

/// Changes that name one list of memberships.
pub trait OneList: Verb {
    /// The list.
    fn entries<K: Kind>(change: &mut Change<K, Self>) -> &mut Vec<Entry<K::Other>>
    where
        Self: Sized;
}

impl OneList for Setting {
    fn entries<K: Kind>(change: &mut Change<K, Self>) -> &mut Vec<Entry<K::Other>> {
        &mut change.set
    }
}

impl OneList for Removing {
    fn entries<K: Kind>(change: &mut Change<K, Self>) -> &mut Vec<Entry<K::Other>> {
        &mut change.remove
    }
}

impl<M, V: OneList> Call<M, Change<Users, V>> {
    /// These channels as well; at most 100 in a call.
    pub fn channel_memberships(mut self, channels: impl IntoIterator<Item = ChannelMembershipEntry>) -> Self {
        V::entries(&mut self.operation).extend(channels);
        self
    }
}

impl<M, V: OneList> Call<M, Change<Channels, V>> {
    /// These users as well; at most 100 in a call.
    pub fn users(mut self, users: impl IntoIterator<Item = ChannelMemberEntry>) -> Self {
        V::entries(&mut self.operation).extend(users);
        self
    }

    /// The same as [`users`](Self::users), by its documented name.
    pub fn uuids(self, users: impl IntoIterator<Item = ChannelMemberEntry>) -> Self {
        self.users(users)
    }
}

impl<M, K: Kind> Call<M, Change<K, Managing>> {
    /// Memberships to set; at most 100 in a call.
    pub fn set(mut self, entries: impl IntoIterator<Item = Entry<K::Other>>) -> Self {
        self.operation.set.extend(entries);
        self
    }

    /// Memberships to end; at most 100 in a call.
    pub fn remove(mut self, entries: impl IntoIterator<Item = Entry<K::Other>>) -> Self {
        self.operation.remove.extend(entries);
        self
    }
}

impl<M, K: Kind, V: Verb> Call<M, Change<K, V>> {
    /// Whether `custom` of each membership is merged, and not replaced: a key with null is taken away, a key that is not named
    /// stays. Default: no. Beyond the interface: `docs/protocol/beyond.md`.
    pub fn merge_custom(mut self, yes: bool) -> Self {
        self.operation.merges = yes;
        self
    }
}

impl Verb for Setting {
    const CALL: usize = 0;
}

impl Verb for Removing {
    const CALL: usize = 1;
}

impl Verb for Managing {
    const CALL: usize = 2;
}

impl<K: Kind, V: Verb> OnRecord for Change<K, V> {
    type Kind = K;

    fn id_mut(&mut self) -> &mut Option<String> {
        &mut self.owner
    }
}

impl<K: Kind, V: Verb> Listing for Change<K, V> {
    fn listing_mut(&mut self) -> &mut ListingOptions {
        &mut self.listing
    }

    fn total_count_mut(&mut self) -> &mut bool {
        &mut self.included.total_count
    }
}

impl<K: Kind, V: Verb> IncludeRecord for Change<K, V> {
    fn include_mut(&mut self) -> &mut OfRecords {
        &mut self.included.own
    }
}

impl<K: Kind, V: Verb> IncludeMemberships for Change<K, V> {
    type Owner = K;

    fn included_mut(&mut self) -> &mut Included {
        &mut self.included
    }
}

impl<K: Kind, V: Verb> Operation for Change<K, V> {
    type Output = ListResult<K::Membership>;

    const NAME: &'static str = K::CALLS.changes[V::CALL];

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let owner = K::id(self.owner.as_ref(), config)?;
        let objects =
            |entries: &[Entry<K::Other>]| entries.iter().map(Entry::object).collect::<Result<Vec<Value>, _>>();
        let body = json!({"set": objects(&self.set)?, "delete": objects(&self.remove)?}).to_string();
        let request = super::request::<K>(config, Method::Patch, Some(owner), true);
        let request = if self.merges { request.merge_patch(body) } else { request.json(body) };
        Ok(self.listing.ask(self.included.ask::<K::Other>(request)))
    }

    fn answer(&self, response: &Response) -> Result<Self::Output, Error> {
        Ok(read_list(&response.body)?)
    }
}
