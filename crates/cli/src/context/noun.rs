//! Users and channels, memberships and members, as commands handle them: by the names of the wire.

use hereabouts::calls::context::{
    ChannelMember, ChannelMembership, ChannelMetadata, Channels, Entry, Kind, Moment, NewRecord, Set, UserMetadata,
    Users, Write,
};
use hereabouts::{Async, Call, Client};
use serde_json::{Map, Value};

/// An object of the wire.
pub(crate) type Object = Map<String, Value>;

/// A kind of records, and what its commands need to know of it.
pub(crate) trait Noun: Kind<Metadata: Record, Membership: Record> + Clone {
    /// What people call one of them.
    const WORD: &'static str;
    /// What people call many of them.
    const PLURAL: &'static str;
    /// The fields that hold text.
    const TEXTS: &'static [&'static str];

    /// The call that sets one of these fields as well.
    fn set(call: Call<Async, Set<Self>>, field: &str, text: Option<String>) -> Call<Async, Set<Self>>;

    /// The call that writes many of them.
    fn write(client: &Client) -> Call<Async, Write<Self>>;

    /// The record with one of these fields.
    fn with(record: NewRecord<Self>, field: &str, text: Option<String>) -> NewRecord<Self>;

    /// The other end of a membership, by its id.
    fn other(id: &str) -> Entry<Self::Other>;
}

/// Something that has an id and can be shown.
pub(crate) trait Record {
    /// The id: of a membership, that of its other end.
    fn id(&self) -> &str;

    /// As an object of the wire: text fields that are not set are null, what was not asked for is absent.
    fn object(&self) -> Object;
}

impl Noun for Users {
    const WORD: &'static str = "user";
    const PLURAL: &'static str = "users";
    const TEXTS: &'static [&'static str] = &["name", "externalId", "profileUrl", "email", "type", "status"];

    fn set(call: Call<Async, Set<Self>>, field: &str, text: Option<String>) -> Call<Async, Set<Self>> {
        match field {
            "externalId" => call.external_id(text),
            "profileUrl" => call.profile_url(text),
            "email" => call.email(text),
            _ => set_common(call, field, text),
        }
    }

    fn write(client: &Client) -> Call<Async, Write<Self>> {
        client.write_user_metadata()
    }

    fn with(record: NewRecord<Self>, field: &str, text: Option<String>) -> NewRecord<Self> {
        match field {
            "externalId" => record.external_id(text),
            "profileUrl" => record.profile_url(text),
            "email" => record.email(text),
            _ => with_common(record, field, text),
        }
    }

    fn other(id: &str) -> Entry<Channels> {
        Entry::channel(id)
    }
}

impl Noun for Channels {
    const WORD: &'static str = "channel";
    const PLURAL: &'static str = "channels";
    const TEXTS: &'static [&'static str] = &["name", "description", "type", "status"];

    fn set(call: Call<Async, Set<Self>>, field: &str, text: Option<String>) -> Call<Async, Set<Self>> {
        match field {
            "description" => call.description(text),
            _ => set_common(call, field, text),
        }
    }

    fn write(client: &Client) -> Call<Async, Write<Self>> {
        client.write_channel_metadata()
    }

    fn with(record: NewRecord<Self>, field: &str, text: Option<String>) -> NewRecord<Self> {
        match field {
            "description" => record.description(text),
            _ => with_common(record, field, text),
        }
    }

    fn other(id: &str) -> Entry<Users> {
        Entry::user(id)
    }
}

fn set_common<K: Kind>(call: Call<Async, Set<K>>, field: &str, text: Option<String>) -> Call<Async, Set<K>> {
    match field {
        "name" => call.set_name(text),
        "type" => call.set_type(text),
        "status" => call.set_status(text),
        _ => call,
    }
}

fn with_common<K: Kind>(record: NewRecord<K>, field: &str, text: Option<String>) -> NewRecord<K> {
    match field {
        "name" => record.name(text),
        "type" => record.type_(text),
        "status" => record.status(text),
        _ => record,
    }
}

impl Record for UserMetadata {
    fn id(&self) -> &str {
        &self.id
    }

    fn object(&self) -> Object {
        let mut object = Object::new();
        object.insert("id".to_owned(), self.id.as_str().into());
        for (field, text) in [
            ("name", &self.name),
            ("externalId", &self.external_id),
            ("profileUrl", &self.profile_url),
            ("email", &self.email),
        ] {
            object.insert(field.to_owned(), text.as_deref().into());
        }
        add_rest(&mut object, &self.type_, &self.status, &self.custom, self.updated, &self.etag);
        object
    }
}

impl Record for ChannelMetadata {
    fn id(&self) -> &str {
        &self.id
    }

    fn object(&self) -> Object {
        let mut object = Object::new();
        object.insert("id".to_owned(), self.id.as_str().into());
        for (field, text) in [("name", &self.name), ("description", &self.description)] {
            object.insert(field.to_owned(), text.as_deref().into());
        }
        add_rest(&mut object, &self.type_, &self.status, &self.custom, self.updated, &self.etag);
        object
    }
}

impl Record for ChannelMembership {
    fn id(&self) -> &str {
        &self.channel.id
    }

    fn object(&self) -> Object {
        let other = other_end(&self.channel, self.channel.updated.is_some());
        membership(Channels::NAME, other, &self.type_, &self.status, &self.custom, self.updated, &self.etag)
    }
}

impl Record for ChannelMember {
    fn id(&self) -> &str {
        &self.user.id
    }

    fn object(&self) -> Object {
        let other = other_end(&self.user, self.user.updated.is_some());
        membership(Users::NAME, other, &self.type_, &self.status, &self.custom, self.updated, &self.etag)
    }
}

/// The other end of a membership: its id alone, unless there is metadata.
fn other_end(record: &impl Record, has_metadata: bool) -> Object {
    let mut object = record.object();
    if !has_metadata {
        object.retain(|field, _| field == "id");
    }
    object
}

fn membership(
    end: &str,
    other: Object,
    type_: &Option<String>,
    status: &Option<String>,
    custom: &Option<Object>,
    updated: Option<Moment>,
    etag: &Option<String>,
) -> Object {
    let mut object = Object::new();
    object.insert(end.to_owned(), other.into());
    add_rest(&mut object, type_, status, custom, updated, etag);
    object
}

/// What records of all kinds have. Whether it was asked for is not known: what is not there is left out.
fn add_rest(
    object: &mut Object,
    type_: &Option<String>,
    status: &Option<String>,
    custom: &Option<Object>,
    updated: Option<Moment>,
    etag: &Option<String>,
) {
    let rest = [
        ("type", type_.clone().map(Value::from)),
        ("status", status.clone().map(Value::from)),
        ("custom", custom.clone().map(Value::from)),
        ("updated", updated.map(|moment| moment.to_string().into())),
        ("eTag", etag.clone().map(Value::from)),
    ];
    object.extend(rest.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))));
}
