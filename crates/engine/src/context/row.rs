//! What a filter and a sort look at: a field of a row of a list.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use wire::RecordId;
use wire::context::{Content, Joined, Kind, Membership, Moment, Record, Scalar, TextField};

use super::order;

/// A field of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Whose field.
    pub of: Of,
    /// Which field.
    pub item: Item,
}

/// Whose field is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Of {
    /// The listed record: a user, a channel, or a membership.
    Own,
    /// The channel of a listed membership, or the user of a listed member.
    Joined,
}

/// What a field is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// `id`: set even where there is no metadata. A membership has none of its own.
    Id,
    /// A text field.
    Text(TextField),
    /// `updated`
    Updated,
    /// `custom` as a whole, which filters ask only whether it is set.
    WholeCustom,
    /// A value of `custom`.
    Custom(Box<str>),
}

impl Field {
    /// A field of the listed record.
    #[must_use]
    pub const fn own(item: Item) -> Self {
        Self { of: Of::Own, item }
    }

    /// A field of the other end of a listed membership.
    #[must_use]
    pub const fn joined(item: Item) -> Self {
        Self { of: Of::Joined, item }
    }
}

/// The name of the item, `custom.NAME` with a bracket where the name is no identifier.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id => f.write_str("id"),
            Self::Text(field) => f.write_str(field.as_str()),
            Self::Updated => f.write_str("updated"),
            Self::WholeCustom => f.write_str("custom"),
            Self::Custom(name) => super::filter::write_custom(f, name),
        }
    }
}

/// A row of a list.
#[derive(Clone, Copy, Debug)]
pub enum Row<'r> {
    /// Of a list of users or channels.
    Record(&'r Record),
    /// Of a list of memberships; `joined` is the other end.
    Membership {
        /// The membership.
        membership: &'r Membership,
        /// The kind of its other end.
        joined: Kind,
        /// The metadata of its other end.
        record: Option<&'r Record>,
    },
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value<'v> {
    /// Nothing, or null.
    Unset,
    /// Text.
    Text(Cow<'v, str>),
    /// A number.
    Number(f64),
    /// `true` or `false`
    Bool(bool),
    /// A moment.
    Moment(Moment),
    /// An object, about which nothing is asked but that it is there.
    Object,
}

impl<'r> Row<'r> {
    /// The row that a list of memberships makes of `item`.
    #[must_use]
    pub fn membership(item: &'r Joined, joined: Kind) -> Self {
        Self::Membership { membership: &item.membership, joined, record: item.record.as_ref() }
    }

    /// What tells the row from every other of its list: the id of the record, or of the other end of the membership.
    #[must_use]
    pub fn id(&self) -> &'r RecordId {
        match *self {
            Self::Record(record) => &record.id,
            Self::Membership { membership, joined, .. } => membership.end(joined),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn value(&self, field: &Field) -> Value<'r> {
        if field.item == Item::Id {
            return Value::Text(self.id().as_str().into());
        }
        let part = match (*self, field.of) {
            (Self::Record(record), Of::Own) => Some((&record.content, record.updated)),
            (Self::Record(_), Of::Joined) => None,
            (Self::Membership { membership, .. }, Of::Own) => Some((&membership.content, membership.updated)),
            (Self::Membership { record, .. }, Of::Joined) => record.map(|record| (&record.content, record.updated)),
        };
        part.map_or(Value::Unset, |(content, updated)| value_in(content, updated, &field.item))
    }
}

fn value_in<'r>(content: &'r Content, updated: Moment, item: &Item) -> Value<'r> {
    match item {
        // Answered before; ids are not part of the content.
        Item::Id => Value::Unset,
        Item::Text(field) => content.text(*field).map_or(Value::Unset, |text| Value::Text(text.into())),
        Item::Updated => Value::Moment(updated),
        Item::WholeCustom => content.custom.as_ref().map_or(Value::Unset, |_| Value::Object),
        Item::Custom(name) => content
            .custom
            .as_ref()
            .and_then(|custom| custom.get(name))
            .map_or(Value::Unset, |scalar| Value::of_scalar(&scalar).into_owned()),
    }
}

impl<'v> Value<'v> {
    /// What a value of `custom` is.
    #[must_use]
    pub fn of_scalar(scalar: &'v Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Unset,
            Scalar::Bool(value) => Self::Bool(*value),
            // A number of JSON always has a float; long whole ones lose digits.
            Scalar::Number(number) => number.as_f64().map_or(Self::Unset, Self::Number),
            Scalar::Text(text) => Self::Text(text.into()),
        }
    }

    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Unset => Value::Unset,
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Value::Number(number),
            Self::Bool(value) => Value::Bool(value),
            Self::Moment(moment) => Value::Moment(moment),
            Self::Object => Value::Object,
        }
    }

    /// The order of an ascending sort: text, numbers, false, true, moments, unset.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => order::compare(left, right),
            (Self::Number(left), Self::Number(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
            (Self::Moment(left), Self::Moment(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// The bytes that stand for a text or moment where a column holds nothing else. None when it is unset.
    #[must_use]
    pub fn key(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(order::text_key(text)),
            Self::Number(number) => Some(order::number_key(*number).to_vec()),
            Self::Moment(moment) => Some(order::moment_key(*moment).to_vec()),
            Self::Unset | Self::Bool(_) | Self::Object => None,
        }
    }

    /// The bytes that stand for a value of `custom`, which may be of any type. None when it is unset.
    #[must_use]
    pub fn custom_key(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => {
                let mut key = vec![order::TEXT];
                order::push_text(&mut key, text);
                Some(key)
            }
            Self::Number(number) => Some([&[order::NUMBER][..], &order::number_key(*number)].concat()),
            Self::Bool(false) => Some(vec![order::FALSE]),
            Self::Bool(true) => Some(vec![order::TRUE]),
            Self::Unset | Self::Moment(_) | Self::Object => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Text(_) => order::TEXT,
            Self::Number(_) => order::NUMBER,
            Self::Bool(false) => order::FALSE,
            Self::Bool(true) => order::TRUE,
            Self::Moment(_) | Self::Object => 5,
            Self::Unset => u8::MAX,
        }
    }
}
