//! Reading what app context answers, as clients do.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Moment;
use crate::answer::{self, Detail, Unreadable};

/// A record as a client reads it: the fields of its own, and those that all records end with.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            /// A type of the application's own.
            #[serde(rename = "type")]
            pub type_: Option<String>,
            /// A status of the application's own.
            pub status: Option<String>,
            /// Data of the application's own.
            pub custom: Option<Map<String, Value>>,
            /// When it last changed.
            #[serde(default, deserialize_with = "moment")]
            pub updated: Option<Moment>,
            /// Its version.
            #[serde(rename = "eTag")]
            pub etag: Option<String>,
        }
    };
}

record! {
    /// The metadata of a user, as a client reads it. What was not asked for is not there.
    UserMetadata {
        /// Who.
        id: String,
        /// The name to show.
        name: Option<String>,
        /// The id in some other system.
        external_id: Option<String>,
        /// Where a picture is.
        profile_url: Option<String>,
        /// The email address.
        email: Option<String>,
    }
}

record! {
    /// The metadata of a channel, as a client reads it. What was not asked for is not there.
    ChannelMetadata {
        /// Which.
        id: String,
        /// The name to show.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
    }
}

record! {
    /// A membership seen from its user, as a client reads it. What it says beside the channel is about the membership.
    ChannelMembership {
        /// The channel: its id, and its metadata where that was asked for and there is some.
        channel: ChannelMetadata,
    }
}

record! {
    /// A membership seen from its channel, as a client reads it. What it says beside the user is about the membership.
    ChannelMember {
        /// The user: the id, and the metadata where that was asked for and there is some.
        #[serde(rename = "uuid", alias = "user")]
        user: UserMetadata,
    }
}

impl ChannelMember {
    /// The user, by the older name.
    #[must_use]
    pub fn uuid(&self) -> &UserMetadata {
        &self.user
    }
}

/// One record, as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordResult<T> {
    /// The record.
    pub data: T,
    /// The status in the answer.
    pub status: u16,
}

/// A page of a list, as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListResult<T> {
    /// The records of the page, in order.
    pub data: Vec<T>,
    /// The status in the answer.
    pub status: u16,
    /// How many records pass the filter over all pages, where that was asked for.
    pub total_count: Option<u64>,
    /// The page after this one; for the option `page` of the next call. There is one after the last page as well, and it is empty.
    pub next: Option<PageCursor>,
    /// The page before this one, unless this is the first.
    pub prev: Option<PageCursor>,
}

/// Where a page begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageCursor {
    /// The page after this place.
    Next(String),
    /// The page before this place.
    Previous(String),
}

/// A removal, as a client reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemovedResult {
    /// The status in the answer.
    pub status: u16,
}

/// A bulk write, as a client reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WriteResult {
    /// What became of each record, in the order of the request.
    pub data: Vec<WrittenRecord>,
    /// The status in the answer.
    pub status: u16,
}

/// What became of one record of a bulk write, as a client reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenRecord {
    /// Which record; nothing when what was sent has no text as its id.
    pub id: Option<String>,
    /// What became of it.
    pub result: Written,
    /// When it last changed.
    pub updated: Option<Moment>,
    /// Its version.
    pub etag: Option<String>,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// It was not there and is now.
    Created,
    /// It was there and is another now.
    Changed,
    /// It was so already.
    Unchanged,
    /// It was not written, and why.
    Refused(Detail),
    /// Something that this version does not know, by its name.
    Other(String),
}

/// Reads the answer to a call about one user or channel.
///
/// # Errors
/// [`Unreadable`]
pub fn read_record<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<RecordResult<T>, Unreadable> {
    let Answer { status, data } = answer::read(body)?;
    Ok(RecordResult { data, status })
}

/// Reads a list of users, channels, memberships or members.
///
/// # Errors
/// [`Unreadable`]
pub fn read_list<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<ListResult<T>, Unreadable> {
    let List { status, data, total_count, next, prev } = answer::read(body)?;
    let (next, prev) = (next.map(PageCursor::Next), prev.map(PageCursor::Previous));
    Ok(ListResult { data, status, total_count, next, prev })
}

/// Reads the answer to a removal.
///
/// # Errors
/// [`Unreadable`]
pub fn read_removed(body: &[u8]) -> Result<RemovedResult, Unreadable> {
    let Answer::<Option<Value>> { status, .. } = answer::read(body)?;
    Ok(RemovedResult { status })
}

/// Reads the answer to a bulk write.
///
/// # Errors
/// [`Unreadable`]
pub fn read_bulk(body: &[u8]) -> Result<WriteResult, Unreadable> {
    let Answer::<Vec<BulkEntry>> { status, data } = answer::read(body)?;
    Ok(WriteResult { data: data.into_iter().map(WrittenRecord::from).collect(), status })
}

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(default = "ok")]
    status: u16,
    data: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    #[serde(default = "ok")]
    status: u16,
    data: Vec<T>,
    total_count: Option<u64>,
    next: Option<String>,
    prev: Option<String>,
}

fn ok() -> u16 {
    200
}

#[derive(Deserialize)]
struct BulkEntry {
    id: Option<String>,
    result: String,
    #[serde(default, deserialize_with = "moment")]
    updated: Option<Moment>,
    #[serde(rename = "eTag")]
    etag: Option<String>,
    error: Option<Value>,
}

impl From<BulkEntry> for WrittenRecord {
    fn from(BulkEntry { id, result, updated, etag, error }: BulkEntry) -> Self {
        let result = match result.as_str() {
            "created" => Written::Created,
            "changed" => Written::Changed,
            "unchanged" => Written::Unchanged,
            "refused" => Written::Refused(error.as_ref().map(Detail::of).unwrap_or_default()),
            _ => Written::Other(result),
        };
        Self { id, result, updated, etag }
    }
}

/// A point in time; none where what stands there is not one.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Moment>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(|text| text.parse().ok()))
}
