//! One user or channel, read.

use std::marker::PhantomData;

use wire::context::answer::{RecordResult, read_record};

use super::OnRecord;
use super::include::{IncludeRecord, OfRecords};
use super::kind::{Channels, Kind, Users};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// A user or channel to read: made by [`Caller::get_user_metadata`] and [`Caller::get_channel_metadata`].
#[derive(Clone)]
pub struct Get<K> {
    id: Option<String>,
    include: OfRecords,
    kind: PhantomData<K>,
}

impl<K> Default for Get<K> {
    fn default() -> Self {
        Self { id: None, include: OfRecords::READ, kind: PhantomData }
    }
}

impl<M> Caller<M> {
    /// The metadata of a user: the client's own, unless another is named.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use hereabouts::ErrorKind;
    ///
    /// match client.get_user_metadata().user("somebody").include_custom(true).await {
    ///     Ok(user) => println!("{:?}", user.data.name),
    ///     Err(error) if error.kind() == ErrorKind::NotFound => println!("nobody has said who that is"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_user_metadata(&self) -> Call<M, Get<Users>> {
        self.call(Get::default())
    }

    /// The same as [`get_user_metadata`](Self::get_user_metadata), by its documented name.
    pub fn get_uuid_metadata(&self) -> Call<M, Get<Users>> {
        self.get_user_metadata()
    }

    /// The metadata of a channel.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// client.set_channel_metadata().channel("roof").set_name("Roof").await?;
    /// let roof = client.get_channel_metadata().channel("roof").include_custom(true).await?.data;
    /// assert_eq!(roof.name.as_deref(), Some("Roof"));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn get_channel_metadata(&self) -> Call<M, Get<Channels>> {
        self.call(Get::default())
    }
}

impl<K: Kind> OnRecord for Get<K> {
    type Kind = K;

    fn id_mut(&mut self) -> &mut Option<String> {
        &mut self.id
    }
}

impl<K: Kind> IncludeRecord for Get<K> {
    fn include_mut(&mut self) -> &mut OfRecords {
        &mut self.include
    }
}

impl<K: Kind> Operation for Get<K> {
    type Output = RecordResult<K::Metadata>;

    const NAME: &'static str = K::CALLS.get;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let id = K::id(self.id.as_ref(), config)?;
        Ok(self.include.ask(super::request::<K>(config, Method::Get, Some(id), false)))
    }

    fn answer(&self, response: &Response) -> Result<Self::Output, Error> {
        Ok(read_record(&response.body)?)
    }
}
