//! One membership to set or to remove.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{Fields, Text};
use super::kind::{Channels, Kind, Users};
use crate::error::Error;

/// A membership to set or to remove, named by its other end, which is of kind `K`.
#[derive(Clone)]
pub struct Entry<K> {
    id: String,
    fields: Fields,
    kind: PhantomData<K>,
}

/// A channel that a user is, or is no longer, a member of.
///
/// ```
/// use hereabouts::calls::context::ChannelMembershipEntry;
/// use serde_json::json;
///
/// let plain = ChannelMembershipEntry::channel("lobby");
/// let with_custom = ChannelMembershipEntry::channel_with_custom("lobby", json!({"role": "host"})).status("active");
/// ```
pub type ChannelMembershipEntry = Entry<Channels>;

/// A user who is, or is no longer, a member of a channel.
///
/// ```
/// use hereabouts::calls::context::ChannelMemberEntry;
/// use serde_json::json;
///
/// let members = [
///     ChannelMemberEntry::user("ann"),
///     ChannelMemberEntry::user("bob").status("active").type_("host").custom(json!({"seat": 7})),
///     ChannelMemberEntry::user("cho").status(None::<String>),
/// ];
/// ```
pub type ChannelMemberEntry = Entry<Users>;

/// The same as [`ChannelMemberEntry`], by its documented name.
pub type Uuid = ChannelMemberEntry;

impl Entry<Channels> {
    /// This channel.
    #[must_use]
    pub fn channel(id: impl Into<String>) -> Self {
        Self::new(id)
    }

    /// This channel, and data about the membership: a flat object.
    #[must_use]
    pub fn channel_with_custom(id: impl Into<String>, custom: impl Serialize) -> Self {
        Self::new(id).custom(custom)
    }
}

impl Entry<Users> {
    /// This user.
    #[must_use]
    pub fn user(id: impl Into<String>) -> Self {
        Self::new(id)
    }

    /// This user, and data about the membership: a flat object.
    #[must_use]
    pub fn user_with_custom(id: impl Into<String>, custom: impl Serialize) -> Self {
        Self::new(id).custom(custom)
    }

    /// The same as [`Entry::user`], by its documented name.
    #[must_use]
    pub fn uuid(id: impl Into<String>) -> Self {
        Self::user(id)
    }

    /// The same as [`Entry::user_with_custom`], by its documented name.
    #[must_use]
    pub fn uuid_with_custom(id: impl Into<String>, custom: impl Serialize) -> Self {
        Self::user_with_custom(id, custom)
    }
}

impl<K: Kind> Entry<K> {
    fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), fields: Fields::default(), kind: PhantomData }
    }

    /// Data of the application's own about the membership, a flat object.
    #[must_use]
    pub fn custom(mut self, custom: impl Serialize) -> Self {
        self.fields.set_custom(custom);
        self
    }

    /// A status of the membership; `None` clears it.
    #[must_use]
    pub fn status(mut self, status: impl Text) -> Self {
        self.fields.set("status", status);
        self
    }

    /// A type of the membership; `None` clears it.
    #[must_use]
    pub fn type_(mut self, type_: impl Text) -> Self {
        self.fields.set("type", type_);
        self
    }

    /// As an object of the wire.
    pub(crate) fn object(&self) -> Result<Value, Error> {
        let mut object: Map<String, Value> = self.fields.object()?;
        object.insert(K::NAME.to_owned(), json!({"id": self.id}));
        Ok(object.into())
    }
}
