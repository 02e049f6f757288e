//! One user or channel, removed.

use std::marker::PhantomData;

use wire::context::answer::{RemovedResult, read_removed};

use super::OnRecord;
use super::kind::{Channels, Kind, Users};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// A user or channel to remove: made by [`Caller::remove_user_metadata`] and [`Caller::remove_channel_metadata`].
#[derive(Clone)]
pub struct Remove<K> {
    id: Option<String>,
    etag: Option<String>,
    kind: PhantomData<K>,
}

impl<K> Default for Remove<K> {
    fn default() -> Self {
        Self { id: None, etag: None, kind: PhantomData }
    }
}

impl<M> Caller<M> {
    /// Removes the metadata of a user: of the client's own, unless another is named. Memberships stay, unless the key set says
    /// otherwise.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// client.remove_user_metadata().user("somebody").await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn remove_user_metadata(&self) -> Call<M, Remove<Users>> {
        self.call(Remove::default())
    }

    /// The same as [`remove_user_metadata`](Self::remove_user_metadata), by its documented name.
    pub fn remove_uuid_metadata(&self) -> Call<M, Remove<Users>> {
        self.remove_user_metadata()
    }

    /// Removes the metadata of a channel.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// let set = client.set_channel_metadata().channel("barn").set_name("Barn").await?.data;
    /// // Only while nobody else has changed it.
    /// client.remove_channel_metadata().channel("barn").if_matches_etag(set.etag.unwrap_or_default()).await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn remove_channel_metadata(&self) -> Call<M, Remove<Channels>> {
        self.call(Remove::default())
    }
}

impl<M, K: Kind> Call<M, Remove<K>> {
    /// Only if the record has this eTag, else the call fails with [`ErrorKind::ETagMismatch`](crate::ErrorKind::ETagMismatch).
    pub fn if_matches_etag(mut self, etag: impl Into<String>) -> Self {
        self.operation.etag = Some(etag.into());
        self
    }
}

impl<K: Kind> OnRecord for Remove<K> {
    type Kind = K;

    fn id_mut(&mut self) -> &mut Option<String> {
        &mut self.id
    }
}

impl<K: Kind> Operation for Remove<K> {
    type Output = RemovedResult;

    const NAME: &'static str = K::CALLS.remove;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let id = K::id(self.id.as_ref(), config)?;
        let request = super::request::<K>(config, Method::Delete, Some(id), false);
        Ok(request.header_if("if-match", self.etag.as_deref()))
    }

    fn answer(&self, response: &Response) -> Result<RemovedResult, Error> {
        Ok(read_removed(&response.body)?)
    }
}
