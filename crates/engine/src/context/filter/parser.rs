//! Tokens to tree: one function for each level of precedence, loosest first.
//!
//! Recursion happens only inside groups, and these are counted. Operators of one level are collected in a
//! loop, so a chain of any length costs no stack and gives a flat tree.

use std::mem;

use super::Filter;
use super::error::{FilterError, Problem};
use super::tokens::{Text, Token};
use super::tree::{Comparison, Operator, Pattern, Test, Tree};
use crate::context::{Item, ListKind};
use crate::expression::{Reader, Token as _, logic};

/// The tree of a filter, or none when the text is blank.
pub(super) fn parse(text: &str, list: ListKind) -> Result<Option<Tree>, FilterError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.len() > Filter::MAX_LENGTH {
        return Err(FilterError::at(text, Filter::MAX_LENGTH, Problem::TooLong));
    }
    let mut parser = Parser { read: Reader::new(text)?, depth: 0, list };
    let tree = parser.any()?;
    match parser.read.current {
        Token::End => Ok(Some(tree)),
        _ => Err(parser.read.unexpected("`&&`, `||` or the end")),
    }
}

struct Parser<'t> {
    read: Reader<'t, Token<'t>>,
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

impl<'t> AsMut<Reader<'t, Token<'t>>> for Parser<'t> {
    fn as_mut(&mut self) -> &mut Reader<'t, Token<'t>> {
        &mut self.read
    }
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Tree, FilterError> {
        logic(self, Self::unary, Tree::All, Tree::Any)
    }

    fn unary(&mut self) -> Result<Tree, FilterError> {
        match self.read.current {
            Token::Symbol("!") => self.negation(),
            Token::Symbol("(") => self.group(),
            Token::Name(_) | Token::Symbol("[") => self.comparison(),
            Token::Number(_) | Token::Text(_) | Token::Symbol(_) | Token::End => {
                Err(self.read.unexpected("a field, `(` or `!`"))
            }
        }
    }

    /// A row of `!` before a group. Two of them cancel out, also for what is unknown, so a long row makes no deep tree.
    fn negation(&mut self) -> Result<Tree, FilterError> {
        let mut negated = false;
        while self.read.takes("!")? {
            negated = !negated;
        }
        if self.read.current != Token::Symbol("(") {
            return Err(self.read.unexpected("`(` or `!`"));
        }
        let tree = self.group()?;
        Ok(if negated { Tree::Not(Box::new(tree)) } else { tree })
    }

    fn group(&mut self) -> Result<Tree, FilterError> {
        if self.depth == Filter::MAX_DEPTH {
            return Err(self.read.error(Problem::TooDeep));
        }
        self.depth += 1;
        self.read.advance()?;
        let tree = self.any()?;
        self.read.expects(")", "`&&`, `||` or `)`")?;
        self.depth -= 1;
        Ok(tree)
    }

    fn comparison(&mut self) -> Result<Tree, FilterError> {
        let start = self.read.start;
        let path = self.path()?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let field = self.list.field(&path).ok_or_else(|| self.read.error_at(start, Problem::UnknownField))?;
        let asked = self.asked()?;
        // A literal that does not fit is told at its beginning, before anything is read after it.
        let test = self.test(&field.item, asked).map_err(|problem| self.read.error(problem))?;
        self.read.advance()?;
        Ok(Tree::Compare(Comparison { field, test }))
    }

    fn path(&mut self) -> Result<Vec<String>, FilterError> {
        let mut path = Vec::new();
        if let Token::Name(name) = self.read.current {
            path.push(name.to_owned());
            self.read.advance()?;
        }
        loop {
            if !path.is_empty() && self.read.takes(".")? {
                let Token::Name(name) = self.read.current else { return Err(self.read.unexpected("a name after `.`")) };
                path.push(name.to_owned());
                self.read.advance()?;
            } else if self.read.takes("[")? {
                let Token::Text(text) = &mut self.read.current else {
                    return Err(self.read.unexpected("a quoted name in `[ ]`"));
                };
                path.push(mem::take(&mut text.text));
                self.read.advance()?;
                self.read.expects("]", "`]`")?;
            } else {
                return Ok(path);
            }
        }
    }

    fn asked(&mut self) -> Result<Asked, FilterError> {
        let asked = match self.read.current {
            Token::Symbol("==") => Asked::Compare(Operator::Equal),
            Token::Symbol("!=") => Asked::Compare(Operator::NotEqual),
            Token::Symbol("<") => Asked::Compare(Operator::Less),
            Token::Symbol("<=") => Asked::Compare(Operator::LessOrEqual),
            Token::Symbol(">") => Asked::Compare(Operator::Greater),
            Token::Symbol(">=") => Asked::Compare(Operator::GreaterOrEqual),
            Token::Name(name) if name.eq_ignore_ascii_case("like") => Asked::Like,
            _ => return Err(self.read.unexpected("an operator")),
        };
        self.read.advance()?;
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
        match &mut self.read.current {
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
            Token::Name(_) | Token::Symbol(_) | Token::End => Err(self.read.current.unexpected("a literal")),
        }
    }
}

/// The pieces between the stars that were not escaped.
fn pattern(text: &Text) -> Pattern {
    let ends = text.stars.iter().copied().chain([text.text.len()]);
    let starts = [0].into_iter().chain(text.stars.iter().map(|star| star + 1));
    Pattern::new(starts.zip(ends).map(|(start, end)| text.text[start..end].to_owned()))
}
