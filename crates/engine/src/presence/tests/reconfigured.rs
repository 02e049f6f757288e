//! Rules that change while people are here.

use super::*;

impl World {
    fn reconfigure(&mut self, options: Options) {
        let now = self.now();
        self.presence.reconfigure(options, now, &mut self.effects);
    }
}

#[test]
fn who_is_here_stays_with_state_and_the_time_that_was_left_and_nobody_is_told() {
    let mut world = World::new(Options::default());
    for name in ["dan", "ann", "bob"] {
        world.arrive_with(name, "room", 60, Some(r#"{"a":1}"#));
    }
    world.set_state("fay", "room", r#"{"f":1}"#);
    let before = world.told();
    assert_eq!(before.len(), 3);
    world.at(40).reconfigure(Options { max_timeout: secs(30), ..Options::default() });
    assert!(world.told().is_empty());
    assert_eq!(world.here("room"), ["dan", "ann", "bob"]);
    assert_eq!(world.state("ann", "room").as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(world.state("fay", "room").as_deref(), Some(r#"{"f":1}"#));
    // The new rule holds for who renews, the old time for who does not.
    world.at(59).arrive("ann", "room", 300);
    world.at(60).advance();
    assert_eq!(world.here("room"), ["ann"]);
    world.at(89).advance();
    assert!(world.here("room").is_empty());
}

#[test]
fn handles_from_before_speak_for_nobody() {
    let options = Options { leave_on_disconnect: true, ..Options::default() };
    let mut world = World::new(options.clone());
    let ann = world.arrive("ann", "room", 60);
    let bob = world.arrive("bob", "room", 60);
    world.presence.hold(&bob, Timestamp::from_millis(START));
    world.told();
    world.reconfigure(options);
    let now = world.now();
    assert!(!world.presence.renew(&ann, secs(60), now));
    world.presence.release(&bob, Release::Dropped, now, &mut world.effects);
    assert!(world.told().is_empty());
    assert_eq!(world.here("room"), ["ann", "bob"]);
}

#[test]
fn what_was_gathered_is_told_by_the_old_rules_and_the_rest_by_the_new_ones() {
    let options = Options { announce_max: 1, deltas: true, ..Options::default() };
    let mut world = World::new(options);
    for name in ["ann", "bob", "cho"] {
        world.arrive(name, "room", 300);
    }
    world.told();
    world.arrive("dan", "room", 300);
    assert!(world.told().is_empty(), "it waits for the interval");
    world.reconfigure(Options::default());
    let told = world.told();
    assert!(told.len() == 1 && told[0].contains("interval") && told[0].contains("dan"), "{told:?}");
    world.leave("dan", "room");
    assert_eq!(world.told(), ["0.000 room leave dan = 3"]);
}

#[test]
fn who_has_no_presence_any_more_goes_without_a_word() {
    let mut world = World::new(Options::default());
    world.arrive("ann", "room", 60);
    world.arrive("ann", "hall", 60);
    world.told();
    let rules = Rules::new(vec![Rule::new("hall", Actions::of(&Action::ALL)).expect("a rule")]);
    world.reconfigure(Options { rules, ..Options::default() });
    assert!(world.here("room").is_empty());
    assert_eq!(world.here("hall"), ["ann"]);
    world.presence.clear();
    assert!(world.here("hall").is_empty());
    world.at(100).advance();
    assert!(world.told().is_empty());
}

#[test]
fn devices_are_told_apart_from_now_on() {
    let mut world = World::new(Options::default());
    world.arrive("ann@phone", "room", 60);
    world.reconfigure(Options { devices: Devices::Counted, ..Options::default() });
    world.told();
    world.arrive("ann@laptop", "room", 60);
    world.leave("ann@laptop", "room");
    assert_eq!(world.here("room"), ["ann"], "the one from before is still here");
}
