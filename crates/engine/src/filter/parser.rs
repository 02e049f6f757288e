//! Tokens to tree: one function for each level of precedence, loosest first.
//!
//! Recursion happens only inside parentheses and after `!`, and both are counted. Operators of one level are collected
//! in a loop, so a chain of any length costs no stack here and gives a flat tree.

use std::mem;

use super::MessageFilter;
use super::error::{FilterError, Problem};
use super::number::{Number, Operator};
use super::tokens::Token;
use super::tree::{Comparison, Path, Source, Step, Tree};
use crate::expression::{Reader, logic};

/// The tree of an expression, or none when the text is blank.
pub(super) fn parse(text: &str) -> Result<Option<Tree>, FilterError> {
    if text.len() > MessageFilter::MAX_LENGTH {
        return Err(FilterError::at(text, MessageFilter::MAX_LENGTH, Problem::TooLong));
    }
    let mut parser = Parser { read: Reader::new(text)?, depth: 0 };
    if parser.read.current == Token::End {
        return Ok(None);
    }
    let tree = parser.any()?;
    match parser.read.current {
        Token::End => Ok(Some(tree)),
        _ => Err(parser.read.unexpected("an operator or the end")),
    }
}

struct Parser<'t> {
    read: Reader<'t, Token<'t>>,
    /// How many parentheses and negations are open.
    depth: usize,
}

impl<'t> AsMut<Reader<'t, Token<'t>>> for Parser<'t> {
    fn as_mut(&mut self) -> &mut Reader<'t, Token<'t>> {
        &mut self.read
    }
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Tree, FilterError> {
        logic(self, Self::comparison, Tree::All, Tree::Any)
    }

    fn comparison(&mut self) -> Result<Tree, FilterError> {
        let left = self.sum()?;
        let Some(comparison) = comparison_named(&self.read.current) else { return Ok(left) };
        self.read.advance()?;
        let right = self.sum()?;
        match comparison_named(&self.read.current) {
            None => Ok(Tree::compare(left, comparison, right)),
            Some(_) => Err(self.read.error(Problem::Chained)),
        }
    }

    fn sum(&mut self) -> Result<Tree, FilterError> {
        self.arithmetic(&[("+", Operator::Add), ("-", Operator::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Tree, FilterError> {
        let operators = [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)];
        self.arithmetic(&operators, Self::negation)
    }

    fn negation(&mut self) -> Result<Tree, FilterError> {
        if self.read.takes("!")? {
            self.deeper(Self::negation).map(|tree| Tree::Not(Box::new(tree)))
        } else {
            self.operand()
        }
    }

    fn operand(&mut self) -> Result<Tree, FilterError> {
        let value = match &mut self.read.current {
            Token::Symbol("(") => return self.deeper(Self::group),
            Token::Symbol(sign @ ("+" | "-")) => {
                let sign = *sign;
                self.read.advance()?;
                return self.number(sign);
            }
            Token::Number(_) => return self.number("+"),
            Token::Name("true") => Tree::Bool(true),
            Token::Name("false") => Tree::Bool(false),
            Token::Name(name) => {
                let name = *name;
                return self.key(name);
            }
            Token::Text(text) => Tree::Text(mem::take(text)),
            Token::Symbol(_) | Token::End => return Err(self.read.unexpected("a key, a value or `(`")),
        };
        self.read.advance()?;
        Ok(value)
    }

    /// Parentheses around one expression, or around the items of a set.
    ///
    /// A set is not a value: only `contains` can ask it something. It is read together with that question, and nothing
    /// else has to wonder about sets.
    fn group(&mut self) -> Result<Tree, FilterError> {
        self.read.expects("(", "`(`")?;
        let first = self.any()?;
        if self.read.current != Token::Symbol(",") {
            self.read.expects(")", "an operator or `)`")?;
            return Ok(first);
        }
        let mut items = vec![first];
        while self.read.takes(",")? {
            items.push(self.any()?);
        }
        self.read.expects(")", "an operator, `,` or `)`")?;
        if !self.read.current.is_word("contains") {
            return Err(self.read.unexpected("`contains` after a set"));
        }
        self.read.advance()?;
        Ok(Tree::OneOf { items, value: Box::new(self.sum()?) })
    }

    fn number(&mut self, sign: &str) -> Result<Tree, FilterError> {
        let Token::Number(digits) = self.read.current else {
            return Err(self.read.unexpected("a number after its sign"));
        };
        let number = Number::parse(sign, digits).ok_or_else(|| self.read.error(Problem::NumberTooLarge))?;
        self.read.advance()?;
        Ok(Tree::Number(number))
    }

    fn key(&mut self, name: &str) -> Result<Tree, FilterError> {
        self.read.advance()?;
        let (source, mut steps) = match name {
            "data" => (Source::Data, Vec::new()),
            "meta" => (Source::Meta, Vec::new()),
            bare => (Source::Meta, vec![Step::Name(bare.into())]),
        };
        loop {
            if self.read.takes(".")? {
                let Token::Name(name) = self.read.current else { return Err(self.read.unexpected("a name after `.`")) };
                self.read.advance()?;
                steps.push(Step::Name(name.into()));
            } else if self.read.takes("[")? {
                steps.push(self.bracketed()?);
                self.read.expects("]", "`]`")?;
            } else {
                return Ok(Tree::Key(Path { source, steps: steps.into() }));
            }
        }
    }

    fn bracketed(&mut self) -> Result<Step, FilterError> {
        let step = match &self.read.current {
            Token::Text(name) => Some(Step::Name(name.as_str().into())),
            Token::Number(digits) => digits.parse().ok().map(Step::Index),
            Token::Name(_) | Token::Symbol(_) | Token::End => None,
        };
        let step = step.ok_or_else(|| self.read.unexpected("a quoted name or a position in `[ ]`"))?;
        self.read.advance()?;
        Ok(step)
    }

    fn arithmetic(
        &mut self,
        operators: &[(&'static str, Operator)],
        operand: fn(&mut Self) -> Result<Tree, FilterError>,
    ) -> Result<Tree, FilterError> {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(&(_, operator)) = operators.iter().find(|(symbol, _)| self.read.current == Token::Symbol(symbol))
        {
            self.read.advance()?;
            rest.push((operator, operand(self)?));
        }
        Ok(if rest.is_empty() { first } else { Tree::Arithmetic { first: Box::new(first), rest } })
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> Result<Tree, FilterError>) -> Result<Tree, FilterError> {
        if self.depth == MessageFilter::MAX_DEPTH {
            return Err(self.read.error(Problem::TooDeep));
        }
        self.depth += 1;
        let tree = inner(self)?;
        self.depth -= 1;
        Ok(tree)
    }
}

fn comparison_named(token: &Token<'_>) -> Option<Comparison> {
    match token {
        Token::Symbol("==") => Some(Comparison::Equal),
        Token::Symbol("!=") => Some(Comparison::NotEqual),
        Token::Symbol("<") => Some(Comparison::Less),
        Token::Symbol("<=") => Some(Comparison::LessOrEqual),
        Token::Symbol(">") => Some(Comparison::Greater),
        Token::Symbol(">=") => Some(Comparison::GreaterOrEqual),
        word if word.is_word("contains") => Some(Comparison::Contains),
        word if word.is_word("like") => Some(Comparison::Like),
        _ => None,
    }
}
