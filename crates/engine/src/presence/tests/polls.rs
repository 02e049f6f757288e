//! What an open poll, an answered one and a closed connection say about presence.

use super::*;

#[test]
fn an_answered_poll_renews_but_does_not_join() {
    let mut world = world();
    let seats = world.arrive("ann", "room", 20);
    world.hold(&seats);
    world.at(15).release(&seats, Release::Answered);
    world.at(34);
    assert_eq!(world.here("room"), ["ann"]);
    world.at(35).release(&seats, Release::Answered);
    assert!(world.here("room").is_empty());

    let seats = world.arrive("ann", "room", 20);
    world.leave("ann", "room");
    world.release(&seats, Release::Answered);
    assert!(world.here("room").is_empty());
    let again = world.arrive("ann", "room", 20);
    assert_ne!(seats, again);
    world.at(50).release(&seats, Release::Answered);
    world.at(55);
    assert!(world.here("room").is_empty(), "a handle of an earlier stay renews nothing");
}

#[test]
fn a_closed_connection_changes_nothing_by_default() {
    let mut world = world();
    let seats = world.arrive("ann", "room", 20);
    world.hold(&seats);
    world.at(10).release(&seats, Release::Dropped);
    world.at(19);
    assert_eq!(world.here("room"), ["ann"]);
    world.at(20);
    assert!(world.here("room").is_empty());
}

#[test]
fn a_closed_connection_is_a_leave_if_the_key_set_says_so_and_no_other_poll_is_open() {
    for devices in [Devices::Single, Devices::Counted] {
        let mut world = World::new(Options { leave_on_disconnect: true, devices, ..Options::default() });
        let first = world.arrive("ann@phone", "room", 300);
        world.hold(&first);
        let second = world.arrive("ann@phone", "room", 300);
        world.hold(&second);
        world.release(&first, Release::Dropped);
        assert_eq!(world.here("room"), ["ann"]);
        world.release(&second, Release::Dropped);
        assert!(world.here("room").is_empty());
        assert_eq!(world.told(), ["0.000 room join ann = 1", "0.000 room leave ann = 0"]);
    }
}

#[test]
fn a_poll_of_a_device_that_left_says_nothing_about_the_device_that_came_back() {
    let mut world = World::new(Options { leave_on_disconnect: true, devices: Devices::Counted, ..Options::default() });
    let laptop = world.arrive("ann@laptop", "room", 300);
    world.hold(&laptop);
    let before = world.arrive("ann@phone", "room", 300);
    world.hold(&before);
    world.leave("ann@phone", "room");
    let after = world.arrive("ann@phone", "room", 300);
    world.hold(&after);
    world.release(&before, Release::Dropped);
    world.release(&laptop, Release::Dropped);
    assert_eq!(world.here("room"), ["ann"]);
    world.release(&after, Release::Dropped);
    assert!(world.here("room").is_empty());
}

#[test]
fn an_open_poll_is_presence_if_the_key_set_says_so() {
    for devices in [Devices::Single, Devices::Counted] {
        let mut world = World::new(Options { open_poll_is_presence: true, devices, ..Options::default() });
        let seats = world.arrive("ann", "room", 20);
        world.hold(&seats);
        for second in [19, 20, 21, 40, 10_000] {
            world.at(second);
            assert_eq!(world.here("room"), ["ann"]);
            world.advance();
            assert_eq!(world.here("room"), ["ann"]);
        }
        world.release(&seats, Release::Dropped);
        world.at(10_019).advance();
        assert_eq!(world.here("room"), ["ann"], "the timeout starts when the connection closes");
        world.at(10_020);
        assert!(world.here("room").is_empty());
        world.advance();
        assert_eq!(world.told(), ["0.000 room join ann = 1", "10020.000 room timeout ann = 0"]);
    }
}

#[test]
fn a_handle_renews_as_long_as_the_stay_lasts() {
    let mut world = world();
    let seats = world.arrive("ann", "room", 20);
    world.at(10);
    assert!(world.presence.renew(&seats, secs(30), world.now()));
    world.at(39);
    assert_eq!(world.here("room"), ["ann"]);
    world.at(40);
    assert!(!world.presence.renew(&seats, secs(30), world.now()));
    assert!(world.here("room").is_empty());
}
