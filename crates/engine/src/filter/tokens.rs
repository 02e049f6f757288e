//! The words and signs of an expression.

use super::error::Problem;
use crate::expression;

/// The signs, longer ones before their own beginnings.
const SYMBOLS: [&str; 20] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", "."];

/// One word, number, string or sign of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A key, a word operator or a boolean: only the place tells which.
    Name(&'t str),
    /// Digits, with or without a fraction. A sign before them is a token of its own.
    Number(&'t str),
    /// What a string says, without quotes and escapes.
    Text(String),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    /// Nothing is left.
    End,
}

impl Token<'_> {
    /// What an error calls this token.
    fn kind(&self) -> String {
        match self {
            Self::Name(_) => "a name".into(),
            Self::Number(_) => "a number".into(),
            Self::Text(_) => "a string".into(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end".into(),
        }
    }

    /// Whether this is the given word operator, in upper or lower case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Name(name) if name.eq_ignore_ascii_case(word))
    }
}

impl<'t> expression::Token<'t> for Token<'t> {
    type Problem = Problem;

    fn is_blank(character: char) -> bool {
        character.is_whitespace()
    }

    fn read(rest: &'t str) -> Result<(Self, usize), (usize, Problem)> {
        token(rest).map_err(|problem| (0, problem))
    }

    fn symbol(symbol: &'static str) -> Self {
        Self::Symbol(symbol)
    }

    fn unexpected(&self, wanted: &'static str) -> Problem {
        Problem::Unexpected { wanted, found: self.kind() }
    }
}

/// The token at the beginning of the text, and its length in bytes.
fn token(rest: &str) -> Result<(Token<'_>, usize), Problem> {
    let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
    if matches!(first, '\'' | '"') {
        return string(rest, first);
    }
    if first.is_ascii_digit() {
        let length = number_length(rest);
        return Ok((Token::Number(&rest[..length]), length));
    }
    if starts_name(first) {
        let length = rest.find(|character| !continues_name(character)).unwrap_or(rest.len());
        return Ok((Token::Name(&rest[..length]), length));
    }
    match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
        None if matches!(first, '=' | '&' | '|') => Err(Problem::Halved(first)),
        None => Err(Problem::Stray(first)),
    }
}

/// Whether the text can be a key without quotes, as in `meta.key`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(starts_name) && text.chars().all(continues_name)
}

fn starts_name(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '_' | '$')
}

fn continues_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

/// The length of `12` or `12.5`. A dot without digits after it is left to whoever reads on.
fn number_length(rest: &str) -> usize {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(rest);
    match rest[whole..].strip_prefix('.').map_or(0, digits) {
        0 => whole,
        fraction => whole + 1 + fraction,
    }
}

/// A string and the length of its quoted form.
fn string(rest: &str, quote: char) -> Result<(Token<'_>, usize), Problem> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Ok((Token::Text(text), at + 1));
        }
        let escaped = characters.next_if(|&(_, next)| character == '\\' && matches!(next, '\\' | '\'' | '"'));
        text.push(escaped.map_or(character, |(_, plain)| plain));
    }
    Err(Problem::UnclosedString)
}
