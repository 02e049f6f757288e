//! Numbers: exact while they are whole, 64-bit floats otherwise.
//!
//! Identifiers and timetokens are long integers that a float would round, so whole numbers stay whole as long as they
//! can. Every number is finite: arithmetic without a finite answer has none.

use std::cmp::Ordering;
use std::fmt;

/// A number of an expression or of JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// Wide enough for every 64-bit integer, signed or not, and for the product of two.
    Whole(i128),
    /// Finite.
    Decimal(f64),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Number {
    /// Reads `12` or `12.5` with its sign. None when the number is beyond a float.
    pub(super) fn parse(sign: &str, digits: &str) -> Option<Self> {
        let negative = sign == "-";
        if let Ok(whole) = digits.parse::<i128>() {
            return Some(Self::Whole(if negative { -whole } else { whole }));
        }
        let decimal: f64 = digits.parse().ok()?;
        Self::finite(if negative { -decimal } else { decimal })
    }

    fn finite(decimal: f64) -> Option<Self> {
        decimal.is_finite().then_some(Self::Decimal(decimal))
    }

    pub(super) fn is_zero(self) -> bool {
        self.as_float() == 0.0
    }

    /// None for division by zero and for what grows beyond a float.
    pub(super) fn apply(self, operator: Operator, other: Self) -> Option<Self> {
        let exact = match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => exact(left, operator, right),
            _ => None,
        };
        exact.map(Self::Whole).or_else(|| Self::finite(rounded(self.as_float(), operator, other.as_float())))
    }

    fn as_float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Decimal(decimal) => decimal,
        }
    }
}

/// The answer as a whole number, if it is one.
fn exact(left: i128, operator: Operator, right: i128) -> Option<i128> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide if left.checked_rem(right) == Some(0) => left.checked_div(right),
        Operator::Divide => None,
        Operator::Remainder => left.checked_rem(right),
    }
}

fn rounded(left: f64, operator: Operator, right: f64) -> f64 {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(left), Self::Whole(right)) => Some(left.cmp(right)),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

/// As the language writes it; a decimal keeps its point, so that it is read back as one.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(f),
            Self::Decimal(decimal) if decimal.fract() == 0.0 => write!(f, "{decimal:.1}"),
            Self::Decimal(decimal) => decimal.fmt(f),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        })
    }
}
