//! The filter language of lists: which users, channels or memberships are wanted.
//!
//! The language is the section "filter" of `docs/protocol/app-context.md`. It is another one than that of subscribe
//! ([`crate::filter`]): its fields are known, its literals have types, and what is unset makes an answer unknown.
//!
//! - A text is refused or accepted whatever is stored. Fields become an enum and literals become values, so a store
//!   translates a [`Tree`] to a query without a caller's text in it but as bound values.
//! - No text makes parsing or evaluating panic or run long: length and depth are bounded, chains of one operator are
//!   lists, and `like` takes time in proportion to what it reads.
//! - Logic has three values. Only rows for which the whole is true are kept.
//!
//! Where the page is silent, this module decides:
//!
//! - A value of `custom` of another type than the literal makes a comparison unknown, as an unset one does.
//! - Numbers compare as 64-bit floats.
//! - U+0000 is refused in strings, as it is in records.

mod error;
mod parser;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use std::fmt;

pub use error::{FilterError, Problem};
pub(super) use tokens::is_identifier;
pub(super) use tree::write_custom;
pub use tree::{Comparison, Operator, Pattern, Test, Tree};

use super::{ListKind, Row};

/// A parsed filter of one kind of list.
///
/// ```
/// use engine::context::{Filter, ListKind};
/// use wire::context::Kind;
///
/// let filter = Filter::parse("name LIKE 'A*' && custom.age >= 18", ListKind::Records(Kind::User)).unwrap().unwrap();
/// assert_eq!(filter.to_string(), r#"name like "A*" && custom.age >= 18"#);
///
/// let error = Filter::parse("status = 'on'", ListKind::Records(Kind::User)).unwrap_err();
/// assert_eq!(error.to_string(), "column 8: a single `=` means nothing, write `==`");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    tree: Tree,
    list: ListKind,
}

impl Filter {
    /// The longest expression, in bytes, as in the filters of subscribe.
    pub const MAX_LENGTH: usize = 8192;

    /// How deep groups may nest: parsing, evaluating and translating recurse this far and no further.
    pub const MAX_DEPTH: usize = 64;

    /// Reads a filter of such a list. None when the text is blank.
    ///
    /// # Errors
    /// When the text does not fit the grammar, the fields of the list, or their types.
    pub fn parse(text: &str, list: ListKind) -> Result<Option<Self>, FilterError> {
        Ok(parser::parse(text, list)?.map(|tree| Self { tree, list }))
    }

    /// What is asked.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Whether the row is wanted.
    #[must_use]
    pub fn matches(&self, row: &Row<'_>) -> bool {
        self.tree.eval(row) == Some(true)
    }
}

/// The canonical text, which parses to the same tree.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.write(f, self.list)
    }
}
