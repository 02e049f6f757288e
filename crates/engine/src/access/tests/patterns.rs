//! Patterns as RE2 has them.

use super::*;

#[test]
fn a_pattern_that_cannot_be_granted_is_refused_with_a_sentence() {
    let check = |pattern: &str, expected: Result<(), &str>| {
        let found = check_patterns([pattern].into_iter()).map_err(|(_, why)| why.0);
        match (found, expected) {
            (Ok(()), Ok(())) => {}
            (Err(found), Err(expected)) => assert!(found.starts_with(expected), "{pattern}: {found}"),
            (found, _) => panic!("{pattern}: {found:?}"),
        }
    };
    for good in
        ["", ".*", "^room-[0-9]+$", r"^\S*$", "(?:a|b)+", "(?i)room", "a+?", "(?:a+)+", "a{2,3}", r"\bx\b", "^:g"]
    {
        check(good, Ok(()));
    }
    let capturing = Err("Only non-capturing groups are allowed. Try replacing `(` with `(?:`.");
    check("(a)", capturing);
    check("(?P<name>a)", capturing);
    check("x(?:a(b))", capturing);
    let repeated = Err("Syntax error: multiple repeat.");
    for pattern in ["a++", "a**", "a*{2}", "a{2}{3}", "!<[^>]+>++"] {
        check(pattern, repeated);
    }
    for pattern in ["[", "(?:a", "a{2,1}", "*a", r"\p{Nonsense}", "(?=a)", r"(?:a)\1"] {
        check(pattern, Err("Syntax error: "));
    }
    check(&"(?:".repeat(200), Err("Syntax error: "));
    check("(?:(?:(?:a{100}){100}){100}){100}", Err("Syntax error: pattern too large."));
}

#[test]
fn patterns_that_are_too_large_together_are_not_granted_since_no_token_could_use_them() {
    let texts: Vec<String> = (0..40).map(|number| format!("^{number}[a-z]{{900}}$")).collect();
    for text in &texts {
        assert_eq!(check_patterns([text.as_str()].into_iter()), Ok(()), "{text}");
    }
    let (last, why) = check_patterns(texts.iter().map(String::as_str)).unwrap_err();
    assert_eq!((last, why.0.as_str()), ("^39[a-z]{900}$", "Syntax error: pattern too large."));
}

#[test]
fn a_token_weighs_what_its_patterns_take() {
    let guard = guard();
    let weight = |pattern: &str| {
        let text = token(&guard, json!({"patterns": {"channels": {pattern: 1}}}), at(0), 1);
        guard.verify(&text).unwrap().unwrap().weight()
    };
    assert!(weight("^room$") < 64 << 10, "{}", weight("^room$"));
    assert!(weight("^[a-z]{9000}$") > 300 << 10, "{}", weight("^[a-z]{9000}$"));
}

#[test]
fn patterns_match_anywhere_add_up_and_mean_ascii_by_their_classes() {
    let guard = guard();
    let permissions = |patterns: Value, name: &str| {
        let text = token(&guard, json!({"patterns": {"channels": patterns}}), at(0), 1);
        let verified = guard.verify(&text).unwrap().unwrap();
        verified.permissions(wire::access::Resource::Channel, name).bits()
    };
    assert_eq!(permissions(json!({"chat": 1}), "my-chat-1"), 1);
    assert_eq!(permissions(json!({"^chat$": 1}), "my-chat-1"), 0);
    assert_eq!(permissions(json!({"a": 1, "b": 2, "c": 4}), "ab"), 3);
    assert_eq!(permissions(json!({r"^\d$": 1}), "5"), 1);
    assert_eq!(permissions(json!({r"^\d$": 1}), "\u{0665}"), 0, "an Arabic five");
    assert_eq!(permissions(json!({r"^[\w-]+$": 1}), "a-b_9"), 1);
    assert_eq!(permissions(json!({r"^[\w-]+$": 1}), "é"), 0);
    assert_eq!(permissions(json!({r"^[^\W]+$": 1}), "é"), 0);
    assert_eq!(permissions(json!({r"^.$": 1}), "é"), 1, "a character, not a byte");
    assert_eq!(permissions(json!({r"\bcat\b": 1}), "a cat"), 1);
    assert_eq!(permissions(json!({r"\bcat\b": 1}), "concat"), 0);
}

#[test]
fn a_pattern_made_to_be_slow_is_not() {
    let guard = guard();
    let text = token(&guard, json!({"patterns": {"channels": {"^(?:a+)+$": 1, "(?:a|aa)+b": 2}}}), at(0), 1);
    let verified = guard.verify(&text).unwrap().unwrap();
    // With backtracking, the heat death of the universe would come first.
    assert_eq!(verified.permissions(wire::access::Resource::Channel, &format!("{}!", "a".repeat(2000))).bits(), 0);
}
