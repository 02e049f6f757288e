//! Why a filter was refused, and where.

use thiserror::Error;

use super::Filter;
use crate::Refused;

/// A text that is no filter of its list.
pub type FilterError = Refused<Problem>;

/// What was wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// The text is over the limit.
    #[error("a filter has at most {} bytes", Filter::MAX_LENGTH)]
    TooLong,
    /// Too many open groups.
    #[error("groups nest at most {} deep", Filter::MAX_DEPTH)]
    TooDeep,
    /// A number that no 64-bit float can hold.
    #[error("this number is too large")]
    NumberTooLarge,
    /// A string without its closing quote.
    #[error("this string is never closed")]
    UnclosedString,
    /// A backslash before something that it does not go with, or half of a surrogate pair.
    #[error("this escape has no meaning in a string")]
    Escape,
    /// U+0000 in a string.
    #[error("no text holds the character U+0000")]
    Nul,
    /// Half of an operator that is written with two equal characters.
    #[error("a single `{0}` means nothing, write `{0}{0}`")]
    Halved(char),
    /// A character that begins nothing in the language.
    #[error("{0:?} has no meaning in a filter")]
    Stray(char),
    /// A path that names no field of the list.
    #[error("this list has no such field")]
    UnknownField,
    /// A literal of a type that the field does not have.
    #[error("this field is compared with {0}")]
    WrongLiteral(&'static str),
    /// An operator that the literal does not take.
    #[error("this operator does not go with {0}")]
    WrongOperator(&'static str),
    /// A string that is no date, time and zone.
    #[error("a time is an ISO 8601 date, time and zone, such as '2024-03-07T08:46:53.26Z'")]
    NoMoment,
    /// Something other than the grammar asks for.
    #[error("expected {wanted}, found {found}")]
    Unexpected {
        /// What may stand here.
        wanted: &'static str,
        /// What stands here.
        found: &'static str,
    },
}
