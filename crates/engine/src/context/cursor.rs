//! Cursors: a place between two records of a list.
//!
//! A cursor holds the values that the list is sorted by, and the id, of the record beside it. So the next page is
//! found by an index, whichever page it is, and records that come or go elsewhere move nothing.
//!
//! Its text names no list: it holds a checksum over list, order and place, so that a cursor of another list or of
//! another order is refused like one that is damaged. The filter is not in it; a cursor may be used with another.

use std::cmp::Ordering;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wire::RecordId;

use super::{Item, List, Row, Sort, Value};

/// A place in an ordered list: just before or just after where a record stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// On which side of the record.
    pub edge: Edge,
    /// The values of the record under the keys of the order, in their order.
    pub values: Vec<Value<'static>>,
    /// The id of the record, which decides last.
    pub id: RecordId,
}

/// A side of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Edge {
    /// The record is the first after the place.
    Before,
    /// The record is the last before the place.
    After,
}

/// The form of the bytes in a cursor. Another form takes another number.
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 8;
/// The longest text that is looked at. A record has at most 32 KiB, and so have the values of a cursor; a cursor that
/// does not fit into a request target cannot be sent anyhow.
const MAX_TEXT: usize = 48 * 1024;

impl Position {
    /// The place just before a row.
    #[must_use]
    pub fn before(row: Row<'_>, sort: &Sort) -> Self {
        Self::beside(Edge::Before, row, sort)
    }

    /// The place just after a row.
    #[must_use]
    pub fn after(row: Row<'_>, sort: &Sort) -> Self {
        Self::beside(Edge::After, row, sort)
    }

    fn beside(edge: Edge, row: Row<'_>, sort: &Sort) -> Self {
        let values = sort.keys.iter().map(|key| row.value(&key.field).into_owned()).collect();
        Self { edge, values, id: row.id().clone() }
    }

    /// Whether the row comes after this place.
    #[must_use]
    pub fn is_passed_by(&self, row: Row<'_>, sort: &Sort) -> bool {
        let keys = sort.keys.iter().zip(&self.values);
        let by_keys = keys.map(|(key, value)| key.direction.apply(row.value(&key.field).compare(value)));
        let by_id = || sort.id.apply(super::order::compare(row.id().as_str(), self.id.as_str()));
        match by_keys.fold(Ordering::Equal, Ordering::then).then_with(by_id) {
            Ordering::Less => false,
            Ordering::Equal => self.edge == Edge::Before,
            Ordering::Greater => true,
        }
    }

    /// The cursor: text that stands unchanged in a query.
    #[must_use]
    pub fn encode(&self, list: &List, sort: &Sort) -> String {
        // Values and names always have a form.
        let place = postcard::to_allocvec(self).unwrap_or_default();
        let bytes = [&[VERSION][..], &checksum(list, sort, &place), &place].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place of a cursor of this list in this order.
    #[must_use]
    pub fn decode(text: &str, list: &List, sort: &Sort) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (found, place) = rest.split_at_checked(CHECKSUM_BYTES)?;
        if version != VERSION || found != checksum(list, sort, place) {
            return None;
        }
        let (position, rest) = postcard::take_from_bytes::<Self>(place).ok()?;
        let fits = rest.is_empty()
            && position.values.len() == sort.keys.len()
            && sort.keys.iter().zip(&position.values).all(|(key, value)| can_have(&key.field.item, value));
        fits.then_some(position)
    }
}

/// Whether a field may have this value. A cursor is not secret, so somebody may make one that says otherwise.
fn can_have(item: &Item, value: &Value<'_>) -> bool {
    match (item, value) {
        (_, Value::Unset) => true,
        (Item::Id | Item::Text(_) | Item::Custom(_), Value::Text(text)) => !text.contains('\0'),
        (Item::Custom(_), Value::Number(number)) => number.is_finite(),
        (Item::Custom(_), Value::Bool(_)) | (Item::Updated, Value::Moment(_)) => true,
        (_, Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Moment(_) | Value::Object) => false,
    }
}

fn checksum(list: &List, sort: &Sort, place: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let list = match list {
        List::Records(kind) => format!("{}\n", kind.as_str()),
        // An id holds no line end.
        List::Memberships { owner, id } => format!("{} {id}\n", owner.as_str()),
    };
    let digest = Sha256::new().chain_update(list).chain_update(sort.to_string()).chain_update([0]).chain_update(place);
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest.finalize()[..CHECKSUM_BYTES]);
    checksum
}
