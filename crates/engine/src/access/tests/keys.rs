//! Grants to auth keys.

use wire::access::{Permissions, Resource};

use super::*;

fn grant(resource: Option<Resource>, name: &str, auth: Option<&str>, bits: u8, minutes: Option<u64>) -> StoredGrant {
    StoredGrant {
        place: KeyPlace { resource, name: name.to_owned(), auth: auth.map(str::to_owned) },
        permissions: Permissions::from_bits(bits),
        until: minutes.map(|minutes| at(60 * minutes)),
    }
}

#[test]
fn the_levels_add_up_and_each_ends_by_itself() {
    let (channel, group, user) = (Some(Resource::Channel), Some(Resource::Group), Some(Resource::User));
    let mut table = KeyTable::default();
    for granted in [
        grant(None, "", None, 1, Some(1)),
        grant(channel, "a", None, 2, Some(2)),
        grant(channel, "a", Some("k"), 4, None),
        grant(channel, "w.*", None, 8, Some(2)),
        grant(channel, "w.x.*", Some("k"), 16, Some(2)),
        grant(group, ":", None, 4, None),
        grant(user, "ann", Some("k"), 32, None),
    ] {
        table.set(&granted);
    }
    let check = |kind, name: &str, auth, seconds: u64, bits: u8| {
        assert_eq!(table.permissions(kind, name, auth, at(seconds)).bits(), bits, "{name} {auth:?} {seconds}");
    };
    check(Resource::Channel, "a", Some("k"), 0, 7);
    check(Resource::Channel, "a", Some("k"), 60, 6);
    check(Resource::Channel, "a", Some("k"), 120, 4);
    check(Resource::Channel, "a", Some("other"), 0, 3);
    check(Resource::Channel, "a", None, 0, 3);
    check(Resource::Channel, "b", None, 0, 1);
    check(Resource::Channel, "w.x", None, 60, 8);
    check(Resource::Channel, "w.x.y", Some("k"), 60, 24);
    check(Resource::Channel, "w", None, 60, 0);
    check(Resource::Channel, "ww.x", None, 60, 0);
    check(Resource::Group, "family", None, 60, 4);
    check(Resource::User, "ann", Some("k"), 60, 32);
    check(Resource::User, "ann", None, 60, 0);
}

#[test]
fn a_grant_replaces_the_one_of_its_place_and_one_of_nothing_takes_it_back() {
    let mut table = KeyTable::default();
    let place = |bits| grant(Some(Resource::Channel), "a", Some("k"), bits, Some(10));
    table.set(&place(3));
    table.set(&place(1));
    assert_eq!(table.permissions(Resource::Channel, "a", Some("k"), at(0)), Permissions::READ);
    table.set(&place(0));
    assert!(table.permissions(Resource::Channel, "a", Some("k"), at(0)).is_none());
    assert!(table.audit(at(0)).is_empty());
}

#[test]
fn an_audit_has_what_holds_with_the_minutes_left() {
    let mut table = KeyTable::default();
    table.set(&grant(Some(Resource::Channel), "a", None, 1, Some(10)));
    table.set(&grant(Some(Resource::Channel), "b", Some("k"), 1, None));
    table.set(&grant(Some(Resource::Channel), "c", None, 1, Some(1)));
    assert!(!table.is_due(at(59)) && table.is_due(at(60)));
    table.prune(at(61));
    assert!(!table.is_due(at(599)) && table.is_due(at(600)));
    let audit = table.audit(at(61));
    let told: Vec<_> = audit.iter().map(|grant| (grant.name.as_str(), grant.auth.as_deref(), grant.ttl)).collect();
    assert_eq!(told, [("a", None, 9), ("b", Some("k"), 0)]);
}
