//! Targets of requests: routes, percent-encoding, and the queries of lists with their cursors.
//!
//! Seeds: targets

#![no_main]

use engine::context::{List, Query};
use libfuzzer_sys::fuzz_target;
use wire::RecordId;
use wire::context::Kind;
use wire::route::{Method, Route};
use wire::target::Target;

fuzz_target!(|text: &str| {
    let target = Target::new(text);
    for method in [Method::Get, Method::Post, Method::Patch, Method::Delete, Method::Options, Method::Other] {
        if let Ok(route) = Route::of(method, &target) {
            let _ = route.subscribe_key();
            let _ = route.operation();
        }
    }
    for segment in target.segments() {
        let _ = wire::decode(segment);
    }
    assert_eq!(wire::decode(&wire::encode(text).to_string()).as_deref(), Ok(text));
    let id = RecordId::new("ann").expect("an id");
    for kind in [Kind::User, Kind::Channel] {
        for list in [List::Records(kind), List::Memberships { owner: kind, id: id.clone() }] {
            let _ = Query::parse(list, &target);
        }
    }
});
