//! What has to be written so that a record becomes equal to another. No I/O.

use serde_json::Value;
use wire::encode;

use crate::context::Object;

/// What is written of a record, or of a membership. Its eTag and the time of its change are each server's own.
pub(super) const MEMBERSHIP: &[&str] = &["type", "status", "custom"];

/// The fields that differ, with the values that they must get: null for one that must be cleared. Of a record that is not there,
/// all that is set. None when nothing has to be written.
pub(super) fn changes(source: &Object, target: Option<&Object>, fields: &[&str]) -> Option<Object> {
    let differing = fields.iter().filter_map(|field| {
        let wanted = source.get(*field).unwrap_or(&Value::Null);
        let found = target.and_then(|target| target.get(*field)).unwrap_or(&Value::Null);
        (!equal(wanted, found)).then(|| ((*field).to_owned(), wanted.clone()))
    });
    let changes: Object = differing.collect();
    (target.is_none() || !changes.is_empty()).then_some(changes)
}

/// Equal, whichever way a server writes a number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| equal(value, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        _ => one == other,
    }
}

/// Bytes of a filter, encoded: below what every proxy lets through in a URL.
const FILTER_BYTES: usize = 6000;

/// Filters that keep the records with these ids and no others, each short enough for a URL.
pub(super) fn filters(field: &str, ids: &[String]) -> Vec<String> {
    let (mut filters, mut bytes) = (Vec::<String>::new(), 0);
    for id in ids {
        let one = format!("{field} == {}", Value::from(id.as_str()));
        let more = encode(" || ").to_string().len() + encode(&one).to_string().len();
        match filters.last_mut() {
            Some(filter) if bytes + more <= FILTER_BYTES => {
                filter.push_str(" || ");
                filter.push_str(&one);
                bytes += more;
            }
            _ => {
                filters.push(one);
                bytes = more;
            }
        }
    }
    filters
}

/// Bytes of JSON in one request: well below what servers take.
const BODY_BYTES: usize = 1 << 20;

/// The same in parts, none much longer than a request may be.
pub(super) fn parts<T>(items: Vec<(Object, T)>) -> Vec<Vec<(Object, T)>> {
    let (mut parts, mut bytes) = (vec![Vec::new()], 0);
    for (object, item) in items {
        let more = Value::Object(object.clone()).to_string().len();
        let last = parts.len() - 1;
        if bytes + more > BODY_BYTES && !parts[last].is_empty() {
            parts.push(vec![(object, item)]);
            bytes = more;
        } else {
            parts[last].push((object, item));
            bytes += more;
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[&str] = &["name", "email", "custom"];

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else { panic!("no object") };
        object
    }

    #[test]
    fn what_differs_is_written_and_nothing_else() {
        let ann = json!({"id": "ann", "name": "Ann", "email": null, "custom": {"a": 1, "b": [1]}, "eTag": "x"});
        for (target, expected) in [
            (json!({"name": "Ann", "custom": {"b": [1.0], "a": 1.0}, "eTag": "y"}), None),
            (json!({"name": "Bob", "custom": {"a": 1, "b": [1]}}), Some(json!({"name": "Ann"}))),
            (json!({"name": "Ann", "email": "a@b", "custom": {"a": 1, "b": [1]}}), Some(json!({"email": null}))),
            (json!({"name": "Ann", "custom": {"a": 1}}), Some(json!({"custom": {"a": 1, "b": [1]}}))),
            (json!({"name": "Ann", "custom": {"a": 1, "c": [1]}}), Some(json!({"custom": {"a": 1, "b": [1]}}))),
            (json!({"name": "Ann", "custom": null}), Some(json!({"custom": {"a": 1, "b": [1]}}))),
        ] {
            assert_eq!(changes(&object(ann.clone()), Some(&object(target)), FIELDS), expected.map(object));
        }
        let all = changes(&object(ann), None, FIELDS);
        assert_eq!(all, Some(object(json!({"name": "Ann", "custom": {"a": 1, "b": [1]}}))));
        assert_eq!(changes(&object(json!({"id": "x"})), None, FIELDS), Some(Object::new()), "it has to be made");
        let empty = object(json!({"custom": {}}));
        assert_eq!(
            changes(&empty, Some(&object(json!({"custom": null}))), FIELDS),
            Some(empty),
            "an empty object is one"
        );
    }

    #[test]
    fn filters_name_every_id_once_and_fit_into_a_url() {
        let ids: Vec<String> = (0..100).map(|number| format!("{number}-\"é\\{}", "x".repeat(80))).collect();
        let filters = filters("uuid.id", &ids);
        assert!(filters.len() > 1 && filters.iter().all(|filter| encode(filter).to_string().len() <= FILTER_BYTES));
        let together = filters.join(" || ");
        let names: Vec<String> = together
            .split(" || ")
            .map(|one| serde_json::from_str(one.strip_prefix("uuid.id == ").unwrap()).unwrap())
            .collect();
        assert_eq!(names, ids);
        assert!(super::filters("id", &[]).is_empty());
    }

    #[test]
    fn requests_are_not_too_long() {
        let large = object(json!({"custom": {"text": "x".repeat(400_000)}}));
        let sizes: Vec<usize> = parts((0..5).map(|n| (large.clone(), n)).collect()).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 2, 1]);
        assert!(parts(Vec::<(Object, ())>::new()).is_empty());
    }
}
