//! The filter language of subscribe: which messages a subscriber wants, decided from `meta` and the payload.
//!
//! The language is the section "Filter expressions" of `docs/protocol/pubsub.md`.
//!
//! - An expression is parsed once, into a tree, and evaluated for many messages.
//! - No text makes parsing or evaluating panic or run long: length and depth are bounded, chains of one operator are
//!   lists and not nests, and `like` and `contains` take time in proportion to what they read.
//! - A message is read only as far as the filter asks: payload text is parsed when `data` is mentioned, and not before.
//! - A missing key is null, and so is arithmetic that has no answer. Evaluating knows no errors.
//!
//! Text becomes tokens (`tokens`), tokens a tree (`parser`, `tree`), the tree an answer (`eval`) about one message
//! (`facts`, `json`). The lexer and the parser are written by hand: the language needs one token of look-ahead and a
//! column for each error, and a parser library would bring its own types for both without making the grammar shorter.
//!
//! Where the page is silent, this module decides:
//!
//! - `data` and `meta` alone are the whole payload and the whole meta. A key of meta named `data` is `meta.data`.
//! - In a string, a backslash makes a quote or a backslash after it plain; before anything else it is plain itself.
//! - Comparisons do not chain: `1 < a < 5` is malformed, not silently false.
//! - A set has two items or more, and stands only to the left of `contains`. One item in parentheses is grouping.
//! - Numbers that JSON writes as integers are compared and added exactly; a quotient is exact, so `7 / 2` is 3.5.

mod error;
mod eval;
mod facts;
mod json;
mod number;
mod parser;
pub(crate) mod pattern;
#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
mod tests;
mod tokens;
mod tree;

use std::fmt;

pub use error::{FilterError, Problem};
pub use facts::Facts;
use tree::Tree;

/// A parsed filter expression: the question a subscriber asks about each message.
///
/// The language is described in `docs/protocol/pubsub.md`.
///
/// ```
/// use engine::filter::{Facts, MessageFilter};
///
/// let filter = MessageFilter::parse("language == 'en' && data.score >= 10").unwrap();
///
/// assert!(filter.matches(&Facts::new(Some(r#"{"language":"en"}"#), r#"{"score":12}"#)));
/// assert!(!filter.matches(&Facts::new(Some(r#"{"language":"es"}"#), r#"{"score":12}"#)));
/// assert!(!filter.matches(&Facts::new(None, r#"{"score":12}"#)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageFilter {
    /// None for the empty expression, which asks nothing.
    tree: Option<Tree>,
}

impl MessageFilter {
    /// The longest expression, in bytes. A tree takes many times the memory of its text and lives as long as a parked
    /// poll.
    pub const MAX_LENGTH: usize = 8192;

    /// How deep parentheses and `!` may nest. Parsing, evaluating and dropping recurse this far and no further, so the
    /// stack they need is known; hand-written filters stay below ten.
    pub const MAX_DEPTH: usize = 64;

    /// Reads an expression. An empty or blank one gives the filter that every message matches, as if none was sent.
    ///
    /// ```
    /// use engine::filter::MessageFilter;
    ///
    /// let error = MessageFilter::parse("language = 'en'").unwrap_err();
    /// assert_eq!(error.column, 10);
    /// assert_eq!(error.to_string(), "column 10: a single `=` means nothing, write `==`");
    ///
    /// assert_eq!(MessageFilter::parse("  ").unwrap(), MessageFilter::default());
    /// ```
    ///
    /// # Errors
    ///
    /// When the expression is malformed, longer than [`Self::MAX_LENGTH`] or deeper than [`Self::MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text).map(|tree| Self { tree })
    }

    /// Whether the message with these facts is one that the subscriber wants.
    #[must_use]
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        self.tree.as_ref().is_none_or(|tree| tree.holds(facts))
    }
}

/// The expression with every bare name spelled as `meta.name` and without needless parentheses.
impl fmt::Display for MessageFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.as_ref().map_or(Ok(()), |tree| tree.fmt(f))
    }
}
