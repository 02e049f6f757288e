//! Tokens to tree: one function for each level of precedence, loosest first.
//!
//! Recursion happens only inside parentheses and after `!`, and both are counted. Operators of one level are collected
//! in a loop, so a chain of any length costs no stack here and gives a flat tree.

use std::mem;

use super::MessageFilter;
use super::error::{FilterError, Problem};
use super::number::{Number, Operator};
use super::tokens::{Token, Tokens};
use super::tree::{Comparison, Path, Source, Step, Tree};

/// The tree of an expression, or none when the text is blank.
pub(super) fn parse(text: &str) -> Result<Option<Tree>, FilterError> {
    if text.len() > MessageFilter::MAX_LENGTH {
        return Err(FilterError::at(text, MessageFilter::MAX_LENGTH, Problem::TooLong));
    }
    let mut parser = Parser::new(text)?;
    if parser.current == Token::End {
        return Ok(None);
    }
    let tree = parser.any()?;
    match parser.current {
        Token::End => Ok(Some(tree)),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser<'t> {
    tokens: Tokens<'t>,
    current: Token<'t>,
    /// The byte at which the current token begins.
    start: usize,
    /// How many parentheses and negations are open.
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, FilterError> {
        let mut tokens = Tokens::new(text);
        let (start, current) = tokens.next()?;
        Ok(Self { tokens, current, start, depth: 0 })
    }

    fn any(&mut self) -> Result<Tree, FilterError> {
        self.joined("||", Self::all, Tree::Any)
    }

    fn all(&mut self) -> Result<Tree, FilterError> {
        self.joined("&&", Self::comparison, Tree::All)
    }

    fn comparison(&mut self) -> Result<Tree, FilterError> {
        let left = self.sum()?;
        let Some(comparison) = comparison_named(&self.current) else { return Ok(left) };
        self.advance()?;
        let right = self.sum()?;
        match comparison_named(&self.current) {
            None => Ok(Tree::compare(left, comparison, right)),
            Some(_) => Err(self.error(Problem::Chained)),
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
        if self.takes("!")? {
            self.deeper(Self::negation).map(|tree| Tree::Not(Box::new(tree)))
        } else {
            self.operand()
        }
    }

    fn operand(&mut self) -> Result<Tree, FilterError> {
        let value = match &mut self.current {
            Token::Symbol("(") => return self.deeper(Self::group),
            Token::Symbol(sign @ ("+" | "-")) => {
                let sign = *sign;
                self.advance()?;
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
            Token::Symbol(_) | Token::End => return Err(self.unexpected("a key, a value or `(`")),
        };
        self.advance()?;
        Ok(value)
    }

    /// Parentheses around one expression, or around the items of a set.
    ///
    /// A set is not a value: only `contains` can ask it something. It is read together with that question, and nothing
    /// else has to wonder about sets.
    fn group(&mut self) -> Result<Tree, FilterError> {
        self.expects("(", "`(`")?;
        let first = self.any()?;
        if self.current != Token::Symbol(",") {
            self.expects(")", "an operator or `)`")?;
            return Ok(first);
        }
        let mut items = vec![first];
        while self.takes(",")? {
            items.push(self.any()?);
        }
        self.expects(")", "an operator, `,` or `)`")?;
        if !self.current.is_word("contains") {
            return Err(self.unexpected("`contains` after a set"));
        }
        self.advance()?;
        Ok(Tree::OneOf { items, value: Box::new(self.sum()?) })
    }

    fn number(&mut self, sign: &str) -> Result<Tree, FilterError> {
        let Token::Number(digits) = self.current else { return Err(self.unexpected("a number after its sign")) };
        let number = Number::parse(sign, digits).ok_or_else(|| self.error(Problem::NumberTooLarge))?;
        self.advance()?;
        Ok(Tree::Number(number))
    }

    fn key(&mut self, name: &str) -> Result<Tree, FilterError> {
        self.advance()?;
        let (source, mut steps) = match name {
            "data" => (Source::Data, Vec::new()),
            "meta" => (Source::Meta, Vec::new()),
            bare => (Source::Meta, vec![Step::Name(bare.into())]),
        };
        loop {
            if self.takes(".")? {
                let Token::Name(name) = self.current else { return Err(self.unexpected("a name after `.`")) };
                self.advance()?;
                steps.push(Step::Name(name.into()));
            } else if self.takes("[")? {
                steps.push(self.bracketed()?);
                self.expects("]", "`]`")?;
            } else {
                return Ok(Tree::Key(Path { source, steps: steps.into() }));
            }
        }
    }

    fn bracketed(&mut self) -> Result<Step, FilterError> {
        let step = match &self.current {
            Token::Text(name) => Some(Step::Name(name.as_str().into())),
            Token::Number(digits) => digits.parse().ok().map(Step::Index),
            Token::Name(_) | Token::Symbol(_) | Token::End => None,
        };
        let step = step.ok_or_else(|| self.unexpected("a quoted name or a position in `[ ]`"))?;
        self.advance()?;
        Ok(step)
    }

    fn joined(
        &mut self,
        symbol: &'static str,
        operand: fn(&mut Self) -> Result<Tree, FilterError>,
        join: fn(Vec<Tree>) -> Tree,
    ) -> Result<Tree, FilterError> {
        let first = operand(self)?;
        if self.current != Token::Symbol(symbol) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.takes(symbol)? {
            operands.push(operand(self)?);
        }
        Ok(join(operands))
    }

    fn arithmetic(
        &mut self,
        operators: &[(&'static str, Operator)],
        operand: fn(&mut Self) -> Result<Tree, FilterError>,
    ) -> Result<Tree, FilterError> {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(&(_, operator)) = operators.iter().find(|(symbol, _)| self.current == Token::Symbol(symbol)) {
            self.advance()?;
            rest.push((operator, operand(self)?));
        }
        Ok(if rest.is_empty() { first } else { Tree::Arithmetic { first: Box::new(first), rest } })
    }

    fn deeper(&mut self, inner: fn(&mut Self) -> Result<Tree, FilterError>) -> Result<Tree, FilterError> {
        if self.depth == MessageFilter::MAX_DEPTH {
            return Err(self.error(Problem::TooDeep));
        }
        self.depth += 1;
        let tree = inner(self)?;
        self.depth -= 1;
        Ok(tree)
    }

    /// Moves on, and hands out the token that was current.
    fn advance(&mut self) -> Result<Token<'t>, FilterError> {
        let (start, next) = self.tokens.next()?;
        self.start = start;
        Ok(mem::replace(&mut self.current, next))
    }

    fn takes(&mut self, symbol: &'static str) -> Result<bool, FilterError> {
        let found = self.current == Token::Symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expects(&mut self, symbol: &'static str, wanted: &'static str) -> Result<(), FilterError> {
        if self.takes(symbol)? { Ok(()) } else { Err(self.unexpected(wanted)) }
    }

    fn unexpected(&self, wanted: &'static str) -> FilterError {
        self.error(Problem::Unexpected { wanted, found: self.current.kind() })
    }

    fn error(&self, problem: Problem) -> FilterError {
        FilterError::at(self.tokens.text, self.start, problem)
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
