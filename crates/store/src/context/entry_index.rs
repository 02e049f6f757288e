//! The indexes of an entry of `custom`, which are made when a list first asks for one (`sqlite::custom_index`,
//! `postgres::custom_index`).

use engine::context::filter::Tree;
use engine::context::{Filter, List, Query};
use wire::context::Kind;

/// The most indexes of the users or the channels of a key set: each costs every write that changes its entry.
pub(crate) const MAX_INDEXES: usize = 32;

/// An index that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryIndex {
    pub(crate) number: i64,
    /// Whether its records are in the order of names; in that of ids otherwise.
    pub(crate) by_name: bool,
}

/// An index that would have found a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// The name of the entry.
    pub(crate) entry: String,
    /// Whether in the order of names.
    pub(crate) by_name: bool,
}

impl Lacking {
    /// Of a list that found nobody: whose users or channels are to be asked whether the index is worth making. Who looks for a
    /// value before he adds it may never find one, and reads everybody each time. But an entry that nobody has gets no
    /// index, and that is asked only of a list that read everybody.
    pub(crate) fn to_be_asked(query: &Query) -> Option<Kind> {
        match (&query.list, query.filter.as_ref().map(Filter::tree)) {
            (List::Records(kind), Some(Tree::Compare(_))) => Some(*kind),
            _ => None,
        }
    }
}
