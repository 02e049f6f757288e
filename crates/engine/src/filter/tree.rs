//! The shape of a filter.
//!
//! Chains of one operator are lists. Only parentheses and `!` make a tree deeper, and the parser bounds those, so
//! walking and dropping a tree is safe however long its text was.

use std::fmt;

use super::number::{Number, Operator};
use super::pattern::folded;
use super::tokens::is_name;

/// An expression, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Bool(bool),
    Number(Number),
    Text(String),
    Key(Path),
    Not(Box<Tree>),
    /// A chain of operators of one precedence, from left to right.
    Arithmetic {
        first: Box<Tree>,
        rest: Vec<(Operator, Tree)>,
    },
    Comparison {
        left: Box<Tree>,
        comparison: Comparison,
        right: Box<Tree>,
    },
    /// `('a', 'b') contains value`.
    OneOf {
        items: Vec<Tree>,
        value: Box<Tree>,
    },
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// What is asked about two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Like,
}

/// Where in a message a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) source: Source,
    pub(super) steps: Box<[Step]>,
}

/// The part of a message in which a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Meta,
    Data,
}

/// One step into an object or an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(Box<str>),
    Index(usize),
}

/// How tightly a tree holds together, loosest first: what stands inside something tighter needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tightness {
    Any,
    All,
    Comparison,
    Sum,
    Product,
    Operand,
}

impl Tree {
    /// A comparison. A pattern is folded here, once, so that matching need not do it for each message.
    pub(super) fn compare(left: Self, comparison: Comparison, right: Self) -> Self {
        let right = match (comparison, right) {
            (Comparison::Like, Self::Text(pattern)) => Self::Text(folded(&pattern).into_owned()),
            (_, right) => right,
        };
        Self::Comparison { left: Box::new(left), comparison, right: Box::new(right) }
    }

    fn tightness(&self) -> Tightness {
        match self {
            Self::Any(_) => Tightness::Any,
            Self::All(_) => Tightness::All,
            Self::Comparison { .. } | Self::OneOf { .. } => Tightness::Comparison,
            Self::Arithmetic { rest, .. } => match rest.first() {
                Some((Operator::Add | Operator::Subtract, _)) => Tightness::Sum,
                Some((Operator::Multiply | Operator::Divide | Operator::Remainder, _)) | None => Tightness::Product,
            },
            Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Key(_) | Self::Not(_) => Tightness::Operand,
        }
    }

    fn within(&self, needed: Tightness) -> Within<'_> {
        Within { tree: self, needed }
    }
}

/// The canonical text, which parses to the same tree.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => quoted(f, text),
            Self::Key(path) => path.fmt(f),
            Self::Not(tree) => write!(f, "!{}", tree.within(Tightness::Operand)),
            Self::Arithmetic { first, rest } => {
                let needed = if self.tightness() == Tightness::Sum { Tightness::Product } else { Tightness::Operand };
                write!(f, "{}", first.within(needed))?;
                rest.iter().try_for_each(|(operator, tree)| write!(f, " {operator} {}", tree.within(needed)))
            }
            Self::Comparison { left, comparison, right } => {
                write!(f, "{} {comparison} {}", left.within(Tightness::Sum), right.within(Tightness::Sum))
            }
            Self::OneOf { items, value } => {
                f.write_str("(")?;
                separated(f, items, ", ", Tightness::Any)?;
                write!(f, ") contains {}", value.within(Tightness::Sum))
            }
            Self::All(trees) => separated(f, trees, " && ", Tightness::Comparison),
            Self::Any(trees) => separated(f, trees, " || ", Tightness::All),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "contains",
            Self::Like => "like",
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.source {
            Source::Meta => "meta",
            Source::Data => "data",
        })?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Name(name) if is_name(name) => write!(f, ".{name}"),
            Step::Name(name) => {
                f.write_str("[")?;
                quoted(f, name)?;
                f.write_str("]")
            }
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

/// A tree in a place that needs it to hold together.
struct Within<'t> {
    tree: &'t Tree,
    needed: Tightness,
}

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tree.tightness() < self.needed { write!(f, "({})", self.tree) } else { self.tree.fmt(f) }
    }
}

fn separated(f: &mut fmt::Formatter<'_>, trees: &[Tree], separator: &str, needed: Tightness) -> fmt::Result {
    trees.iter().enumerate().try_for_each(|(index, tree)| {
        f.write_str(if index == 0 { "" } else { separator })?;
        write!(f, "{}", tree.within(needed))
    })
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}
