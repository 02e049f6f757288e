//! What a state goes with, and for how long it is kept.

use super::*;

#[test]
fn state_travels_in_the_join_only_when_the_join_carried_it() {
    let mut world = world();
    world.set_state("ann", "room", r#"{"a":1}"#);
    assert!(world.told().is_empty() && world.here("room").is_empty(), "setting state joins nobody");
    assert_eq!(world.state("ann", "room").as_deref(), Some(r#"{"a":1}"#));
    world.arrive("ann", "room", 300);
    world.arrive_with("bob", "room", 300, Some(r#"{"b":1}"#));
    world.arrive_with("cho", "room", 300, Some("{ }"));
    assert_eq!(
        world.told(),
        ["0.000 room join ann = 1", r#"0.000 room join bob {"b":1} = 2"#, "0.000 room join cho = 3"]
    );
    assert_eq!(world.state("ann", "room").as_deref(), Some(r#"{"a":1}"#));
}

#[test]
fn a_renewal_replaces_state_silently_and_an_empty_one_clears_it() {
    let mut world = world();
    world.arrive_with("ann", "room", 300, Some(r#"{"a":1}"#));
    world.told();
    world.arrive_with("ann", "room", 300, Some(r#"{"a":2}"#));
    world.arrive("ann", "room", 300);
    assert_eq!(world.state("ann", "room").as_deref(), Some(r#"{"a":2}"#));
    world.arrive_with("ann", "room", 300, Some("{}"));
    assert_eq!(world.state("ann", "room"), None);
    assert!(world.told().is_empty());
    world.leave("ann", "room");
    assert_eq!(world.told(), ["0.000 room leave ann = 0"]);
}

#[test]
fn state_set_on_a_member_is_told_and_ends_with_the_stay() {
    let mut world = world();
    world.arrive("ann", "room", 300);
    world.set_state("ann", "room", r#"{"a":1}"#);
    world.set_state("ann", "room", "{}");
    world.set_state("ann", "room", r#"{"a":2}"#);
    world.leave("ann", "room");
    assert_eq!(world.state("ann", "room"), None);
    assert_eq!(
        world.told()[1..],
        [
            r#"0.000 room state-change ann {"a":1} = 1"#,
            "0.000 room state-change ann {} = 1",
            r#"0.000 room state-change ann {"a":2} = 1"#,
            r#"0.000 room leave ann {"a":2} = 0"#,
        ]
    );
}

#[test]
fn state_of_an_absent_user_is_kept_for_300_seconds_or_until_it_leaves() {
    let mut world = world();
    world.set_state("ann", "room", r#"{"a":1}"#);
    world.set_state("bob", "room", r#"{"b":1}"#);
    world.at(299).leave("bob", "room");
    assert!(world.state("ann", "room").is_some());
    assert!(world.state("bob", "room").is_none());
    world.at(300);
    assert!(world.state("ann", "room").is_none());
    world.advance();
    assert!(world.told().is_empty());
    assert_eq!(world.presence.roster.sizes(), [0; 6]);
}

#[test]
fn state_set_after_the_deadline_is_that_of_an_absent_user() {
    let mut world = world();
    world.arrive("ann", "room", 20);
    world.at(20).set_state("ann", "room", r#"{"a":1}"#);
    assert_eq!(world.told()[1..], ["20.000 room timeout ann = 0"]);
    assert!(world.state("ann", "room").is_some() && world.here("room").is_empty());
}
