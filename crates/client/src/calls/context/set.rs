//! One user or channel, written.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;
use wire::context::answer::{RecordResult, read_record};

use super::OnRecord;
use super::fields::{Fields, Text};
use super::include::{IncludeRecord, OfRecords};
use super::kind::{Channels, Kind, Users};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// A user or channel to write: made by [`Caller::set_user_metadata`] and [`Caller::set_channel_metadata`].
#[derive(Clone)]
pub struct Set<K> {
    id: Option<String>,
    fields: Fields,
    merges: bool,
    etag: Option<String>,
    include: OfRecords,
    kind: PhantomData<K>,
}

impl<K> Default for Set<K> {
    fn default() -> Self {
        let (fields, include) = (Fields::default(), OfRecords::default());
        Self { id: None, fields, merges: false, etag: None, include, kind: PhantomData }
    }
}

impl<M> Caller<M> {
    /// Sets the metadata of a user: of the client's own, unless another is named. Fields that the call does not name keep their
    /// values; one that is set to `None` is cleared.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use serde_json::json;
    ///
    /// let set = client.set_user_metadata().user("ann").set_name("Ann").custom(json!({"team": "x", "draft": true}));
    /// let ann = set.include_custom(true).await?.data;
    ///
    /// // Only while nobody else has changed it; and one key of `custom`, the others stay.
    /// let etag = ann.etag.unwrap_or_default();
    /// let set = client.set_user_metadata().user("ann").merge_custom(json!({"draft": null})).if_matches_etag(etag);
    /// assert_eq!(set.include_custom(true).await?.data.custom.unwrap(), *json!({"team": "x"}).as_object().unwrap());
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn set_user_metadata(&self) -> Call<M, Set<Users>> {
        self.call(Set::default())
    }

    /// The same as [`set_user_metadata`](Self::set_user_metadata), by its documented name.
    pub fn set_uuid_metadata(&self) -> Call<M, Set<Users>> {
        self.set_user_metadata()
    }

    /// Sets the metadata of a channel; see [`Caller::set_user_metadata`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use serde_json::json;
    ///
    /// let set = client.set_channel_metadata().channel("garage").set_name("Garage").description("For cars").set_status("open");
    /// let garage = set.set_type("room").custom(json!({"cars": 2})).include_custom(true).include_status(true).await?.data;
    /// assert_eq!((garage.description.as_deref(), garage.status.as_deref()), (Some("For cars"), Some("open")));
    ///
    /// // `None` clears a field.
    /// let garage = client.set_channel_metadata().channel("garage").description(None::<String>).await?.data;
    /// assert_eq!(garage.description, None);
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn set_channel_metadata(&self) -> Call<M, Set<Channels>> {
        self.call(Set::default())
    }
}

/// Fields of both kinds, and on what condition they are written.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// use hereabouts::ErrorKind;
/// use serde_json::json;
///
/// let pat = client.set_user_metadata().user("pat").set_name("Pat").set_status("new").set_type("guest");
/// let before = pat.custom(json!({"a": 1})).await?.data.etag.unwrap_or_default();
/// client.set_user_metadata().user("pat").merge_custom(json!({"b": 2})).if_matches_etag(&*before).await?;
/// let late = client.set_user_metadata().user("pat").set_name("Patricia").if_matches_etag(before).await;
/// assert_eq!(late.unwrap_err().kind(), ErrorKind::ETagMismatch);
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M, K: Kind> Call<M, Set<K>> {
    /// The name to show.
    pub fn set_name(self, name: impl Text) -> Self {
        self.with("name", name)
    }

    /// A status of the application's own: at most 50 characters.
    pub fn set_status(self, status: impl Text) -> Self {
        self.with("status", status)
    }

    /// A type of the application's own: at most 50 characters.
    pub fn set_type(self, type_: impl Text) -> Self {
        self.with("type", type_)
    }

    /// Data of the application's own, a flat object, in place of what is there.
    pub fn custom(mut self, custom: impl Serialize) -> Self {
        self.operation.fields.set_custom(custom);
        self.operation.merges = false;
        self
    }

    /// Changes to data of the application's own: a key with null is taken away, a key that is not named stays. The server does it,
    /// so nobody need read, merge and write back. Beyond the interface: `docs/protocol/beyond.md`.
    pub fn merge_custom(mut self, changes: impl Serialize) -> Self {
        self.operation.fields.set_custom(changes);
        self.operation.merges = true;
        self
    }

    /// Only if the record has this eTag, else the call fails with [`ErrorKind::ETagMismatch`](crate::ErrorKind::ETagMismatch).
    pub fn if_matches_etag(mut self, etag: impl Into<String>) -> Self {
        self.operation.etag = Some(etag.into());
        self
    }

    fn with(mut self, field: &str, text: impl Text) -> Self {
        self.operation.fields.set(field, text);
        self
    }
}

/// Fields that users alone have.
///
/// ```
/// # testkit::example::run(async |origin| {
/// # use hereabouts::{Client, Config};
/// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
/// let max = client.set_user_metadata().user("max").external_id("4711").profile_url("https://example.org/max.png");
/// let max = max.email("max@example.org").await?.data;
/// assert_eq!(max.email.as_deref(), Some("max@example.org"));
/// # Ok::<(), hereabouts::Error>(()) });
/// ```
impl<M> Call<M, Set<Users>> {
    /// The id in some other system.
    pub fn external_id(self, id: impl Text) -> Self {
        self.with("externalId", id)
    }

    /// Where a picture is.
    pub fn profile_url(self, url: impl Text) -> Self {
        self.with("profileUrl", url)
    }

    /// The email address.
    pub fn email(self, email: impl Text) -> Self {
        self.with("email", email)
    }
}

impl<M> Call<M, Set<Channels>> {
    /// What the channel is for.
    pub fn description(self, text: impl Text) -> Self {
        self.with("description", text)
    }
}

impl<K: Kind> OnRecord for Set<K> {
    type Kind = K;

    fn id_mut(&mut self) -> &mut Option<String> {
        &mut self.id
    }
}

impl<K: Kind> IncludeRecord for Set<K> {
    fn include_mut(&mut self) -> &mut OfRecords {
        &mut self.include
    }
}

impl<K: Kind> Operation for Set<K> {
    type Output = RecordResult<K::Metadata>;

    const NAME: &'static str = K::CALLS.set;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let id = K::id(self.id.as_ref(), config)?;
        let body = Value::Object(self.fields.object()?).to_string();
        let request = super::request::<K>(config, Method::Patch, Some(id), false);
        let request = if self.merges { request.merge_patch(body) } else { request.json(body) };
        Ok(self.include.ask(request.header_if("if-match", self.etag.as_deref())))
    }

    fn answer(&self, response: &Response) -> Result<Self::Output, Error> {
        Ok(read_record(&response.body)?)
    }
}
