//! Bodies of app context: read, applied, and applied again, which changes nothing.
//!
//! Seeds: bodies

#![no_main]

use engine::context::{Bulk, Condition, CustomMode, Effect, Manage, Set};
use libfuzzer_sys::fuzz_target;
use wire::RecordId;
use wire::context::{Kind, Moment};

fuzz_target!(|body: &[u8]| {
    let id = RecordId::new("ann").expect("an id");
    for kind in [Kind::User, Kind::Channel] {
        for mode in [CustomMode::Replace, CustomMode::Merge] {
            if let Ok(set) = Set::parse(kind, id.clone(), body, mode, Condition::None)
                && let Ok(written) = set.apply(None, Moment::from_micros(1))
            {
                let again = set.apply(Some(&written.record), Moment::from_micros(2)).expect("it was allowed before");
                assert_eq!(again.effect, Effect::Unchanged);
            }
            if let Ok(manage) = Manage::parse(kind, id.clone(), body, mode, false)
                && let Ok(managed) = manage.apply(&[], Moment::from_micros(1))
            {
                let again = manage.apply(&managed.put, Moment::from_micros(2)).expect("it was allowed before");
                assert!(again.put.is_empty(), "what is set again changes nothing");
            }
            if let Ok(bulk) = Bulk::parse(kind, body, mode) {
                let results: Vec<_> = bulk.sets.iter().map(|set| set.apply(None, Moment::from_micros(1))).collect();
                let _ = bulk.answers(&results);
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(body)
        && let Some(json) = wire::Json::parse(text)
    {
        let _ = json.members();
    }
});
