//! What a tree says about one message.

use std::cmp::Ordering;

use super::facts::Facts;
use super::json::{Json, Object};
use super::number::{Number, Operator};
use super::pattern::is_like;
use super::tree::{Comparison, Tree};

/// The value of an expression for one message. It borrows from the filter and from the message.
#[derive(Clone, Copy)]
enum Value<'v> {
    /// Missing keys, JSON nulls, and arithmetic without an answer.
    Null,
    Bool(bool),
    Number(Number),
    Text(&'v str),
    Array(&'v [Json<'v>]),
    Object(&'v Object<'v>),
}

impl Tree {
    /// Whether the value of this expression is truthy.
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        self.value(facts).is_truthy()
    }

    fn value<'v>(&'v self, facts: &'v Facts<'_>) -> Value<'v> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
            Self::Key(path) => facts.at(path).map_or(Value::Null, Value::from),
            Self::Not(tree) => Value::Bool(!tree.holds(facts)),
            Self::Arithmetic { first, rest } => first.arithmetic(rest, facts).map_or(Value::Null, Value::Number),
            Self::Comparison { left, comparison, right } => {
                Value::Bool(comparison.holds(left.value(facts), right.value(facts)))
            }
            Self::OneOf { items, value } => {
                let value = value.value(facts);
                Value::Bool(items.iter().any(|item| item.value(facts).equals(value)))
            }
            Self::All(trees) => Value::Bool(trees.iter().all(|tree| tree.holds(facts))),
            Self::Any(trees) => Value::Bool(trees.iter().any(|tree| tree.holds(facts))),
        }
    }

    fn arithmetic(&self, rest: &[(Operator, Self)], facts: &Facts<'_>) -> Option<Number> {
        rest.iter().try_fold(self.value(facts).number()?, |number, (operator, tree)| {
            number.apply(*operator, tree.value(facts).number()?)
        })
    }
}

impl Comparison {
    /// Nothing is coerced: values of different types are unequal, have no order, and contain nothing of each other.
    fn holds(self, left: Value<'_>, right: Value<'_>) -> bool {
        match self {
            Self::Equal => left.equals(right),
            Self::NotEqual => !(left.equals(right) || left.is_null() && right.is_null()),
            Self::Less => left.order(right).is_some_and(Ordering::is_lt),
            Self::LessOrEqual => left.order(right).is_some_and(Ordering::is_le),
            Self::Greater => left.order(right).is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => left.order(right).is_some_and(Ordering::is_ge),
            Self::Contains => left.contains(right),
            Self::Like => matches!(right, Value::Text(pattern) if left.is_like(pattern)),
        }
    }
}

impl Value<'_> {
    fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    fn is_truthy(self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => value,
            Self::Number(number) => !number.is_zero(),
            Self::Text(text) => !text.is_empty(),
            Self::Array(items) => !items.is_empty(),
            Self::Object(object) => !object.is_empty(),
        }
    }

    fn number(self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Null equals nothing, not even null.
    fn equals(self, other: Value<'_>) -> bool {
        match (self, other) {
            (Self::Bool(left), Value::Bool(right)) => left == right,
            (Self::Number(left), Value::Number(right)) => left == right,
            (Self::Text(left), Value::Text(right)) => left == right,
            (Self::Array(left), Value::Array(right)) => left == right,
            (Self::Object(left), Value::Object(right)) => left == right,
            _ => false,
        }
    }

    fn order(self, other: Value<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Value::Number(right)) => left.partial_cmp(&right),
            // The order of UTF-8 is the order of code points.
            (Self::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    fn contains(self, other: Value<'_>) -> bool {
        match (self, other) {
            (Self::Text(text), Value::Text(part)) => text.contains(part),
            (Self::Array(items), _) => items.iter().any(|item| Value::from(item).equals(other)),
            _ => false,
        }
    }

    fn is_like(self, pattern: &str) -> bool {
        match self {
            Self::Text(text) => is_like(text, pattern),
            Self::Array(items) => items.iter().any(|item| matches!(item, Json::Text(text) if is_like(text, pattern))),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Object(_) => false,
        }
    }
}

impl<'v> From<&'v Json<'_>> for Value<'v> {
    fn from(json: &'v Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(*number),
            Json::Text(text) => Self::Text(text),
            Json::Array(items) => Self::Array(items),
            Json::Object(object) => Self::Object(object),
        }
    }
}
