//! What is bounded, and how the work is portioned.

use super::*;

#[test]
fn joins_beyond_the_last_seat_are_refused_and_counted() {
    let mut world = World::new(Options { seats_max: 2, ..Options::default() });
    world.arrive("ann", "room", 300);
    world.arrive("ann", "hall", 300);
    assert!(world.arrive("bob", "attic", 300).is_empty());
    world.set_state("bob", "attic", r#"{"a":1}"#);
    assert_eq!(world.effects.refused, 2);
    assert!(world.here("attic").is_empty());
    assert_eq!(world.arrive("ann", "room", 300).len(), 1, "renewals need no seat");
    world.leave("ann", "room");
    assert_eq!(world.arrive("bob", "attic", 300).len(), 1);
}

#[test]
fn many_due_at_once_are_told_in_portions_and_reads_are_exact_in_between() {
    let mut world = World::new(Options { deltas: true, ..Options::default() });
    let rooms: Vec<_> = (0..200).map(|room| format!("room-{room}")).collect();
    for index in 0..200_000 {
        world.arrive(&format!("user-{index}"), &rooms[index % rooms.len()], 60);
    }
    world.arrive("ann", "room-0", 300);
    world.told();
    world.at(60);
    assert_eq!(world.here("room-0"), ["ann"]);
    let (mut portions, now) = (0, world.now());
    loop {
        let mut effects = Effects::default();
        let more = world.presence.advance(now, 1_000, &mut effects);
        assert!(effects.lapsed <= 1_000 && effects.events.len() <= 1_020, "{} events", effects.events.len());
        assert_eq!(world.presence.here_now(&channel("room-0"), None, now).occupancy, 1);
        assert!(world.presence.here_now(&channel("room-1"), None, now).occupancy == 0);
        portions += 1;
        if !more {
            break;
        }
        assert!(world.presence.next_due() <= Some(now));
    }
    assert!(portions >= 200, "{portions}");
    assert_eq!(world.presence.occupancy_total(), 1);
    world.at(400).advance();
    assert_eq!(world.presence.roster.sizes(), [0; 6]);
    assert_eq!(world.presence.next_due(), None);
}

#[test]
fn what_everybody_takes_is_counted_and_given_back() {
    for devices in [Devices::Single, Devices::Counted] {
        let mut world = World::new(Options { devices, ..Options::default() });
        assert_eq!(world.presence.bytes(), 0);
        world.arrive("ann", "room", 60);
        let one = world.presence.bytes();
        world.arrive("ann", "room", 60);
        assert_eq!(world.presence.bytes(), one, "a renewal takes nothing");
        let state = format!(r#"{{"s":"{}"}}"#, "x".repeat(1_000));
        world.set_state("ann", "room", &state);
        assert!(world.presence.bytes() > one + 1_000, "a state takes its text");
        world.set_state("ann", "room", r#"{"s":1}"#);
        assert!(world.presence.bytes() < one + 200);
        world.set_state("ann", "room", "{}");
        assert_eq!(world.presence.bytes(), one);
        world.set_state("bob", "elsewhere", &state);
        world.arrive_with("cho", "room", 60, Some(&state));
        assert!(world.presence.bytes() > one + 2_000, "those who are not there count as well");
        world.leave("cho", "room");
        world.at(1_000).advance();
        assert_eq!(world.presence.bytes(), 0, "{devices:?}: nothing is left of whoever is gone");
    }
}
