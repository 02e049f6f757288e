//! Why an expression was refused, and where.

use thiserror::Error;

use super::MessageFilter;

/// A filter expression that is not of the language of `docs/protocol/pubsub.md`.
///
/// Its text names the place and the reason, and never repeats the caller's names and strings.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column {column}: {problem}")]
pub struct FilterError {
    /// The character at which reading stopped, counted from 1.
    pub column: usize,
    /// What was wrong there.
    pub problem: Problem,
}

impl FilterError {
    /// The error at a byte of the text, which is where tokens count.
    pub(super) fn at(text: &str, offset: usize, problem: Problem) -> Self {
        let before = text.char_indices().take_while(|&(at, _)| at < offset).count();
        Self { column: before + 1, problem }
    }
}

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
