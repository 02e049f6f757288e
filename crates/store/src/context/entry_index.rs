//! The indexes of an entry of `custom`, which are made when a list first asks for one (`sqlite::custom_index`,
//! `postgres::custom_index`).

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
