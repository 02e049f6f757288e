//! The shape of a filter, and what it says about a row.
//!
//! Chains of one operator are lists. Only groups make a tree deeper, and the parser bounds those, so walking and
//! dropping a tree is safe however long its text was.

use std::cmp::Ordering;
use std::fmt;

use wire::context::Moment;

use super::tokens::is_identifier;
use crate::context::order;
use crate::context::{Field, Item, ListKind, Of, Row, Value};
use crate::filter::pattern::pieces_match;

/// An expression, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A question about one field.
    Compare(Comparison),
    /// `!`: unknown stays unknown.
    Not(Box<Tree>),
    /// `&&` of two or more: false if one is, else unknown if one is.
    All(Vec<Tree>),
    /// `||` of two or more: true if one is, else unknown if one is.
    Any(Vec<Tree>),
}

/// A question about one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which field.
    pub field: Field,
    /// What is asked.
    pub test: Test,
}

/// What is asked about a field. All but the first two are unknown when it is unset, or, in `custom`, of another type.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `== null`
    Unset,
    /// `!= null`
    Set,
    /// A text: equal to the letter, or in the order of texts ([`order`]). Of text fields, ids and `custom.NAME`.
    Text(Operator, String),
    /// `like`. Of text fields, ids and `custom.NAME`.
    Like(Pattern),
    /// A number, finite. Of `custom.NAME`.
    Number(Operator, f64),
    /// `== true` and the like. Of `custom.NAME`.
    Bool {
        /// Whether the operator is `==`, and not `!=`.
        equal: bool,
        /// The literal.
        value: bool,
    },
    /// A moment. Of `updated`.
    Moment(Operator, Moment),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// What the language calls it; SQL does too, but for the first two.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether two values that compare so are as the operator asks.
    #[must_use]
    pub const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// A pattern of `like`: pieces of text with anything between two of them. Letters match with case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// At least one. Only the first and the last may be empty.
    pieces: Vec<String>,
}

impl Pattern {
    /// The pattern of these pieces, with a star between two of them.
    ///
    /// ```
    /// use engine::context::filter::Pattern;
    /// let pattern = Pattern::new(["a".into(), "b".into(), String::new()]);
    /// assert!(pattern.matches("a-b-c") && !pattern.matches("b-a"));
    /// assert_eq!(pattern.prefix(), "a");
    /// ```
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = String>) -> Self {
        let mut pieces: Vec<String> = pieces.into_iter().collect();
        if pieces.is_empty() {
            pieces.push(String::new());
        }
        let last = pieces.len() - 1;
        let mut index = 0;
        // Two stars are as good as one.
        pieces.retain(|piece| {
            index += 1;
            index == 1 || index == last + 1 || !piece.is_empty()
        });
        Self { pieces }
    }

    /// The pieces: one when the pattern has no star.
    #[must_use]
    pub fn pieces(&self) -> &[String] {
        &self.pieces
    }

    /// What every text that matches begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.pieces.first().map_or("", String::as_str)
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        pieces_match(text, self.pieces.iter().map(String::as_str))
    }
}

impl Tree {
    /// What the expression says about a row: true, false, or unknown.
    #[must_use]
    pub fn eval(&self, row: &Row<'_>) -> Option<bool> {
        match self {
            Self::Compare(comparison) => comparison.test.eval(&row.value(&comparison.field)),
            Self::Not(tree) => tree.eval(row).map(|truth| !truth),
            Self::All(trees) => decided(trees, row, false),
            Self::Any(trees) => decided(trees, row, true),
        }
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, list: ListKind) -> fmt::Result {
        match self {
            Self::Compare(Comparison { field, test }) => {
                if let (Of::Joined, Some(joined)) = (field.of, list.joined()) {
                    write!(f, "{}.", joined.as_str())?;
                }
                write!(f, "{} {test}", field.item)
            }
            Self::Not(tree) => {
                f.write_str("!")?;
                tree.write_within(f, list, false)
            }
            Self::All(trees) => {
                separated(f, list, trees, " && ", |tree| matches!(tree, Self::Compare(_) | Self::Not(_)))
            }
            Self::Any(trees) => separated(f, list, trees, " || ", |tree| !matches!(tree, Self::Any(_))),
        }
    }

    fn write_within(&self, f: &mut fmt::Formatter<'_>, list: ListKind, is_tight: bool) -> fmt::Result {
        if is_tight {
            return self.write(f, list);
        }
        f.write_str("(")?;
        self.write(f, list)?;
        f.write_str(")")
    }
}

/// The truth that decides if one tree has it; else unknown if one is unknown; else the other truth.
fn decided(trees: &[Tree], row: &Row<'_>, decisive: bool) -> Option<bool> {
    let mut answer = Some(!decisive);
    for tree in trees {
        match tree.eval(row) {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => answer = None,
        }
    }
    answer
}

fn separated(
    f: &mut fmt::Formatter<'_>,
    list: ListKind,
    trees: &[Tree],
    separator: &str,
    is_tight: fn(&Tree) -> bool,
) -> fmt::Result {
    trees.iter().enumerate().try_for_each(|(index, tree)| {
        f.write_str(if index == 0 { "" } else { separator })?;
        tree.write_within(f, list, is_tight(tree))
    })
}

impl Test {
    /// What it says about a value: true, false, or unknown.
    #[must_use]
    pub fn eval(&self, value: &Value<'_>) -> Option<bool> {
        match (self, value) {
            (Self::Unset, value) => Some(*value == Value::Unset),
            (Self::Set, value) => Some(*value != Value::Unset),
            (Self::Text(Operator::Equal, wanted), Value::Text(text)) => Some(text == wanted),
            (Self::Text(Operator::NotEqual, wanted), Value::Text(text)) => Some(text != wanted),
            (Self::Text(operator, wanted), Value::Text(text)) => Some(operator.holds(order::compare(text, wanted))),
            (Self::Like(pattern), Value::Text(text)) => Some(pattern.matches(text)),
            (Self::Number(operator, wanted), Value::Number(number)) => {
                number.partial_cmp(wanted).map(|ordering| operator.holds(ordering))
            }
            (Self::Bool { equal, value: wanted }, Value::Bool(value)) => Some((value == wanted) == *equal),
            (Self::Moment(operator, wanted), Value::Moment(moment)) => Some(operator.holds(moment.cmp(wanted))),
            (Self::Text(..) | Self::Like(_) | Self::Number(..) | Self::Bool { .. } | Self::Moment(..), _) => None,
        }
    }
}

/// The operator and the literal.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("== null"),
            Self::Set => f.write_str("!= null"),
            Self::Text(operator, text) => {
                write!(f, "{} ", operator.as_str())?;
                quoted(f, text)
            }
            Self::Like(Pattern { pieces }) => {
                f.write_str("like \"")?;
                for (index, piece) in pieces.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "*" })?;
                    f.write_str(&escaped(piece).replace('*', r"\*"))?;
                }
                f.write_str("\"")
            }
            Self::Number(operator, number) => write!(f, "{} {number}", operator.as_str()),
            Self::Bool { equal: true, value } => write!(f, "== {value}"),
            Self::Bool { equal: false, value } => write!(f, "!= {value}"),
            Self::Moment(operator, moment) => write!(f, "{} \"{moment}\"", operator.as_str()),
        }
    }
}

/// `custom.NAME`, in brackets when the name is no identifier.
pub(in crate::context) fn write_custom(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if is_identifier(name) {
        return write!(f, "custom.{name}");
    }
    f.write_str("custom[")?;
    quoted(f, name)?;
    f.write_str("]")
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"")
}

impl Item {
    /// What literals the field is compared with, for errors.
    pub(super) const fn wanted(&self) -> &'static str {
        match self {
            Self::Id | Self::Text(_) => "a string or null",
            Self::Updated => "a string that is a time, or null",
            Self::WholeCustom => "null",
            Self::Custom(_) => "a string, a number, true, false or null",
        }
    }
}
