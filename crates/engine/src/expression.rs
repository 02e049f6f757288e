//! What the two filter languages share: a text is read token by token, one ahead, and an error tells where reading stopped.

use thiserror::Error;

/// A text that is not of its language. It names the place and the reason, and never repeats the caller's names and strings.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column {column}: {problem}")]
pub struct Refused<P> {
    /// The character at which reading stopped, counted from 1.
    pub column: usize,
    /// What was wrong there.
    pub problem: P,
}

impl<P> Refused<P> {
    /// The error at a byte of the text, which is where tokens count.
    pub(crate) fn at(text: &str, offset: usize, problem: P) -> Self {
        let before = text.char_indices().take_while(|&(at, _)| at < offset).count();
        Self { column: before + 1, problem }
    }
}

/// One word, number, string or sign of a language, or its end.
pub(crate) trait Token<'t>: PartialEq + Sized {
    /// What can be wrong with a text of the language.
    type Problem;

    /// Whether a character may stand between tokens, and means nothing.
    fn is_blank(character: char) -> bool;

    /// The token at the beginning of a text, and its length in bytes; or what is wrong, and at which byte. At the end of the text
    /// it is the end, again and again.
    fn read(rest: &'t str) -> Result<(Self, usize), (usize, Self::Problem)>;

    /// The token of a sign.
    fn symbol(symbol: &'static str) -> Self;

    /// What is wrong when this token stands where the grammar wants something else.
    fn unexpected(&self, wanted: &'static str) -> Self::Problem;
}

/// A text, read up to its current token.
pub(crate) struct Reader<'t, T> {
    text: &'t str,
    /// The byte after the current token.
    next: usize,
    pub(crate) current: T,
    /// The byte at which the current token begins.
    pub(crate) start: usize,
}

impl<'t, T: Token<'t>> Reader<'t, T> {
    pub(crate) fn new(text: &'t str) -> Result<Self, Refused<T::Problem>> {
        let (start, current, next) = read(text, 0)?;
        Ok(Self { text, next, current, start })
    }

    pub(crate) fn advance(&mut self) -> Result<(), Refused<T::Problem>> {
        (self.start, self.current, self.next) = read(self.text, self.next)?;
        Ok(())
    }

    /// Moves on if the current token is this sign, and tells whether it was.
    pub(crate) fn takes(&mut self, symbol: &'static str) -> Result<bool, Refused<T::Problem>> {
        let found = self.current == T::symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Moves on over this sign; anything else is an error that says what was wanted.
    pub(crate) fn expects(&mut self, symbol: &'static str, wanted: &'static str) -> Result<(), Refused<T::Problem>> {
        if self.takes(symbol)? { Ok(()) } else { Err(self.unexpected(wanted)) }
    }

    pub(crate) fn unexpected(&self, wanted: &'static str) -> Refused<T::Problem> {
        self.error(self.current.unexpected(wanted))
    }

    /// What is wrong at the current token.
    pub(crate) fn error(&self, problem: T::Problem) -> Refused<T::Problem> {
        self.error_at(self.start, problem)
    }

    pub(crate) fn error_at(&self, start: usize, problem: T::Problem) -> Refused<T::Problem> {
        Refused::at(self.text, start, problem)
    }
}

/// Where the token after the first `from` bytes begins, the token, and the byte after it.
fn read<'t, T: Token<'t>>(text: &'t str, from: usize) -> Result<(usize, T, usize), Refused<T::Problem>> {
    let rest = text[from..].trim_start_matches(T::is_blank);
    let start = text.len() - rest.len();
    let (token, length) = T::read(rest).map_err(|(at, problem)| Refused::at(text, start + at, problem))?;
    Ok((start, token, start + length))
}

/// A chain of operands with `||` and `&&` between them, of which `&&` binds tighter.
pub(crate) fn logic<'t, P, T, X>(
    parser: &mut P,
    operand: fn(&mut P) -> Result<X, Refused<T::Problem>>,
    all: fn(Vec<X>) -> X,
    any: fn(Vec<X>) -> X,
) -> Result<X, Refused<T::Problem>>
where
    P: AsMut<Reader<'t, T>>,
    T: Token<'t>,
{
    joined(parser, "||", |parser| joined(parser, "&&", operand, all), any)
}

/// Operands of one level of precedence with a sign between them: one that stands alone as it is, several joined into one. They are
/// collected in a loop, so a chain of any length costs no stack and gives a flat tree.
fn joined<'t, P, T, X>(
    parser: &mut P,
    symbol: &'static str,
    operand: impl Fn(&mut P) -> Result<X, Refused<T::Problem>>,
    join: fn(Vec<X>) -> X,
) -> Result<X, Refused<T::Problem>>
where
    P: AsMut<Reader<'t, T>>,
    T: Token<'t>,
{
    let first = operand(parser)?;
    if parser.as_mut().current != T::symbol(symbol) {
        return Ok(first);
    }
    let mut operands = vec![first];
    while parser.as_mut().takes(symbol)? {
        operands.push(operand(parser)?);
    }
    Ok(join(operands))
}
