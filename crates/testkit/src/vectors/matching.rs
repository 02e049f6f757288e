//! Whether a value is what a vector expects.

use serde_json::{Map, Value};

/// Checks a value against what is expected of it. The complaint says where they differ.
pub(super) fn check(want: &Value, got: &Value, exact: bool, at: &str) -> Result<(), String> {
    let fail = |why: &str| Err(format!("{at}: {why}; wanted {}, got {}", shown(want), shown(got)));
    match want {
        Value::String(class) if is_class(class) => match belongs(class, got) {
            Some(true) => Ok(()),
            Some(false) => fail("wrong class of value"),
            None => fail("unknown class"),
        },
        Value::Object(members) => match (members.get("$unordered"), got) {
            (Some(Value::Array(items)), Value::Array(found)) => unordered(items, found, exact, at),
            (Some(_), _) => fail("not an array"),
            (None, Value::Object(found)) => object(members, found, exact, at),
            (None, _) => fail("not an object"),
        },
        Value::Array(items) => match got {
            Value::Array(found) if found.len() == items.len() => {
                let mut pairs = items.iter().zip(found).enumerate();
                pairs.try_for_each(|(index, (want, got))| check(want, got, exact, &format!("{at}/{index}")))
            }
            _ => fail("not an array of that length"),
        },
        _ if same(want, got) => Ok(()),
        _ => fail("different value"),
    }
}

fn object(want: &Map<String, Value>, got: &Map<String, Value>, exact: bool, at: &str) -> Result<(), String> {
    for (key, value) in want {
        match (value.as_str() == Some("$absent"), got.get(key)) {
            (true, Some(found)) => return Err(format!("{at}: key {key} must be absent, is {}", shown(found))),
            (true, None) => {}
            (false, None) => return Err(format!("{at}: key {key} is missing")),
            (false, Some(found)) => check(value, found, exact, &format!("{at}/{key}"))?,
        }
    }
    let extra: Vec<&String> = got.keys().filter(|key| exact && !want.contains_key(*key)).collect();
    if extra.is_empty() { Ok(()) } else { Err(format!("{at}: extra keys {extra:?}")) }
}

fn unordered(want: &[Value], got: &[Value], exact: bool, at: &str) -> Result<(), String> {
    if want.len() != got.len() {
        return Err(format!("{at}: {} items instead of {}", got.len(), want.len()));
    }
    let mut left: Vec<&Value> = got.iter().collect();
    for item in want {
        match left.iter().position(|candidate| check(item, candidate, exact, at).is_ok()) {
            Some(index) => drop(left.remove(index)),
            None => return Err(format!("{at}: no item matches {}", shown(item))),
        }
    }
    Ok(())
}

fn is_class(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Whether a value belongs to a class; `None` for a class that is none.
fn belongs(class: &str, got: &Value) -> Option<bool> {
    let digits = |text: &str| text.len() == 17 && text.bytes().all(|byte| byte.is_ascii_digit());
    Some(match class {
        "$any" => true,
        "$string" => got.is_string(),
        "$int" => got.is_i64() || got.is_u64(),
        "$number" => got.is_number(),
        "$bool" => got.is_boolean(),
        "$timetoken" => got.as_str().is_some_and(digits),
        "$timetoken_number" => got.is_u64() && digits(&got.to_string()),
        "$timestamp" => got.as_str().is_some_and(is_timestamp),
        "$etag" => got.as_str().is_some_and(|text| !text.is_empty()),
        _ => return None,
    })
}

/// `2023-11-14T22:13:20Z`, perhaps with a fraction.
fn is_timestamp(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else { return false };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let form = b"0000-00-00T00:00:00";
    let fits = |(byte, form): (u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form };
    let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_number && whole.len() == form.len() && whole.bytes().zip(form).all(fits)
}

/// Equal, where 1 and 1.0 are the same number.
fn same(want: &Value, got: &Value) -> bool {
    want == got || (want.is_f64() || got.is_f64()) && want.is_number() && want.as_f64() == got.as_f64()
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_matches_or_the_complaint_says_where() {
        let check = |want: Value, got: Value, exact: bool, complaint: &str| {
            let found = super::check(&want, &got, exact, "body").err().unwrap_or_default();
            assert!(
                found.starts_with(complaint) && found.is_empty() == complaint.is_empty(),
                "{want} {got}: {found:?}"
            );
        };
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), false, "");
        check(json!({"a": 1}), json!({"a": 1, "b": 2}), true, "body: extra keys [\"b\"]");
        check(json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), false, "body/a/b: different value");
        check(json!({"a": 1}), json!({}), false, "body: key a is missing");
        check(json!({"a": "$absent"}), json!({}), true, "");
        check(json!({"a": "$absent"}), json!({"a": 1}), false, "body: key a must be absent");
        check(json!([1, 2]), json!([1]), false, "body: not an array of that length");
        check(json!([1, "$int"]), json!([1, "2"]), false, "body/1: wrong class");
        check(json!({"$unordered": [1, 2]}), json!([2, 1]), false, "");
        check(json!({"$unordered": [1, 2]}), json!([2, 2]), false, "body: no item matches 1");
        check(json!({"$unordered": [1]}), json!([1, 1]), false, "body: 2 items instead of 1");
        check(json!(1), json!(1.0), false, "");
        check(json!(9007199254740993_u64), json!(9007199254740992_u64), false, "body: different value");
        check(json!(true), json!(1), false, "body: different value");
        check(json!("$timetoken"), json!("17000000000000000"), false, "");
        check(json!("$timetoken"), json!(17000000000000000_u64), false, "body: wrong class");
        check(json!("$timetoken_number"), json!(17000000000000000_u64), false, "");
        check(json!("$timestamp"), json!("2023-11-14T22:13:20.123Z"), false, "");
        check(json!("$timestamp"), json!("2023-11-14 22:13:20Z"), false, "body: wrong class");
        check(json!("$etag"), json!(""), false, "body: wrong class");
        check(json!("$nonsense"), json!(""), false, "body: unknown class");
    }
}
