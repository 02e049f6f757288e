//! What is saved, and who is here after a restart.

use super::*;

/// Everything that is saved, through the text form.
fn save(world: &World, most: usize) -> Vec<SavedSeat> {
    let (mut all, mut from) = (Vec::new(), Some(SaveCursor::default()));
    while let Some(cursor) = from {
        let (seats, next) = world.presence.save(cursor, most, world.now());
        assert!(seats.len() <= most);
        let text = serde_json::to_string(&seats).expect("text");
        all.extend(serde_json::from_str::<Vec<SavedSeat>>(&text).expect("seats"));
        from = next;
    }
    all
}

fn restored(from: &World, options: Options, how: Restart, seconds_later: u64) -> World {
    let mut world = World::new(options);
    world.millis = from.millis + seconds_later * 1000;
    let mut saved = save(from, 3);
    saved.reverse();
    let now = world.now();
    world.presence.restore(saved, how, now);
    world
}

#[test]
fn a_clean_restart_keeps_who_was_here_and_how_long_they_had() {
    let mut world = world();
    for name in ["dan", "ann", "cho", "bob", "eve"] {
        world.arrive_with(name, "room", 60, Some(r#"{"a":1}"#));
    }
    world.leave("dan", "room");
    world.set_state("fay", "room", r#"{"f":1}"#);
    world.at(40).arrive("dan", "room", 60);
    let mut after = restored(&world, Options::default(), Restart::Clean, 3_600);
    assert_eq!(after.here("room"), ["ann", "cho", "bob", "eve", "dan"]);
    assert_eq!(after.state("ann", "room").as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(after.state("fay", "room").as_deref(), Some(r#"{"f":1}"#));
    after.millis += 19_999;
    after.arrive("bob", "room", 300);
    after.millis += 1;
    after.advance();
    assert_eq!(after.here("room"), ["bob", "dan"]);
    let told = after.told();
    assert!(told.len() == 3 && told.iter().all(|line| line.contains("timeout")), "{told:?}");
}

#[test]
fn after_a_crash_everybody_has_the_full_timeout_to_come_back() {
    let mut world = world();
    world.arrive("ann", "room", 60);
    world.at(59);
    let mut after = restored(&world, Options::default(), Restart::Crash, 10);
    after.millis += 59_999;
    assert_eq!(after.here("room"), ["ann"]);
    after.arrive("ann", "room", 60);
    after.millis += 59_999;
    after.advance();
    assert!(after.told().is_empty(), "who comes back in time makes no event");
}

#[test]
fn who_was_over_when_saved_is_told_so_and_does_not_come_back_to_life() {
    for (devices, how) in [(Devices::Single, Restart::Clean), (Devices::Counted, Restart::Crash)] {
        let options = Options { devices, ..Options::default() };
        let mut world = World::new(options.clone());
        world.arrive("ann", "room", 60);
        world.at(60);
        let mut after = restored(&world, options, how, 0);
        assert!(after.here("room").is_empty());
        after.advance();
        assert_eq!(after.told(), ["60.000 room timeout ann = 0"]);
    }
}

#[test]
fn a_restart_keeps_devices_and_the_mode_of_a_channel() {
    let options = Options { devices: Devices::Counted, announce_max: 1, deltas: true, ..Options::default() };
    let mut world = World::new(options.clone());
    for who in ["ann@phone", "ann@laptop", "bob@phone", "cho@phone"] {
        world.arrive(who, "room", 300);
    }
    let mut after = restored(&world, options, Restart::Clean, 0);
    after.leave("ann@phone", "room");
    after.leave("bob@phone", "room");
    assert_eq!(after.here("room"), ["ann", "cho"]);
    after.leave("ann@laptop", "room");
    assert_eq!(after.told(), ["0.000 room interval + -bob ~ = 2", "0.000 room leave ann = 1"]);
}

#[test]
fn a_save_is_worth_taking_when_the_revision_has_grown() {
    let mut world = world();
    world.arrive("ann", "room", 60);
    let before = world.presence.revision();
    world.at(1).arrive("ann", "room", 60);
    world.advance();
    assert_eq!(world.presence.revision(), before, "a renewal is not worth it");
    let mut last = before;
    let mut grown = |world: &World| {
        let grown = world.presence.revision() > last;
        last = world.presence.revision();
        grown
    };
    world.arrive("ann", "room", 30);
    assert!(grown(&world));
    world.set_state("ann", "room", r#"{"a":1}"#);
    assert!(grown(&world));
    world.set_state("bob", "room", r#"{"a":1}"#);
    assert!(grown(&world));
    world.leave("ann", "room");
    assert!(grown(&world));
    world.at(1_000).advance();
    assert!(grown(&world));
}
