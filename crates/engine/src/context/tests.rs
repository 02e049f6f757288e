//! What changes do, and which pages lists have.

mod changes;
mod pages;

use proptest::prelude::*;
use wire::RecordId;
use wire::context::{Content, Custom, ETag, Moment, Record, TextField};

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

fn at(seconds: i64) -> Moment {
    Moment::from_micros(seconds * 1_000_000)
}

/// Records with few different values, so that many are equal.
pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let text = || prop::option::of(prop_oneof!["[aAbB -]{1,3}", any::<char>().prop_map(|c| format!("x{c}"))]);
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-2..3).prop_map(Into::into),
        "[aAb]{0,2}".prop_map(Into::into),
    ];
    let custom = prop::option::of(prop::collection::hash_map("[a-c]", value, 0..3));
    ("[abAB-]{1,4}", text(), text(), text(), custom, 0..4_i64).prop_map(|(id, name, status, type_, custom, seconds)| {
        let mut content = Content::default();
        content.set(TextField::Name, name.map(|text| text.replace('\0', "")));
        content.set(TextField::Status, status.map(|text| text.replace('\0', "")));
        content.set(TextField::Type, type_.map(|text| text.replace('\0', "")));
        content.custom =
            custom.map(|entries| Custom::of(&serde_json::Value::Object(entries.into_iter().collect())).unwrap());
        Record { id: RecordId::new(id).unwrap(), content, updated: at(seconds), etag: ETag::new("e") }
    })
}
