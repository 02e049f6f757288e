//! Tokens to tree: one function for each level of precedence, loosest first.
//!
//! Recursion happens only inside groups, and these are counted. Operators of one level are collected in a
//! loop, so a chain of any length costs no stack and gives a flat tree.

use std::mem;

use super::Filter;
use super::error::{FilterError, Problem};
use super::tokens::{Text, Token, Tokens};
use super::tree::{Comparison, Operator, Pattern, Test, Tree};
use crate::context::{Item, ListKind};

/// The tree of a filter, or none when the text is blank.
pub(super) fn parse(text: &str, list: ListKind) -> Result<Option<Tree>, FilterError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.len() > Filter::MAX_LENGTH {
        return Err(FilterError::at(text, Filter::MAX_LENGTH, Problem::TooLong));
    }
    let mut tokens = Tokens::new(text);
    let (start, current) = tokens.next()?;
    let mut parser = Parser { tokens, current, start, depth: 0, list };
    let tree = parser.any()?;
    match parser.current {
        Token::End => Ok(Some(tree)),
        _ => Err(parser.unexpected("`&&`, `||` or the end")),
    }
}

struct Parser<'t> {
    tokens: Tokens<'t>,
    current: Token<'t>,
    /// The byte at which the current token begins.
    start: usize,
    /// How many groups are open.
    depth: usize,
    list: ListKind,
}

/// What stands between a field and a literal.
#[derive(Clone, Copy)]
enum Asked {
    Compare(Operator),
    Like,
}

impl<'t> Parser<'t> {
    fn any(&mut self) -> Result<Tree, FilterError> {
        self.joined("||", Self::all, Tree::Any)
    }

    fn all(&mut self) -> Result<Tree, FilterError> {
        self.joined("&&", Self::unary, Tree::All)
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

    fn unary(&mut self) -> Result<Tree, FilterError> {
        match self.current {
            Token::Symbol("!") => self.negation(),
            Token::Symbol("(") => self.group(),
            Token::Name(_) | Token::Symbol("[") => self.comparison(),
            Token::Number(_) | Token::Text(_) | Token::Symbol(_) | Token::End => {
                Err(self.unexpected("a field, `(` or `!`"))
            }
        }
    }

    /// A row of `!` before a group. Two of them cancel out, also for what is unknown, so a long row makes no deep tree.
    fn negation(&mut self) -> Result<Tree, FilterError> {
        let mut negated = false;
        while self.takes("!")? {
            negated = !negated;
        }
        if self.current != Token::Symbol("(") {
            return Err(self.unexpected("`(` or `!`"));
        }
        let tree = self.group()?;
        Ok(if negated { Tree::Not(Box::new(tree)) } else { tree })
    }

    fn group(&mut self) -> Result<Tree, FilterError> {
        if self.depth == Filter::MAX_DEPTH {
            return Err(self.error(Problem::TooDeep));
        }
        self.depth += 1;
        self.advance()?;
        let tree = self.any()?;
        self.expects(")", "`&&`, `||` or `)`")?;
        self.depth -= 1;
        Ok(tree)
    }

    fn comparison(&mut self) -> Result<Tree, FilterError> {
        let start = self.start;
        let path = self.path()?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let field =
            self.list.field(&path).ok_or_else(|| FilterError::at(self.tokens.text, start, Problem::UnknownField))?;
        let asked = self.asked()?;
        // A literal that does not fit is told at its beginning, before anything is read after it.
        let test = self.test(&field.item, asked).map_err(|problem| self.error(problem))?;
        self.advance()?;
        Ok(Tree::Compare(Comparison { field, test }))
    }

    fn path(&mut self) -> Result<Vec<String>, FilterError> {
        let mut path = Vec::new();
        if let Token::Name(name) = self.current {
            path.push(name.to_owned());
            self.advance()?;
        }
        loop {
            if !path.is_empty() && self.takes(".")? {
                let Token::Name(name) = self.current else { return Err(self.unexpected("a name after `.`")) };
                path.push(name.to_owned());
                self.advance()?;
            } else if self.takes("[")? {
                let Token::Text(text) = &mut self.current else {
                    return Err(self.unexpected("a quoted name in `[ ]`"));
                };
                path.push(mem::take(&mut text.text));
                self.advance()?;
                self.expects("]", "`]`")?;
            } else {
                return Ok(path);
            }
        }
    }

    fn asked(&mut self) -> Result<Asked, FilterError> {
        let asked = match self.current {
            Token::Symbol("==") => Asked::Compare(Operator::Equal),
            Token::Symbol("!=") => Asked::Compare(Operator::NotEqual),
            Token::Symbol("<") => Asked::Compare(Operator::Less),
            Token::Symbol("<=") => Asked::Compare(Operator::LessOrEqual),
            Token::Symbol(">") => Asked::Compare(Operator::Greater),
            Token::Symbol(">=") => Asked::Compare(Operator::GreaterOrEqual),
            Token::Name(name) if name.eq_ignore_ascii_case("like") => Asked::Like,
            _ => return Err(self.unexpected("an operator")),
        };
        self.advance()?;
        Ok(asked)
    }

    /// What is asked of the field with the literal that is current.
    fn test(&mut self, item: &Item, asked: Asked) -> Result<Test, Problem> {
        let wrong = || Problem::WrongLiteral(item.wanted());
        let equality = |what| match asked {
            Asked::Compare(Operator::Equal) => Ok(true),
            Asked::Compare(Operator::NotEqual) => Ok(false),
            Asked::Compare(_) | Asked::Like => Err(Problem::WrongOperator(what)),
        };
        match &mut self.current {
            Token::Name("null") => Ok(if equality("null")? { Test::Unset } else { Test::Set }),
            Token::Text(text) => {
                let text = mem::take(text);
                match (item, asked) {
                    (Item::Id | Item::Text(_) | Item::Custom(_), Asked::Compare(operator)) => {
                        Ok(Test::Text(operator, text.text))
                    }
                    (Item::Id | Item::Text(_) | Item::Custom(_), Asked::Like) => Ok(Test::Like(pattern(&text))),
                    (Item::Updated, Asked::Compare(operator)) => {
                        let moment = text.text.parse().map_err(|_| Problem::NoMoment)?;
                        Ok(Test::Moment(operator, moment))
                    }
                    (Item::Updated, Asked::Like) => Err(Problem::WrongOperator("a time")),
                    (Item::WholeCustom, _) => Err(wrong()),
                }
            }
            Token::Number(number) => match (item, asked) {
                (Item::Custom(_), Asked::Compare(operator)) => Ok(Test::Number(operator, *number)),
                (Item::Custom(_), Asked::Like) => Err(Problem::WrongOperator("a number")),
                (Item::Id | Item::Text(_) | Item::Updated | Item::WholeCustom, _) => Err(wrong()),
            },
            Token::Name(name @ ("true" | "false")) => match item {
                Item::Custom(_) => {
                    let value = *name == "true";
                    Ok(Test::Bool { equal: equality("true and false")?, value })
                }
                Item::Id | Item::Text(_) | Item::Updated | Item::WholeCustom => Err(wrong()),
            },
            Token::Name(_) | Token::Symbol(_) | Token::End => {
                Err(Problem::Unexpected { wanted: "a literal", found: self.current.kind() })
            }
        }
    }

    fn advance(&mut self) -> Result<(), FilterError> {
        (self.start, self.current) = self.tokens.next()?;
        Ok(())
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

/// The pieces between the stars that were not escaped.
fn pattern(text: &Text) -> Pattern {
    let ends = text.stars.iter().copied().chain([text.text.len()]);
    let starts = [0].into_iter().chain(text.stars.iter().map(|star| star + 1));
    Pattern::new(starts.zip(ends).map(|(start, end)| text.text[start..end].to_owned()))
}
