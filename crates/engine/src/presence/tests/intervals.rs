//! Which channels tell what, and those with more occupants than are told one by one.

use super::*;

fn busy(announce_max: usize, deltas: bool) -> World {
    World::new(Options { announce_max, deltas, ..Options::default() })
}

#[test]
fn above_the_limit_a_channel_tells_once_an_interval_if_something_changed() {
    let mut world = busy(2, false);
    for (second, name) in ["ann", "bob", "cho", "dan"].iter().enumerate() {
        world.at(second as u64).arrive(name, "room", 300);
    }
    world.set_state("ann", "room", r#"{"a":1}"#);
    assert_eq!(world.presence.next_due(), Some(Timestamp::from_millis(START + 12_000)), "10 s after the third came");
    world.at(11).advance();
    assert_eq!(world.told().len(), 3);
    world.at(12).advance();
    world.at(22).advance();
    world.at(25).leave("dan", "room");
    world.at(33).advance();
    assert_eq!(world.told(), ["12.000 room interval + - ~ = 4", "33.000 room interval + - ~ = 3"]);
    assert_eq!(world.effects, Effects::default());
    world.leave("cho", "room");
    world.arrive("dan", "room", 300);
    world.leave("dan", "room");
    assert_eq!(
        world.told(),
        ["33.000 room leave cho = 2", "33.000 room leave dan = 2"],
        "without deltas, falling back says nothing of what was gathered"
    );
    world.at(60).advance();
    assert!(world.told().is_empty());
}

#[test]
fn deltas_list_who_came_and_went() {
    let mut world = busy(1, true);
    world.arrive("ann", "room", 300);
    world.arrive("bob", "room", 5);
    world.arrive("cho", "room", 300);
    world.arrive("dan", "room", 300);
    world.at(10).advance();
    world.arrive("eve", "room", 300);
    world.leave("dan", "room");
    world.at(20).advance();
    assert_eq!(
        world.told(),
        [
            "0.000 room join ann = 1",
            "10.000 room interval +bob,cho,dan - ~bob = 3",
            "20.000 room interval +eve -dan ~ = 3",
        ],
        "bob came and lapsed within an interval"
    );
    world.arrive("fay", "room", 3);
    world.at(23).advance();
    world.arrive_with("ann", "room", 2, None);
    world.at(25).advance();
    world.at(30).advance();
    assert_eq!(world.told(), ["30.000 room interval +fay - ~fay,ann = 2"]);
}

#[test]
fn who_comes_and_goes_within_an_interval_is_listed_twice_and_who_goes_and_comes_not_at_all() {
    let mut world = busy(0, true);
    for name in ["ann", "bob", "cho"] {
        world.arrive(name, "room", 300);
    }
    world.at(10).advance();
    world.told();
    world.leave("ann", "room");
    world.arrive("ann", "room", 300);
    world.arrive("dan", "room", 300);
    world.leave("dan", "room");
    world.leave("bob", "room");
    world.arrive("bob", "room", 2);
    world.at(20).advance();
    assert_eq!(world.told(), ["20.000 room interval +dan -dan ~bob = 2"]);
}

#[test]
fn falling_back_tells_what_was_gathered_before_the_change_that_ends_it() {
    let mut world = busy(1, true);
    for name in ["ann", "bob", "cho"] {
        world.arrive(name, "room", 300);
    }
    world.leave("ann", "room");
    world.leave("cho", "room");
    assert_eq!(
        world.told(),
        ["0.000 room join ann = 1", "0.000 room interval +bob,cho -ann ~ = 2", "0.000 room leave cho = 1"]
    );
    world.arrive("dan", "room", 300);
    world.leave("dan", "room");
    assert_eq!(world.told(), ["0.000 room interval +dan - ~ = 2", "0.000 room leave dan = 1"]);
    world.at(60).advance();
    assert!(world.told().is_empty());
}

#[test]
fn deltas_that_do_not_fit_ask_for_here_now() {
    let mut world = busy(0, true);
    for index in 0..2_000 {
        world.arrive(&format!("user-{index:010}"), "room", 300);
    }
    world.at(10).advance();
    world.leave("user-0000000000", "room");
    world.at(20).advance();
    assert_eq!(
        world.told(),
        ["10.000 room interval refresh = 2000", "20.000 room interval + -user-0000000000 ~ = 1999"]
    );

    // As many as fit, with ids whose JSON is longer than they are.
    let mut world = busy(0, true);
    for index in 0..600 {
        world.arrive(&format!("\"\n{index:03}{}", "x".repeat(30)), "room", 300);
    }
    world.at(10).advance();
    let event = &world.effects.events[0];
    let What::Interval(delta) = &event.what else { panic!("{event:?}") };
    assert_eq!(delta.join.len(), 600);
    let mut payload = Vec::new();
    event.write_payload(&mut payload);
    assert!(payload.len() < 32_768);
}

#[test]
fn rules_select_what_is_announced_and_intervals_are_an_action_of_their_own() {
    let rules = Rules::new(vec![
        Rule::new("quiet", Actions::of(&[Action::Leave, Action::Timeout])).expect("a rule"),
        Rule::new("*", Actions::of(&[Action::Interval])).expect("a rule"),
    ]);
    let mut world = World::new(Options { rules, announce_max: 1, deltas: true, ..Options::default() });
    for name in ["quiet", "room"] {
        for who in ["ann", "bob", "cho"] {
            world.arrive(who, name, 300);
        }
    }
    world.at(10).advance();
    for name in ["quiet", "room"] {
        for who in ["ann", "bob", "cho"] {
            world.leave(who, name);
        }
    }
    assert_eq!(
        world.told(),
        [
            "10.000 room interval +bob,cho - ~ = 3",
            "10.000 quiet leave bob = 1",
            "10.000 quiet leave cho = 0",
            "10.000 room interval + -ann ~ = 2",
        ]
    );
}

#[test]
fn names_of_presence_streams_and_channels_without_a_rule_leave_no_trace() {
    let rules = Rules::new(vec![
        Rule::new("chat.*", Actions::of(&[Action::Join])).expect("a rule"),
        Rule::new("hall", Actions::all()).expect("a rule"),
    ]);
    let mut world = World::new(Options { rules, notices: true, ..Options::default() });
    for name in ["chat.a", "hall", "room", "hall-pnpres", "chatter"] {
        world.arrive("ann", name, 300);
        world.set_state("ann", name, r#"{"a":1}"#);
        world.set_state("bob", name, r#"{"b":1}"#);
        world.leave("ann", name);
    }
    assert_eq!(world.effects.notices.len(), 4);
    assert_eq!(
        world.told(),
        [
            "0.000 chat.a join ann = 1",
            "0.000 hall join ann = 1",
            r#"0.000 hall state-change ann {"a":1} = 1"#,
            r#"0.000 hall leave ann {"a":1} = 0"#,
        ]
    );
    assert_eq!(world.presence.roster.sizes()[1], 2, "only bob's state on two channels is left");
}
