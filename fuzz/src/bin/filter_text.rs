//! Filters of subscribe and of app context: read, written out, read again, asked about rows and messages.
//!
//! Seeds: filters

#![no_main]

use std::sync::LazyLock;

use engine::context::{CustomMode, Filter, ListKind, Row, Set};
use engine::filter::{Facts, MessageFilter};
use libfuzzer_sys::fuzz_target;
use wire::RecordId;
use wire::context::{Kind, Moment, Record};

const META: &str = r#"{"language":"en","tier":"gold","score":12.5,"deep":{"list":[1,"x",null]}}"#;
const DATA: &str = r#"{"text":"Grüße","score":9007199254740993,"tags":["a","b"],"none":null}"#;

static ANN: LazyLock<Record> = LazyLock::new(|| {
    let body = br#"{"name":"Ann","status":"away","custom":{"team":"x","age":41,"new":true,"none":null}}"#;
    let id = RecordId::new("ann").expect("an id");
    let set = Set::parse(Kind::User, id, body, CustomMode::Replace, Default::default()).expect("a body");
    set.apply(None, Moment::from_micros(1)).expect("a record").record
});

fuzz_target!(|text: &str| {
    match MessageFilter::parse(text) {
        Ok(filter) => {
            let facts = Facts::new(Some(META), DATA);
            let again = MessageFilter::parse(&filter.to_string());
            if let Ok(again) = again {
                assert_eq!(filter.matches(&facts), again.matches(&facts), "{text}");
            }
            let _ = filter.matches(&Facts::new(None, "1"));
        }
        Err(error) => assert!(error.column <= text.chars().count() + 1, "{error}"),
    }
    for kind in [Kind::User, Kind::Channel] {
        for list in [ListKind::Records(kind), ListKind::Memberships(kind)] {
            match Filter::parse(text, list) {
                Ok(Some(filter)) if list == ListKind::Records(Kind::User) => _ = filter.matches(&Row::Record(&ANN)),
                Ok(_) => {}
                Err(error) => assert!(error.column <= text.chars().count() + 1, "{error}"),
            }
        }
    }
});
