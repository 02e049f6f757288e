//! What holds for every text, every tree and every pattern.

use proptest::prelude::*;

use super::number::{Number, Operator};
use super::parser::parse;
use super::pattern::is_like;
use super::tree::{Comparison, Path, Source, Step, Tree};
use super::{Facts, MessageFilter};

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn no_heap_of_tokens_panics(tokens in prop::collection::vec(token(), 0..40)) {
        survive(&tokens.concat());
        survive(&tokens.join(" "));
    }

    #[test]
    fn no_message_panics(tree in tree(), meta in any::<String>(), data in any::<String>()) {
        tree.holds(&Facts::new(Some(&meta), &data));
    }

    #[test]
    fn a_printed_tree_parses_to_itself(tree in tree()) {
        let printed = tree.to_string();
        prop_assume!(printed.len() <= MessageFilter::MAX_LENGTH);
        prop_assert_eq!(parse(&printed), Ok(Some(tree)), "{}", printed);
    }

    #[test]
    fn like_agrees_with_trying_everything(text in "[aAbBßÉéİΣς]{0,8}", pattern in "[aAbBßÉéİΣς*]{0,6}") {
        let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
        prop_assert_eq!(is_like(&text, &pattern), tries_everything(&lower(&text), &lower(&pattern)));
    }
}

/// Parses, and asks and prints what was parsed.
fn survive(text: &str) {
    let Ok(filter) = MessageFilter::parse(text) else { return };
    let _ = filter.matches(&Facts::new(Some(r#"{"a": 1, "b": "x", "c": [1, "x", {"d": null}]}"#), "[1, 2]"));
    assert_eq!(MessageFilter::parse(&filter.to_string()), Ok(filter));
}

/// A star takes nothing, or one character and then as much again.
pub(crate) fn tries_everything(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', after @ ..], _) if tries_everything(text, after) => true,
        (['*', ..], [_, rest @ ..]) => tries_everything(rest, pattern),
        ([wanted, after @ ..], [found, rest @ ..]) => wanted == found && tries_everything(rest, after),
        _ => false,
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a", "b", "c", "data", "meta", "true", "false", "contains", "LIKE", "1", "2.5", "0", "'x'", "\"*\"", "'", "\"",
        "\\", "(", ")", "[", "]", ".", ",", "!", "-", "+", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "=", "é",
    ])
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Tree::Bool),
        number().prop_map(Tree::Number),
        any::<String>().prop_map(Tree::Text),
        path().prop_map(Tree::Key),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            chain(inner.clone(), &[Operator::Add, Operator::Subtract]),
            chain(inner.clone(), &[Operator::Multiply, Operator::Divide, Operator::Remainder]),
            (inner.clone(), comparison(), inner.clone())
                .prop_map(|(left, comparison, right)| Tree::compare(left, comparison, right)),
            (several.clone(), inner).prop_map(|(items, value)| Tree::OneOf { items, value: Box::new(value) }),
            several.clone().prop_map(Tree::All),
            several.prop_map(Tree::Any),
        ]
    })
}

fn chain(operand: impl Strategy<Value = Tree> + Clone, operators: &'static [Operator]) -> impl Strategy<Value = Tree> {
    let rest = prop::collection::vec((prop::sample::select(operators), operand.clone()), 1..4);
    (operand, rest).prop_map(|(first, rest)| Tree::Arithmetic { first: Box::new(first), rest })
}

fn number() -> impl Strategy<Value = Number> {
    let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    prop_oneof![
        any::<i64>().prop_map(|whole| Number::Whole(whole.into())),
        any::<u64>().prop_map(|whole| Number::Whole(whole.into())),
        finite.prop_map(Number::Decimal),
        (-1000..1000).prop_map(|tenths| Number::Decimal(f64::from(tenths) / 10.0)),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    let step = || prop_oneof![name().prop_map(Step::Name), any::<usize>().prop_map(Step::Index)];
    let source = prop::sample::select(vec![Source::Meta, Source::Data]);
    (source, prop::collection::vec(step(), 0..4)).prop_map(|(source, steps)| Path { source, steps: steps.into() })
}

fn name() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[a-z_$][a-z0-9_$]{0,6}", any::<String>()].prop_map(Into::into)
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::Contains,
        Comparison::Like,
    ])
}
