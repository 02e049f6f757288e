//! Memberships, listed from either end.

use std::marker::PhantomData;

use wire::context::answer::{ListResult, read_list};

use super::OnRecord;
use super::include::{IncludeMemberships, IncludeRecord, Included, OfRecords};
use super::kind::{Channels, Kind, Users};
use super::list::{Listing, ListingOptions};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// Memberships to list: made by [`Caller::get_memberships`] and [`Caller::get_channel_members`].
#[derive(Clone)]
pub struct Memberships<K> {
    owner: Option<String>,
    listing: ListingOptions,
    included: Included,
    kind: PhantomData<K>,
}

impl<K> Default for Memberships<K> {
    fn default() -> Self {
        let (listing, included) = (ListingOptions::default(), Included::default());
        Self { owner: None, listing, included, kind: PhantomData }
    }
}

impl<M> Caller<M> {
    /// The channels that a user is a member of: the client's own user, unless another is named. It has nothing to do with what
    /// the user subscribes to.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::MembershipIncludes;
    ///
    /// let includes = MembershipIncludes { custom: true, channel: true, ..Default::default() };
    /// let memberships = client.get_memberships().user("ann").include(includes).await?;
    /// for membership in &memberships.data {
    ///     println!("{} ({:?})", membership.channel.id, membership.channel.name);
    /// }
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_memberships(&self) -> Call<M, Memberships<Users>> {
        self.call(Memberships::default())
    }

    /// The members of a channel; see [`Caller::get_memberships`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::{ChannelMemberEntry, UuidIncludeEndpoint};
    ///
    /// client.set_channel_members().channel("club").users([ChannelMemberEntry::user("ann")]).await?;
    /// let members = client.get_channel_members().channel("club").include_user(UuidIncludeEndpoint::UuidWithCustom).await?;
    /// assert_eq!(members.data[0].user.id, "ann");
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_channel_members(&self) -> Call<M, Memberships<Channels>> {
        self.call(Memberships::default())
    }
}

impl<K: Kind> OnRecord for Memberships<K> {
    type Kind = K;

    fn id_mut(&mut self) -> &mut Option<String> {
        &mut self.owner
    }
}

impl<K: Kind> Listing for Memberships<K> {
    fn listing_mut(&mut self) -> &mut ListingOptions {
        &mut self.listing
    }

    fn total_count_mut(&mut self) -> &mut bool {
        &mut self.included.total_count
    }
}

impl<K: Kind> IncludeRecord for Memberships<K> {
    fn include_mut(&mut self) -> &mut OfRecords {
        &mut self.included.own
    }
}

impl<K: Kind> IncludeMemberships for Memberships<K> {
    type Owner = K;

    fn included_mut(&mut self) -> &mut Included {
        &mut self.included
    }
}

impl<K: Kind> Operation for Memberships<K> {
    type Output = ListResult<K::Membership>;

    const NAME: &'static str = K::CALLS.get_memberships;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let owner = K::id(self.owner.as_ref(), config)?;
        let request = super::request::<K>(config, Method::Get, Some(owner), true);
        Ok(self.listing.ask(self.included.ask::<K::Other>(request)))
    }

    fn answer(&self, response: &Response) -> Result<Self::Output, Error> {
        Ok(read_list(&response.body)?)
    }
}
