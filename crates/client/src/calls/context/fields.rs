//! What is written of a record.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value};

use super::kind::{Channels, Kind, Users};
use crate::error::Error;
use crate::json::Json;

/// A text to set, or `None` to clear what is there.
pub trait Text {
    /// The text.
    fn text(self) -> Option<String>;
}

impl Text for &str {
    fn text(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl Text for String {
    fn text(self) -> Option<String> {
        Some(self)
    }
}

impl Text for &String {
    fn text(self) -> Option<String> {
        Some(self.clone())
    }
}

impl<T: Into<String>> Text for Option<T> {
    fn text(self) -> Option<String> {
        self.map(Into::into)
    }
}

/// Fields to write. One that was not named keeps its value; one that was named with nothing is cleared.
#[derive(Clone, Default)]
pub struct Fields {
    texts: Map<String, Value>,
    custom: Json,
}

impl Fields {
    pub(crate) fn set(&mut self, field: &str, text: impl Text) {
        self.texts.insert(field.to_owned(), text.text().into());
    }

    pub(crate) fn set_custom(&mut self, custom: impl Serialize) {
        self.custom = Json::of(&custom);
    }

    /// As an object of the wire.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Error> {
        let mut object = self.texts.clone();
        match self.custom.value("custom")? {
            Some(custom @ (Value::Object(_) | Value::Null)) => _ = object.insert("custom".to_owned(), custom),
            Some(_) => return Err(Error::usage("custom must be an object, or null to clear it")),
            None => {}
        }
        Ok(object)
    }
}

/// A record of a bulk write: an argument of [`Call::records`](crate::Call::records).
///
/// ```
/// use hereabouts::calls::context::{NewRecord, Users};
/// use serde_json::json;
///
/// let ann: NewRecord<Users> = NewRecord::new("ann").name("Ann").email("ann@example.org").status("active");
/// let ann = ann.external_id("4711").profile_url(None::<String>).type_("guest").custom(json!({"team": "x"}));
/// ```
#[derive(Clone)]
pub struct NewRecord<K> {
    id: String,
    fields: Fields,
    kind: PhantomData<K>,
}

impl<K: Kind> NewRecord<K> {
    /// The record with this id. What is not set keeps its value.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), fields: Fields::default(), kind: PhantomData }
    }

    /// The name to show.
    #[must_use]
    pub fn name(self, name: impl Text) -> Self {
        self.with("name", name)
    }

    /// A status of the application's own.
    #[must_use]
    pub fn status(self, status: impl Text) -> Self {
        self.with("status", status)
    }

    /// A type of the application's own.
    #[must_use]
    pub fn type_(self, type_: impl Text) -> Self {
        self.with("type", type_)
    }

    /// Data of the application's own: a flat object.
    #[must_use]
    pub fn custom(mut self, custom: impl Serialize) -> Self {
        self.fields.set_custom(custom);
        self
    }

    fn with(mut self, field: &str, text: impl Text) -> Self {
        self.fields.set(field, text);
        self
    }

    pub(crate) fn object(&self) -> Result<Map<String, Value>, Error> {
        let mut object = self.fields.object()?;
        object.insert("id".to_owned(), self.id.as_str().into());
        Ok(object)
    }
}

impl NewRecord<Users> {
    /// The id in some other system.
    #[must_use]
    pub fn external_id(self, id: impl Text) -> Self {
        self.with("externalId", id)
    }

    /// Where a picture is.
    #[must_use]
    pub fn profile_url(self, url: impl Text) -> Self {
        self.with("profileUrl", url)
    }

    /// The email address.
    #[must_use]
    pub fn email(self, email: impl Text) -> Self {
        self.with("email", email)
    }
}

impl NewRecord<Channels> {
    /// What the channel is for.
    #[must_use]
    pub fn description(self, text: impl Text) -> Self {
        self.with("description", text)
    }
}
