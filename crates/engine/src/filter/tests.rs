//! The section "Filter expressions" of the protocol page, row by row.

use super::{Facts, FilterError, MessageFilter, Problem};

const META: &str = r#"{
    "language": "english", "uuid": "ann", "name": "Joanna", "age": 33, "price": 9.5, "big": 9007199254740993,
    "huge": 18446744073709551615, "debt": -4, "admin": true, "banned": false, "zero": 0, "blank": "", "nothing": null,
    "regions": ["us-1", "EU-west", 7], "empty_list": [], "empty_object": {},
    "user": {"role": "editor", "tags": ["a", ["b", "c"]], "content-type": "text"}, "like": "it", "größe": 5,
    "quote": "it's", "path": "C:\\temp", "line": "one\ntwo", "true": 1
}"#;

const DATA: &str =
    r#"{"text": "Hello", "score": 80, "items": [10, 20, 30], "meta": "inside", "user": {"role": "editor"}}"#;

/// Asks each expression about the message with [`META`] and [`DATA`].
fn check(cases: &[(&str, bool)]) {
    for (text, expected) in cases {
        let facts = Facts::new(Some(META), DATA);
        let filter = MessageFilter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&facts), *expected, "{text}");
        let printed = filter.to_string();
        assert_eq!(MessageFilter::parse(&printed).as_ref(), Ok(&filter), "{text} is printed as {printed}");
    }
}

/// Each expression is refused at a column, with a sentence.
fn refuse(cases: &[(&str, usize, &str)]) {
    for (text, column, sentence) in cases {
        let FilterError { column: at, problem } = MessageFilter::parse(text).expect_err(text);
        assert_eq!((at, problem.to_string().as_str()), (*column, *sentence), "{text}");
    }
}

/// What is wrong with a text that is too long to name in a table.
fn problem(text: &str) -> Problem {
    MessageFilter::parse(text).unwrap_err().problem
}

#[test]
fn a_bare_name_is_a_key_of_meta() {
    check(&[
        ("language == 'english'", true),
        ("language == 'English'", false),
        ("meta.language == 'english'", true),
        ("meta[\"language\"] == 'english'", true),
        ("text == 'Hello'", false),
        ("größe == 5", true),
        ("like like 'IT'", true),
        ("meta.true == 1", true),
        ("language=='english'&&age==33", true),
        ("\t language\n== 'english'  ", true),
    ]);
}

#[test]
fn data_is_the_payload() {
    check(&[
        ("data.text == 'Hello'", true),
        ("data[\"text\"] == 'Hello'", true),
        ("data.language == 'english'", false),
        ("data.meta == 'inside'", true),
        ("data", true),
        ("data.user == user", false),
        ("data.user.role == meta.user.role", true),
    ]);
}

#[test]
fn sub_keys_chain() {
    check(&[
        ("user.role == 'editor'", true),
        ("user['role'] == 'editor'", true),
        ("user['content-type'] == \"text\"", true),
        ("user.tags[0] == 'a'", true),
        ("user.tags[1][1] == 'c'", true),
        ("user . tags [ 1 ] [ 0 ] == 'b'", true),
        ("data.items[2] == 30", true),
        ("data.items[3] == 30", false),
        ("data.items['0'] == 10", false),
        ("user[0] == 'editor'", false),
        ("language.length == 7", false),
    ]);
}

#[test]
fn strings_have_either_quote_and_any_character() {
    check(&[
        ("language == \"english\"", true),
        ("quote == \"it's\"", true),
        (r"quote == 'it\'s'", true),
        (r"path == 'C:\temp'", true),
        (r"path == 'C:\\temp'", true),
        ("line == 'one\ntwo'", true),
        ("blank == ''", true),
    ]);
}

#[test]
fn numbers_have_a_sign_and_decimals() {
    check(&[
        ("age == 33", true),
        ("age == 33.0", true),
        ("age == +33", true),
        ("price == 9.5", true),
        ("debt == -4", true),
        ("debt == - 4", true),
        ("age - -4 == 37", true),
        ("age -3 == 30", true),
    ]);
}

#[test]
fn long_integers_keep_their_last_digit() {
    check(&[
        ("big == 9007199254740993", true),
        ("big == 9007199254740992", false),
        ("big > 9007199254740992", true),
        ("big + 1 == 9007199254740994", true),
        ("big % 10 == 3", true),
        ("huge == 18446744073709551615", true),
        ("huge == 18446744073709551614", false),
        ("huge + 1 == 18446744073709551616", true),
        ("huge * 10 / 10 == huge", true),
        ("big == -9223372036854775808", false),
    ]);
}

#[test]
fn booleans_equal_booleans() {
    check(&[("admin == true", true), ("admin != true", false), ("banned == false", true), ("zero == false", false)]);
}

#[test]
fn equality_holds_within_any_type() {
    check(&[
        ("user == user", true),
        ("regions == regions", true),
        ("regions == user", false),
        ("regions != user", true),
        ("data.user == user", false),
        ("uuid != 'bob'", true),
        ("uuid != 'ann'", false),
    ]);
}

#[test]
fn different_types_are_unequal_and_have_no_order() {
    check(&[
        ("age == '33'", false),
        ("age != '33'", true),
        ("age < '40'", false),
        ("language > 1", false),
        ("admin == 1", false),
        ("admin > false", false),
        ("regions == 'us-1'", false),
        ("regions >= regions", false),
    ]);
}

#[test]
fn numbers_and_strings_have_an_order() {
    check(&[
        ("age > 32", true),
        ("age >= 33", true),
        ("age < 33", false),
        ("age <= 33", true),
        ("price > 9", true),
        ("debt < 0", true),
        ("language > 'e'", true),
        ("language < 'f'", true),
        ("'Z' < 'a'", true),
        ("'z' < 'é'", true),
        ("'\u{FFFD}' < '\u{10000}'", true),
        ("'a' <= 'a'", true),
    ]);
}

#[test]
fn a_missing_key_is_null_and_compares_with_nothing() {
    check(&[
        ("missing == 'x'", false),
        ("missing != 'x'", true),
        ("'x' != missing", true),
        ("missing == missing", false),
        ("missing != other", false),
        ("missing == nothing", false),
        ("missing != nothing", false),
        ("nothing != 0", true),
        ("missing < 1", false),
        ("missing >= 0", false),
        ("missing contains ''", false),
        ("language contains missing", false),
        ("missing like '*'", false),
        ("language like missing", false),
        ("('a', 'b') contains missing", false),
        ("(missing, 'b') contains missing", false),
        ("user.missing.deeper == 1", false),
        ("missing + 1 == 1", false),
        ("missing + 1 != 1", true),
    ]);
}

#[test]
fn arithmetic_has_the_usual_precedence() {
    check(&[
        ("(age % 2) == 1", true),
        ("age % 2 == 1", true),
        ("1 + 2 * 3 == 7", true),
        ("(1 + 2) * 3 == 9", true),
        ("10 - 4 - 3 == 3", true),
        ("10 - (4 - 3) == 9", true),
        ("100 / 10 / 2 == 5", true),
        ("7 / 2 == 3.5", true),
        ("-7 % 3 == -1", true),
        ("price * 2 == 19", true),
        ("price % 2 == 1.5", true),
        ("0.1 + 0.2 > 0.3", true),
        ("data.score + age > 100", true),
        ("1 + 1", true),
        ("1 - 1", false),
    ]);
}

#[test]
fn arithmetic_without_an_answer_is_null() {
    check(&[
        ("age / 0", false),
        ("age / 0 == age / 0", false),
        ("age / 0 != 1", true),
        ("age % 0 == 0", false),
        ("0 / 0 == 0", false),
        ("1.5 / 0 > 0", false),
        ("1.5 % 0.0 == 0", false),
        ("language + 1 == 1", false),
        ("'a' + 'b' == 'ab'", false),
        ("admin + 1 == 2", false),
        ("!(age / zero)", true),
    ]);
    let power = vec!["9999999999999999999"; 20].join(" * ");
    check(&[(&format!("{power} > 0"), false), (&format!("{power} != 0"), true)]);
}

#[test]
fn contains_finds_a_part_of_a_string_or_an_item_of_an_array() {
    check(&[
        ("name contains 'ann'", true),
        ("name contains 'Ann'", false),
        ("name CONTAINS 'Jo'", true),
        ("name contains ''", true),
        ("name contains uuid", true),
        ("regions contains 'us-1'", true),
        ("regions contains 'us'", false),
        ("regions contains 7", true),
        ("regions contains '7'", false),
        ("user contains 'role'", false),
        ("age contains 3", false),
        ("name contains 3", false),
    ]);
}

#[test]
fn a_set_contains_a_value() {
    check(&[
        ("('ann', 'bob') contains uuid", true),
        ("('amy','bob') contains uuid", false),
        ("('a', 33, true) contains age", true),
        ("('a', 33, true) contains admin", true),
        ("(1, 2) CONTAINS age - 31", true),
        ("(uuid, name) contains 'Joanna'", true),
        ("('ann', 'bob') contains uuid && age > 30", true),
        ("!('ann', 'bob') contains uuid", false),
        ("(('amy', 'bob') contains uuid) == false", true),
        ("('ann', 'bob') contains 'an'", false),
        ("('anna') contains uuid", true),
    ]);
}

#[test]
fn like_knows_stars_and_no_case() {
    check(&[
        ("language like 'english'", true),
        ("language LIKE 'ENGLISH'", true),
        ("language Like 'eng*'", true),
        ("language like '*LISH'", true),
        ("language like '*g*i*'", true),
        ("language like 'eng'", false),
        ("language like '*'", true),
        ("language like '**'", true),
        ("blank like '*'", true),
        ("blank like ''", true),
        ("language like ''", false),
        ("language like 'e*english'", false),
        ("language like 'eng*glish'", false),
        ("language like '*x*'", false),
        ("language like 'e?glish'", false),
        ("line like 'ONE*TWO'", true),
        ("name like '*' && name like 'jo*' && name like '*anna'", true),
        ("'ΟΔΟΣ' like 'οδοσ'", true),
        ("'GRÖSSE' like 'größ*'", false),
        ("'Größe' like 'GRÖß*'", true),
        ("'x' like uuid || 'ANN' like uuid", true),
        ("age like '*'", false),
        ("language like 7", false),
    ]);
}

#[test]
fn like_matches_an_array_when_any_item_does() {
    check(&[
        ("regions like '*eu*'", true),
        ("regions like 'ap-*'", false),
        ("regions like '7'", false),
        ("empty_list like '*'", false),
        ("user like '*'", false),
    ]);
}

#[test]
fn logic_binds_in_the_order_not_and_or() {
    check(&[
        ("uuid == 'ann' && (!admin || age > 90)", false),
        ("uuid == 'ann' && !admin || age > 30", true),
        ("true || false && false", true),
        ("(true || false) && false", false),
        ("false && true || true", true),
        ("!false && false", false),
        ("!!admin", true),
        ("!admin == false", true),
        ("!(uuid == 'bob')", true),
        ("((((uuid == 'ann'))))", true),
        ("admin&&!banned", true),
    ]);
}

#[test]
fn a_bare_value_is_true_when_present_and_truthy() {
    check(&[
        ("admin", true),
        ("age", true),
        ("language", true),
        ("regions", true),
        ("user", true),
        ("banned", false),
        ("zero", false),
        ("blank", false),
        ("nothing", false),
        ("missing", false),
        ("empty_list", false),
        ("empty_object", false),
        ("!banned && !zero && !blank && !nothing && !missing && !empty_list && !empty_object", true),
        ("missing || age", true),
        ("missing && age", false),
        ("true", true),
        ("'text'", true),
        ("0.0", false),
    ]);
}

#[test]
fn an_empty_expression_matches_everything() {
    check(&[("", true), (" \t\n", true)]);
    assert!(MessageFilter::default().matches(&Facts::new(None, "")));
}

#[test]
fn without_a_readable_meta_all_its_names_are_missing() {
    for meta in [None, Some("[1]"), Some("\"text\""), Some("{"), Some("")] {
        let facts = Facts::new(meta, DATA);
        let matches = |text| MessageFilter::parse(text).unwrap().matches(&facts);
        assert!(!matches("language == 'english'"), "{meta:?}");
        assert!(!matches("meta || meta[0]"), "{meta:?}");
        assert!(matches("language != 'english' && data.score == 80"), "{meta:?}");
    }
}

#[test]
fn a_payload_need_not_be_an_object() {
    for (data, text) in [
        ("\"odd\"", "data == 'odd'"),
        ("7", "data % 2 == 1"),
        ("[1, [2]]", "data[1][0] == 2"),
        ("not json", "!data"),
        (r#"{"a": 1, "a": 2}"#, "data.a == 2"),
        (r#"{"t\u00e9": "\u0061"}"#, "data.té == 'a'"),
    ] {
        assert!(MessageFilter::parse(text).unwrap().matches(&Facts::new(None, data)), "{text} of {data}");
    }
}

#[test]
fn a_malformed_expression_is_refused_with_its_place() {
    refuse(&[
        ("language = 'en'", 10, "a single `=` means nothing, write `==`"),
        ("a & b", 3, "a single `&` means nothing, write `&&`"),
        ("a | b", 3, "a single `|` means nothing, write `||`"),
        ("größe == #", 10, "'#' has no meaning in a filter"),
        ("a == 'x", 6, "this string is never closed"),
        (r"a == 'x\'", 6, "this string is never closed"),
        ("a ==", 5, "expected a key, a value or `(`, found the end"),
        ("== a", 1, "expected a key, a value or `(`, found `==`"),
        ("a b", 3, "expected an operator or the end, found a name"),
        ("a AND b", 3, "expected an operator or the end, found a name"),
        ("a not like 'b'", 3, "expected an operator or the end, found a name"),
        ("5a", 2, "expected an operator or the end, found a name"),
        ("a == 5.", 7, "expected an operator or the end, found `.`"),
        ("a == .5", 6, "expected a key, a value or `(`, found `.`"),
        ("(a", 3, "expected an operator or `)`, found the end"),
        ("a)", 2, "expected an operator or the end, found `)`"),
        ("()", 2, "expected a key, a value or `(`, found `)`"),
        ("('a', 'b'", 10, "expected an operator, `,` or `)`, found the end"),
        ("('a', )", 7, "expected a key, a value or `(`, found `)`"),
        ("('a', 'b') == a", 12, "expected `contains` after a set, found `==`"),
        ("a == ('a', 'b')", 16, "expected `contains` after a set, found the end"),
        ("a.", 3, "expected a name after `.`, found the end"),
        ("data.*", 6, "expected a name after `.`, found `*`"),
        ("a.'b'", 3, "expected a name after `.`, found a string"),
        ("a[b]", 3, "expected a quoted name or a position in `[ ]`, found a name"),
        ("a[-1]", 3, "expected a quoted name or a position in `[ ]`, found `-`"),
        ("a[1.5]", 3, "expected a quoted name or a position in `[ ]`, found a number"),
        ("a[0", 4, "expected `]`, found the end"),
        ("--1", 2, "expected a number after its sign, found `-`"),
        ("-a", 2, "expected a number after its sign, found a name"),
        ("1 < age < 5", 9, "comparisons do not chain, put one of them in parentheses"),
        ("a contains 'b' == true", 16, "comparisons do not chain, put one of them in parentheses"),
        ("!", 2, "expected a key, a value or `(`, found the end"),
        ("a ! b", 3, "expected an operator or the end, found `!`"),
    ]);
}

#[test]
fn a_number_beyond_floats_is_refused() {
    let digits = "9".repeat(400);
    assert_eq!(problem(&digits), Problem::NumberTooLarge);
    assert_eq!(problem(&format!("a == -{digits}.5")), Problem::NumberTooLarge);
}

#[test]
fn an_expression_is_at_most_so_long() {
    let fits = format!("a == '{}'", "x".repeat(MessageFilter::MAX_LENGTH - 7));
    assert!(MessageFilter::parse(&fits).is_ok());
    assert_eq!(
        MessageFilter::parse(&format!("{fits} ")),
        Err(FilterError { column: MessageFilter::MAX_LENGTH + 1, problem: Problem::TooLong })
    );
    assert_eq!(problem(&"(".repeat(10_000)), Problem::TooLong);
    assert_eq!(problem(&"ü".repeat(10_000)), Problem::TooLong);
}

#[test]
fn nesting_is_bounded() {
    let fits = MessageFilter::MAX_DEPTH;
    let brackets = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    let negations = |depth| format!("{}a", "!".repeat(depth));
    let sets = |depth| format!("{}a", "(1, 2) contains ".repeat(depth));
    let mixed = |depth| format!("{}a{}", "!(1 + ".repeat(depth / 2), ")".repeat(depth / 2));
    for nested in [brackets, negations, sets, mixed] as [fn(usize) -> String; 4] {
        let deepest = MessageFilter::parse(&nested(fits)).unwrap();
        let _ = deepest.matches(&Facts::new(None, "null"));
        assert_eq!(problem(&nested(fits + 2)), Problem::TooDeep);
    }
    assert_eq!(problem(&"(".repeat(8000)), Problem::TooDeep);
    assert_eq!(problem(&"!".repeat(8000)), Problem::TooDeep);
    assert!(matches!(problem(&"-".repeat(8000)), Problem::Unexpected { .. }));
}

#[test]
fn a_chain_may_be_as_long_as_the_text() {
    for operator in ["+", "-", "*", "/", "%", "&&", "||", "||a&&"] {
        let text = format!("a{}", format!("{operator}a").repeat(8000 / (operator.len() + 1)));
        let chain = MessageFilter::parse(&text).unwrap();
        assert!(!chain.matches(&Facts::new(None, "null")), "{operator}");
        assert!(!chain.clone().to_string().is_empty());
    }
    for step in [".a", "[0]", "['a']"] {
        let text = format!("a{}", step.repeat(8000 / step.len()));
        assert!(!MessageFilter::parse(&text).unwrap().matches(&Facts::new(Some(META), DATA)), "{step}");
    }
}

#[test]
fn hostile_patterns_are_answered_at_once() {
    let data = format!("\"{}\"", "a".repeat(30_000));
    let stars = format!("data like '{}b'", "*a".repeat(4000));
    let pieces = format!("data like '*{}b*'", "a".repeat(8000));
    let facts = Facts::new(None, &data);
    for text in [stars, pieces] {
        assert!(!MessageFilter::parse(&text).unwrap().matches(&facts));
    }
}

#[test]
fn the_printed_form_is_short_and_explicit() {
    for (text, printed) in [
        ("language=='en'", "meta.language == 'en'"),
        ("((a)) && (b || (c && d))", "meta.a && (meta.b || meta.c && meta.d)"),
        ("1 - (2 - 3) * 4", "1 - (2 - 3) * 4"),
        ("data['x y'].z[0] LIKE \"San*\"", "data['x y'].z[0] like 'san*'"),
        ("!(a == 1)", "!(meta.a == 1)"),
        ("('a',\"b\")contains x", "('a', 'b') contains meta.x"),
    ] {
        assert_eq!(MessageFilter::parse(text).unwrap().to_string(), printed);
    }
}
