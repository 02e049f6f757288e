//! What holds for every text and every tree.

use proptest::prelude::*;
use wire::context::{Kind, Moment};

use super::{Comparison, Filter, Operator, Pattern, Test, Tree};
use crate::context::tests::any_record;
use crate::context::{Field, Item, ListKind, Of, Row};
use crate::filter::properties::tries_everything;

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
    fn a_printed_tree_parses_to_itself(tree in tree(), list in list()) {
        let tree = fitted(tree, list);
        let filter = Filter { tree, list };
        let printed = filter.to_string();
        prop_assume!(printed.len() <= Filter::MAX_LENGTH);
        prop_assert_eq!(Filter::parse(&printed, list), Ok(Some(filter)), "{}", printed);
    }

    #[test]
    fn negation_turns_the_answer_and_leaves_the_unknown(tree in tree(), record in any_record()) {
        let row = Row::Record(&record);
        let answer = tree.eval(&row);
        prop_assert_eq!(Tree::Not(Box::new(tree)).eval(&row), answer.map(|truth| !truth));
    }

    #[test]
    fn like_agrees_with_trying_everything(text in "[abé\n]{0,8}", pattern in "[abé\n*]{0,6}") {
        let tried = tries_everything(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>());
        prop_assert_eq!(Pattern::new(pattern.split('*').map(str::to_owned)).matches(&text), tried);
    }
}

fn survive(text: &str) {
    for list in [ListKind::Records(Kind::User), ListKind::Memberships(Kind::User)] {
        let Ok(Some(filter)) = Filter::parse(text, list) else { continue };
        assert_eq!(Filter::parse(&filter.to_string(), list), Ok(Some(filter)));
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "id",
        "name",
        "custom",
        "channel",
        "updated",
        "status",
        "true",
        "false",
        "null",
        "LIKE",
        "1",
        "-2.5e3",
        "'x'",
        "\"*\"",
        "'2024-03-07T08:46:53Z'",
        "'",
        "\"",
        "\\",
        "\\u12",
        "(",
        ")",
        "[",
        "]",
        ".",
        "!",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "=",
        "é",
    ])
}

fn list() -> impl Strategy<Value = ListKind> {
    prop::sample::select(vec![
        ListKind::Records(Kind::User),
        ListKind::Records(Kind::Channel),
        ListKind::Memberships(Kind::User),
        ListKind::Memberships(Kind::Channel),
    ])
}

/// The tree about fields that the list has: `id` and `name` of memberships are those of the other end.
fn fitted(tree: Tree, list: ListKind) -> Tree {
    let all = |trees: Vec<Tree>| trees.into_iter().map(|tree| fitted(tree, list)).collect();
    match tree {
        Tree::Compare(Comparison { mut field, test }) => {
            if list.joined().is_none() {
                field.of = Of::Own;
            } else if matches!(field.item, Item::Id | Item::Text(wire::context::TextField::Name)) {
                field.of = Of::Joined;
            }
            Tree::Compare(Comparison { field, test })
        }
        Tree::Not(tree) => Tree::Not(Box::new(fitted(*tree, list))),
        Tree::All(trees) => Tree::All(all(trees)),
        Tree::Any(trees) => Tree::Any(all(trees)),
    }
}

/// Trees about fields that all lists have on one side or the other.
pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    use wire::context::TextField::{Name, Status, Type};
    let text = || prop_oneof!["[^\u{0}]{0,6}", "[aAbB *-]{0,3}"];
    let operator = || {
        use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
    };
    let null = || prop::sample::select(vec![Test::Unset, Test::Set]);
    let about_text = || {
        let pattern = prop::collection::vec(text(), 0..4).prop_map(Pattern::new);
        prop_oneof![
            (operator(), text()).prop_map(|(operator, text)| Test::Text(operator, text)),
            pattern.prop_map(Test::Like),
            null(),
        ]
    };
    let number = prop::num::f64::NORMAL | prop::num::f64::ZERO;
    let about_custom = prop_oneof![
        about_text(),
        (operator(), prop_oneof![number, (-3..3).prop_map(f64::from)])
            .prop_map(|(operator, number)| Test::Number(operator, number)),
        (any::<bool>(), any::<bool>()).prop_map(|(equal, value)| Test::Bool { equal, value }),
    ];
    // From 1700 to 2240, where years have four digits.
    let moment = (-8_000_000_000_000_000..8_000_000_000_000_000_i64).prop_map(Moment::from_micros);
    let about_time =
        prop_oneof![(operator(), moment).prop_map(|(operator, moment)| Test::Moment(operator, moment)), null(),];
    let text_item = prop::sample::select(vec![Item::Id, Item::Text(Name), Item::Text(Status), Item::Text(Type)]);
    let name = prop_oneof!["[a-c]", "[^\u{0}]{0,4}"].prop_map(|name| Item::Custom(name.into()));
    let asked = prop_oneof![
        (text_item, about_text()),
        (name, about_custom),
        (Just(Item::Updated), about_time),
        (Just(Item::WholeCustom), null()),
    ];
    let leaf = (prop::sample::select(vec![Of::Own, Of::Joined]), asked)
        .prop_map(|(of, (item, test))| Tree::Compare(Comparison { field: Field { of, item }, test }));
    leaf.prop_recursive(5, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|tree| Tree::Not(Box::new(tree))),
            several.clone().prop_map(Tree::All),
            several.prop_map(Tree::Any),
        ]
    })
}
