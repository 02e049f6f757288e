//! `sort`: in which order a list is shown.

use std::cmp::Ordering;
use std::fmt;

use wire::context::Fault;

use super::filter::is_identifier;
use super::list::ListKind;
use super::{Field, Item, Row};

/// The order of a list. Total: what ties under every key is ordered by id, in the order of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// Earlier keys win. None of them is the id, and none stands twice.
    pub keys: Vec<Key>,
    /// The direction of the id, which comes last.
    pub id: Direction,
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What is compared.
    pub field: Field,
    /// Which way. Unset values are the greatest: last ascending, first descending.
    pub direction: Direction,
}

/// Which way a key goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// `asc`
    #[default]
    Ascending,
    /// `desc`
    Descending,
}

impl Direction {
    /// The order of two values that compare so when ascending.
    #[must_use]
    pub fn apply(self, ascending: Ordering) -> Ordering {
        match self {
            Self::Ascending => ascending,
            Self::Descending => ascending.reverse(),
        }
    }
}

impl Sort {
    /// The most keys. Far more than a list has fields; a database compares every one of them.
    pub const MAX_KEYS: usize = 16;

    /// Reads a comma list of `field` or `field:direction`.
    ///
    /// ```
    /// use engine::context::{ListKind, Sort};
    /// use wire::context::Kind;
    /// let sort = Sort::parse("name:DESC, id", ListKind::Records(Kind::User)).unwrap();
    /// assert_eq!(sort.to_string(), "name:desc");
    /// assert!(Sort::parse("description", ListKind::Records(Kind::User)).is_err());
    /// ```
    ///
    /// # Errors
    /// A [`Fault`] at `sort` for a field that the list does not have, and for another direction.
    pub fn parse(text: &str, list: ListKind) -> Result<Self, Fault> {
        let mut sort = Self::default();
        let mut complete = false;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, direction) = part.split_once(':').map_or((part, "asc"), |(name, way)| (name.trim(), way.trim()));
            let direction = match direction.to_ascii_lowercase().as_str() {
                "asc" => Direction::Ascending,
                "desc" => Direction::Descending,
                _ => return Err(Fault::query("sort", "A direction is asc or desc.")),
            };
            let field = field(name, list)
                .ok_or_else(|| Fault::query("sort", "This list cannot be sorted by one of the fields."))?;
            // Nothing ties under the id, so what comes after it decides nothing.
            if complete {
                continue;
            }
            if field.item == Item::Id {
                sort.id = direction;
                complete = true;
            } else if sort.keys.iter().all(|key| key.field != field) {
                sort.keys.push(Key { field, direction });
            }
            if sort.keys.len() > Self::MAX_KEYS {
                return Err(Fault::query("sort", format!("A list is sorted by at most {} fields.", Self::MAX_KEYS)));
            }
        }
        Ok(sort)
    }

    /// The order of two rows of a list.
    #[must_use]
    pub fn compare(&self, left: Row<'_>, right: Row<'_>) -> Ordering {
        let keys = self.keys.iter().map(|key| {
            let ascending = left.value(&key.field).compare(&right.value(&key.field));
            key.direction.apply(ascending)
        });
        let by_id = || super::order::compare(left.id().as_str(), right.id().as_str());
        keys.fold(Ordering::Equal, Ordering::then).then_with(|| self.id.apply(by_id()))
    }
}

/// A field as a sort names it: as filters do, with names of `custom` being identifiers; and `id` and `name` of the other
/// end of a membership may stand alone.
fn field(name: &str, list: ListKind) -> Option<Field> {
    let path: Vec<_> = name.split('.').collect();
    let field = match (list, path.as_slice()) {
        (ListKind::Memberships(owner), ["id" | "name"]) => list.field(&[owner.other().as_str(), path[0]]),
        (ListKind::Records(_) | ListKind::Memberships(_), path) => list.field(path),
    }?;
    match &field.item {
        Item::WholeCustom => None,
        Item::Custom(name) if !is_identifier(name) => None,
        Item::Custom(_) | Item::Id | Item::Text(_) | Item::Updated => Some(field),
    }
}

/// The order in one form: what is equal is written alike.
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for Key { field, direction } in &self.keys {
            let of = match field.of {
                super::Of::Own => "",
                super::Of::Joined => "joined.",
            };
            let way = match direction {
                Direction::Ascending => "",
                Direction::Descending => ":desc",
            };
            write!(f, "{separator}{of}{}{way}", field.item)?;
            separator = ",";
        }
        match self.id {
            Direction::Ascending => Ok(()),
            Direction::Descending => write!(f, "{separator}id:desc"),
        }
    }
}
