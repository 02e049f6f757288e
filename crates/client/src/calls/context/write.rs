//! Many users or channels, written in one request.

use serde_json::Value;
use wire::context::answer::{WriteResult, read_bulk};

use super::fields::NewRecord;
use super::kind::{Channels, Kind, Users};
use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// Users or channels to write: made by [`Caller::write_user_metadata`] and [`Caller::write_channel_metadata`].
#[derive(Clone)]
pub struct Write<K> {
    records: Vec<NewRecord<K>>,
    merges: bool,
}

impl<M> Caller<M> {
    /// Writes up to 1,000 users in one request and one commit. Each is answered by itself: one that is refused keeps none of the
    /// others from being written. Beyond the interface: `docs/protocol/beyond.md`.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::{NewRecord, Written};
    ///
    /// let users = [NewRecord::new("bulk-1").name("One"), NewRecord::new("b:b").name("Two")];
    /// let written = client.write_user_metadata().records(users).await?.data;
    /// assert_eq!(written[0].result, Written::Created);
    /// assert!(matches!(&written[1].result, Written::Refused(why) if why.location == "1.id"));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn write_user_metadata(&self) -> Call<M, Write<Users>> {
        self.call(Write { records: Vec::new(), merges: false })
    }

    /// Writes up to 1,000 channels in one request; see [`Caller::write_user_metadata`].
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config};
    /// # let client = Client::new(Config::new("demo").publish_key("demo").user("ann").origin(origin))?;
    /// use hereabouts::calls::context::{NewRecord, Written};
    ///
    /// let rooms = (1..=3).map(|number| NewRecord::new(format!("room-{number}")).name(format!("Room {number}")));
    /// let written = client.write_channel_metadata().records(rooms).await?;
    /// assert!(written.data.iter().all(|room| !matches!(room.result, Written::Refused(_))));
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn write_channel_metadata(&self) -> Call<M, Write<Channels>> {
        self.call(Write { records: Vec::new(), merges: false })
    }
}

impl<M, K: Kind> Call<M, Write<K>> {
    /// These records as well.
    pub fn records(mut self, records: impl IntoIterator<Item = NewRecord<K>>) -> Self {
        self.operation.records.extend(records);
        self
    }

    /// Whether `custom` is merged, and not replaced: a key with null is taken away, a key that is not named stays. Default: no.
    pub fn merge_custom(mut self, yes: bool) -> Self {
        self.operation.merges = yes;
        self
    }
}

impl<K: Kind> Operation for Write<K> {
    type Output = WriteResult;

    const NAME: &'static str = K::CALLS.write;

    fn request(&self, config: &Config) -> Result<Request, Error> {
        let records = self.records.iter().map(|record| record.object().map(Value::Object));
        let body = Value::Array(records.collect::<Result<_, _>>()?).to_string();
        let request = super::request::<K>(config, Method::Post, None, false);
        Ok(if self.merges { request.merge_patch(body) } else { request.json(body) })
    }

    fn answer(&self, response: &Response) -> Result<WriteResult, Error> {
        Ok(read_bulk(&response.body)?)
    }
}
