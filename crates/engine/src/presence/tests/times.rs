//! Timeouts, ticks, and clocks that step.

use super::*;

#[test]
fn timeouts_are_whole_seconds_between_one_and_the_largest() {
    let mut world = World::new(Options { max_timeout: secs(60), ..Options::default() });
    let who = (user("ann"), InstanceId::unnamed());
    let who = Device { user: &who.0, instance: &who.1 };
    for (timeout, millis) in [(0, 1_000), (1_000, 1_000), (1_001, 2_000), (60_000, 60_000), (u64::MAX, 60_000)] {
        let now = world.now();
        let timeout = Duration::from_millis(timeout);
        world.presence.arrive(who, &[(channel("room"), None)], timeout, now, &mut world.effects);
        world.millis += millis - 1;
        assert_eq!(world.here("room"), ["ann"]);
        world.millis += 1;
        assert!(world.here("room").is_empty());
        world.millis = world.millis.div_ceil(50) * 50;
    }
}

#[test]
fn a_deadline_between_two_ticks_is_rounded_up() {
    let mut world = world();
    world.millis += 1;
    world.arrive("ann", "room", 1);
    world.millis = START + 1_049;
    assert_eq!(world.here("room"), ["ann"]);
    world.millis = START + 1_050;
    assert!(world.here("room").is_empty());
}

#[test]
fn a_clock_that_steps_back_keeps_everybody_and_one_that_jumps_ends_everybody() {
    let mut world = world();
    world.arrive("ann", "room", 20);
    world.at(19).advance();
    world.millis -= 60_000;
    world.advance();
    world.arrive("bob", "room", 20);
    assert_eq!(world.here("room"), ["ann", "bob"]);
    world.at(20);
    assert_eq!(world.here("room"), ["bob"], "bob came at the latest time seen");
    world.millis = u64::MAX;
    world.advance();
    assert!(world.here("room").is_empty());
    world.arrive("cho", "room", 20);
    world.millis = 0;
    world.advance();
    assert_eq!(world.here("room"), ["cho"]);
}
