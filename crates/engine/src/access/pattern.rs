//! Patterns of names: RE2 expressions, not anchored, matched in linear time (`docs/protocol/access.md`, "Judging a token").
//!
//! The engine of the `regex` crate speaks nearly the same language, also without backtracking. Where it takes more, a pattern is
//! refused when it is granted; where a class means more (`\d` is every digit of Unicode there), it is written out.

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::{Input, MatchKind, PatternSet};
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{self, Ast, ClassPerlKind, GroupKind, Span, Visitor, visit};
use wire::access::Permissions;

/// Bytes that the patterns of one kind of name in one token may take when compiled. Some hundred ordinary patterns.
const COMPILED_BYTES: usize = 1 << 20;
/// Bytes that matching may keep in memory for each of them; with less it is slower.
const MATCHING_BYTES: usize = 1 << 18;
/// What it keeps for ordinary ones.
const MATCHING_USUAL_BYTES: usize = 1 << 14;
/// How deep an expression may be nested.
const DEPTH: u32 = 64;

/// A pattern that cannot be granted, with the sentence that says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(pub String);

/// Checks the patterns of one kind of name that are to be granted together.
///
/// # Errors
/// The first that is no expression, has a capturing group, repeats a repetition, or would be too large; the last one when
/// they are too large together.
pub fn check<'p>(patterns: impl Iterator<Item = &'p str>) -> Result<(), (&'p str, BadPattern)> {
    let (mut texts, mut last) = (Vec::new(), "");
    for pattern in patterns {
        let text = spelled(pattern).and_then(|text| compile(std::slice::from_ref(&text)).map(|_| text));
        texts.push(text.map_err(|why| (pattern, why))?);
        last = pattern;
    }
    // Each was fine alone, but a token has them together.
    if texts.len() > 1 { compile(&texts).map(drop).map_err(|why| (last, why)) } else { Ok(()) }
}

/// The patterns of one kind of name in a token, with what each permits.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    set: Regex,
    permissions: Vec<Permissions>,
}

impl Patterns {
    pub(super) fn new<'p>(
        patterns: impl Iterator<Item = (&'p String, &'p Permissions)>,
    ) -> Result<Option<Self>, BadPattern> {
        let (mut texts, mut permissions) = (Vec::new(), Vec::new());
        for (pattern, permitted) in patterns {
            texts.push(spelled(pattern)?);
            permissions.push(*permitted);
        }
        if texts.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { set: compile(&texts)?, permissions }))
    }

    /// What the patterns that match permit, all together.
    pub(super) fn permissions(&self, name: &str) -> Permissions {
        let mut matched = PatternSet::new(self.permissions.len());
        self.set.which_overlapping_matches(&Input::new(name), &mut matched);
        matched.iter().fold(Permissions::NONE, |sum, pattern| sum | self.permissions[pattern.as_usize()])
    }

    /// About how many bytes they take, with what matching keeps.
    pub(super) fn weight(&self) -> u64 {
        (self.set.memory_usage() + MATCHING_USUAL_BYTES) as u64
    }
}

fn compile(patterns: &[String]) -> Result<Regex, BadPattern> {
    let config = Config::new()
        .match_kind(MatchKind::All)
        .nfa_size_limit(Some(COMPILED_BYTES))
        .hybrid_cache_capacity(MATCHING_BYTES);
    Regex::builder().configure(config).build_many(patterns).map_err(|error| refusal(&error))
}

fn refusal(error: &BuildError) -> BadPattern {
    BadPattern(match error.size_limit() {
        Some(_) => "Syntax error: pattern too large.".to_owned(),
        // What the parser took and the compiler does not: a class of Unicode that does not exist, and the like.
        None => "Syntax error: unknown character class.".to_owned(),
    })
}

/// The pattern with `\d`, `\s`, `\w` and `\b` written out as RE2 has them.
fn spelled(pattern: &str) -> Result<String, BadPattern> {
    let parsed = ParserBuilder::new().nest_limit(DEPTH).build().parse(pattern);
    let ast = parsed.map_err(|error| BadPattern(format!("Syntax error: {}.", error.kind())))?;
    let classes = visit(&ast, Reading::default())?;
    let mut out = String::with_capacity(pattern.len());
    let mut from = 0;
    for (span, text) in classes {
        out.push_str(&pattern[from..span.start.offset]);
        out.push_str(text);
        from = span.end.offset;
    }
    out.push_str(&pattern[from..]);
    Ok(out)
}

/// Looks for what RE2 does not take, and gathers what it means otherwise.
#[derive(Default)]
struct Reading {
    classes: Vec<(Span, &'static str)>,
}

impl Reading {
    fn perl(&mut self, class: &ast::ClassPerl) {
        let text = match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => "[0-9]",
            (ClassPerlKind::Digit, true) => "[^0-9]",
            (ClassPerlKind::Space, false) => r"[\t\n\f\r ]",
            (ClassPerlKind::Space, true) => r"[^\t\n\f\r ]",
            (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
            (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
        };
        self.classes.push((class.span, text));
    }
}

impl Visitor for Reading {
    type Output = Vec<(Span, &'static str)>;
    type Err = BadPattern;

    fn finish(mut self) -> Result<Self::Output, BadPattern> {
        self.classes.sort_by_key(|(span, _)| span.start.offset);
        Ok(self.classes)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), BadPattern> {
        match ast {
            Ast::Group(group) if !matches!(group.kind, GroupKind::NonCapturing(_)) => {
                Err(BadPattern("Only non-capturing groups are allowed. Try replacing `(` with `(?:`.".to_owned()))
            }
            Ast::Repetition(repetition) if matches!(*repetition.ast, Ast::Repetition(_)) => {
                Err(BadPattern("Syntax error: multiple repeat.".to_owned()))
            }
            Ast::ClassPerl(class) => {
                self.perl(class);
                Ok(())
            }
            Ast::Assertion(assertion) => {
                match assertion.kind {
                    ast::AssertionKind::WordBoundary => self.classes.push((assertion.span, r"(?-u:\b)")),
                    ast::AssertionKind::NotWordBoundary => self.classes.push((assertion.span, r"(?-u:\B)")),
                    _ => {}
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), BadPattern> {
        if let ast::ClassSetItem::Perl(class) = item {
            self.perl(class);
        }
        Ok(())
    }
}
