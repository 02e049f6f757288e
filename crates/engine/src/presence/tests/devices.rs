//! Several clients of one user.

use super::*;

#[test]
fn a_leave_of_any_device_is_a_leave_where_devices_are_not_told_apart() {
    let mut world = world();
    let seats = world.arrive("ann@phone", "room", 300);
    world.arrive("ann@laptop", "room", 20);
    assert_eq!(seats, world.arrive("ann@phone", "room", 300));
    world.leave("ann@laptop", "room");
    assert!(world.here("room").is_empty());
    assert_eq!(world.told().len(), 2);
}

fn counting() -> World {
    World::new(Options { devices: Devices::Counted, ..Options::default() })
}

#[test]
fn a_counted_user_leaves_with_the_last_device() {
    let mut world = counting();
    world.arrive("ann@phone", "room", 300);
    world.arrive("ann@laptop", "room", 300);
    world.leave("ann@phone", "room");
    world.leave("ann@tablet", "room");
    assert_eq!(world.here("room"), ["ann"]);
    world.leave("ann@laptop", "room");
    assert!(world.here("room").is_empty());
    assert_eq!(world.told(), ["0.000 room join ann = 1", "0.000 room leave ann = 0"]);
}

#[test]
fn a_counted_device_lapses_silently_at_its_own_deadline() {
    let mut world = counting();
    world.arrive("ann@phone", "room", 60);
    world.arrive("ann@laptop", "room", 20);
    world.at(30).advance();
    world.leave("ann@phone", "room");
    assert_eq!(world.told()[1..], ["30.000 room leave ann = 0"], "the laptop was gone already");

    world.arrive("bob@phone", "room", 60);
    world.arrive("bob@laptop", "room", 20);
    world.told();
    world.leave("bob@phone", "room");
    world.at(49).advance();
    assert_eq!(world.here("room"), ["bob"]);
    world.at(50);
    assert!(world.here("room").is_empty(), "what is left is the deadline of the laptop");
    world.advance();
    assert_eq!(world.told(), ["50.000 room timeout bob = 0"]);
}

#[test]
fn a_user_has_a_bounded_number_of_devices() {
    let mut world = counting();
    for device in 0..1_000 {
        world.arrive(&format!("ann@{device}"), "room", 300);
    }
    world.leave("ann@0", "room");
    for device in 1_000 - crate::presence::devices::DEVICES_MAX..1_000 {
        assert_eq!(world.here("room"), ["ann"]);
        world.leave(&format!("ann@{device}"), "room");
    }
    assert!(world.here("room").is_empty());
}
