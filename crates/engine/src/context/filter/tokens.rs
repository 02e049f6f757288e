//! The words and signs of a filter.

use super::error::Problem;
use crate::expression;

/// The signs, longer ones before their own beginnings.
const SYMBOLS: [&str; 14] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "."];

/// One word, number, string or sign of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A name, `like`, `true`, `false` or `null`: only the place tells which.
    Name(&'t str),
    /// A number, finite.
    Number(f64),
    /// A string.
    Text(Text),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    /// Nothing is left.
    End,
}

/// What a string says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    /// Without quotes and escapes.
    pub(super) text: String,
    /// Where in it stars stand that were not escaped: those of a pattern.
    pub(super) stars: Vec<usize>,
}

impl Token<'_> {
    /// What an error calls this token.
    fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "a name",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Symbol(symbol) => symbol,
            Self::End => "the end",
        }
    }
}

impl<'t> expression::Token<'t> for Token<'t> {
    type Problem = Problem;

    fn is_blank(character: char) -> bool {
        matches!(character, ' ' | '\t' | '\n' | '\r')
    }

    fn read(rest: &'t str) -> Result<(Self, usize), (usize, Problem)> {
        token(rest)
    }

    fn symbol(symbol: &'static str) -> Self {
        Self::Symbol(symbol)
    }

    fn unexpected(&self, wanted: &'static str) -> Problem {
        Problem::Unexpected { wanted, found: self.kind() }
    }
}

/// The token at the beginning of the text, and its length in bytes; or what is wrong, and at which byte.
fn token(rest: &str) -> Result<(Token<'_>, usize), (usize, Problem)> {
    let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
    if matches!(first, '\'' | '"') {
        return string(rest, first);
    }
    let length = number_length(rest);
    if length > 0 {
        let number: f64 = rest[..length].parse().unwrap_or(f64::INFINITY);
        return if number.is_finite() {
            Ok((Token::Number(number), length))
        } else {
            Err((0, Problem::NumberTooLarge))
        };
    }
    if starts_name(first) {
        let length = rest.find(|character| !continues_name(character)).unwrap_or(rest.len());
        return Ok((Token::Name(&rest[..length]), length));
    }
    match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
        Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
        None if matches!(first, '=' | '&' | '|') => Err((0, Problem::Halved(first))),
        None => Err((0, Problem::Stray(first))),
    }
}

/// Whether the text is an identifier: what stands after a dot without brackets.
pub(in crate::context) fn is_identifier(text: &str) -> bool {
    text.starts_with(starts_name) && text.chars().all(continues_name)
}

fn starts_name(character: char) -> bool {
    character.is_ascii_alphabetic() || matches!(character, '_' | '$')
}

fn continues_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}

/// The length of the number at the beginning, 0 when there is none. What does not complete a part is left over.
fn number_length(rest: &str) -> usize {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(&rest[sign..]);
    if whole == 0 {
        return 0;
    }
    let mut length = sign + whole;
    if let Some(fraction) = rest[length..].strip_prefix('.').map(digits).filter(|digits| *digits > 0) {
        length += 1 + fraction;
    }
    if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let digits = digits(&exponent[sign..]);
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    length
}

/// A string and the length of its quoted form.
fn string(rest: &str, quote: char) -> Result<(Token<'_>, usize), (usize, Problem)> {
    let mut text = Text::default();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Ok((Token::Text(text), at + 1)),
            '\0' => return Err((at, Problem::Nul)),
            '\\' => {
                let Some((_, escaped)) = characters.next() else { break };
                let plain = match escaped {
                    '"' | '\'' | '\\' | '/' | '*' => escaped,
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => code_point(&mut characters).map_err(|problem| (at, problem))?,
                    _ => return Err((at, Problem::Escape)),
                };
                text.text.push(plain);
            }
            _ => {
                if character == '*' {
                    text.stars.push(text.text.len());
                }
                text.text.push(character);
            }
        }
    }
    Err((0, Problem::UnclosedString))
}

/// The character that four hexadecimal digits name, or eight and another `\u` when they are a surrogate pair.
fn code_point(characters: &mut impl Iterator<Item = (usize, char)>) -> Result<char, Problem> {
    let first = four_digits(characters)?;
    let code = match first {
        0xd800..0xdc00 => {
            let is_next = |wanted: char, next: Option<(usize, char)>| next.is_some_and(|(_, found)| found == wanted);
            if !is_next('\\', characters.next()) || !is_next('u', characters.next()) {
                return Err(Problem::Escape);
            }
            match four_digits(characters)? {
                second @ 0xdc00..0xe000 => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                _ => return Err(Problem::Escape),
            }
        }
        0 => return Err(Problem::Nul),
        code => code,
    };
    char::from_u32(code).ok_or(Problem::Escape)
}

fn four_digits(characters: &mut impl Iterator<Item = (usize, char)>) -> Result<u32, Problem> {
    (0..4).try_fold(0, |code, _| {
        let digit = characters.next().and_then(|(_, character)| character.to_digit(16)).ok_or(Problem::Escape)?;
        Ok(code * 16 + digit)
    })
}
