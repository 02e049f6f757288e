//! Why an expression was refused, and where.

use thiserror::Error;

use super::MessageFilter;
use crate::Refused;

/// An expression that is not of the language of `docs/protocol/pubsub.md`.
pub type FilterError = Refused<Problem>;

/// What was wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is over the limit.
    #[error("a filter has at most {} bytes", MessageFilter::MAX_LENGTH)]
    TooLong,
    /// Too many open parentheses and negations.
    #[error("parentheses and `!` nest at most {} deep", MessageFilter::MAX_DEPTH)]
    TooDeep,
    /// A number that no 64-bit float can hold.
    #[error("this number is too large")]
    NumberTooLarge,
    /// A string without its closing quote.
    #[error("this string is never closed")]
    UnclosedString,
    /// Half of an operator that is written with two equal characters.
    #[error("a single `{0}` means nothing, write `{0}{0}`")]
    Halved(char),
    /// A character that begins nothing in the language.
    #[error("{0:?} has no meaning in a filter")]
    Stray(char),
    /// A comparison whose side is a comparison.
    #[error("comparisons do not chain, put one of them in parentheses")]
    Chained,
    /// Something other than the grammar asks for.
    #[error("expected {wanted}, found {found}")]
    Unexpected {
        /// What may stand here.
        wanted: &'static str,
        /// What stands here.
        found: String,
    },
}
