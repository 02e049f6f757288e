//! The indexes of users and channels that have the order of a list.
//!
//! By id and by name there are always. One by any other field is made in SQLite when a list is first sorted by it, or found by
//! it: each costs every write another page, and most are never asked for (`sqlite::order_index` makes them).

use engine::context::Item;
use wire::context::TextField;

use super::sql::{column, key_column};

/// An index by one field, and then by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderIndex {
    /// By the key of a text.
    Text(TextField),
    /// By the moment of the last change.
    Updated,
}

impl OrderIndex {
    /// All that are made when they are wanted.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let texts = TextField::ALL.into_iter().filter(|field| *field != TextField::Name);
        texts.map(Self::Text).chain([Self::Updated])
    }

    /// The one that an order by a field asks for, beside those that are always there.
    pub(crate) fn of(item: &Item) -> Option<Self> {
        match item {
            Item::Text(TextField::Name) | Item::Id | Item::WholeCustom | Item::Custom(_) => None,
            Item::Text(field) => Some(Self::Text(*field)),
            Item::Updated => Some(Self::Updated),
        }
    }

    /// What the database calls it.
    pub(crate) fn name(self) -> String {
        format!("records_by_{}", self.column())
    }

    /// What it sorts by. Of a text whose key is not kept, the key is kept here alone.
    pub(crate) fn key(self) -> String {
        match self {
            Self::Updated => self.column().to_owned(),
            Self::Text(field) => {
                key_column(field).map_or_else(|| format!("text_key({})", column(field)), str::to_owned)
            }
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Text(field) => column(field),
            Self::Updated => "updated",
        }
    }
}
