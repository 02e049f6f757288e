//! Lists of users and of channels.

use std::marker::PhantomData;

use wire::context::answer::{ListResult, read_list};

use super::include::{IncludeRecord, OfRecords};
use super::kind::{Channels, Kind, Users};
use super::list::{Listing, ListingOptions};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// A list of users or channels: made by [`Caller::get_all_user_metadata`] and [`Caller::get_all_channel_metadata`].
#[derive(Clone)]
pub struct GetAll<K> {
    listing: ListingOptions,
    include: OfRecords,
    total_count: bool,
    kind: PhantomData<K>,
}

impl<K> Default for GetAll<K> {
    fn default() -> Self {
        let listing = ListingOptions::default();
        Self { listing, include: OfRecords::READ, total_count: false, kind: PhantomData }
    }
}

impl<M> Caller<M> {
    /// Users that have metadata, a page at a time.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// let mut page = None;
    /// loop {
    ///     let users = client.get_all_user_metadata().include_custom(true).limit(10).page(page).await?;
    ///     users.data.iter().for_each(|user| println!("{}: {:?}", user.id, user.name));
    ///     page = users.next;
    ///     if page.is_none() {
    ///         break;
    ///     }
    /// }
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_all_user_metadata(&self) -> Call<M, GetAll<Users>> {
        self.call(GetAll::default())
    }

    /// The same as [`get_all_user_metadata`](Self::get_all_user_metadata), by its documented name.
    pub fn get_all_uuid_metadata(&self) -> Call<M, GetAll<Users>> {
        self.get_all_user_metadata()
    }

    /// Channels that have metadata, a page at a time.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// let rooms = client.get_all_channel_metadata().filter("type == \"room\"").include_total_count(true).await?;
    /// println!("{:?} rooms, the first of them {:?}", rooms.total_count, rooms.data.first());
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_all_channel_metadata(&self) -> Call<M, GetAll<Channels>> {
        self.call(GetAll::default())
    }
}

impl<K: Kind> Listing for GetAll<K> {
    fn listing_mut(&mut self) -> &mut ListingOptions {
        &mut self.listing
    }

    fn total_count_mut(&mut self) -> &mut bool {
        &mut self.total_count
    }
}

impl<K: Kind> IncludeRecord for GetAll<K> {
    fn include_mut(&mut self) -> &mut OfRecords {
        &mut self.include
    }
}

impl<K: Kind> Operation for GetAll<K> {
    type Output = ListResult<K::Metadata>;

    const NAME: &'static str = K::CALLS.get_all;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let request = self.include.ask(super::request::<K>(config, Method::Get, None, false));
        Ok(self.listing.ask(request).with_some("count", self.total_count.then_some("true")))
    }

    fn answer(&self, response: &Response) -> Result<Self::Output, Error> {
        Ok(read_list(&response.body)?)
    }
}
