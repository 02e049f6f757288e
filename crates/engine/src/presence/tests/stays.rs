//! From a join to a leave or a lapse, and what is read in between.

use super::*;

#[test]
fn a_join_is_told_once_and_renewals_are_silent() {
    let mut world = world();
    world.arrive("ann", "room", 20);
    world.at(10).arrive("ann", "room", 20);
    world.at(29).advance();
    assert_eq!(world.told(), ["0.000 room join ann = 1"]);
    assert_eq!(world.here("room"), ["ann"]);
}

#[test]
fn a_member_lapses_when_the_timeout_has_run_from_the_last_renewal() {
    let mut world = world();
    world.arrive("ann", "room", 20);
    world.at(8).arrive("ann", "room", 8);
    world.millis = START + 15_999;
    world.advance();
    assert_eq!(world.here("room"), ["ann"]);
    world.at(16).advance();
    assert!(world.here("room").is_empty());
    assert_eq!(world.told(), ["0.000 room join ann = 1", "16.000 room timeout ann = 0"]);
}

#[test]
fn a_read_is_exact_though_nobody_advanced() {
    let mut world = world();
    world.arrive("ann", "room", 20);
    world.arrive("bob", "room", 40);
    world.arrive("ann", "hall", 20);
    world.at(20);
    assert_eq!(world.here("room"), ["bob"]);
    assert_eq!(world.presence.here_now(&channel("room"), None, world.now()).occupancy, 1);
    assert_eq!(world.presence.occupied(None, world.now()), [channel("room")]);
    assert!(world.presence.where_now(&user("ann"), world.now()).is_empty());
    assert_eq!(world.presence.where_now(&user("bob"), world.now()), [channel("room")]);
}

#[test]
fn a_late_heartbeat_is_a_lapse_and_then_a_join() {
    let mut world = world();
    world.arrive_with("ann", "room", 20, Some(r#"{"mood":"ok"}"#));
    world.arrive("bob", "room", 300);
    world.at(20).arrive("ann", "room", 20);
    assert_eq!(
        world.told(),
        [
            r#"0.000 room join ann {"mood":"ok"} = 1"#,
            "0.000 room join bob = 2",
            r#"20.000 room timeout ann {"mood":"ok"} = 1"#,
            "20.000 room join ann = 2",
        ]
    );
    assert_eq!(world.state("ann", "room"), None);
    assert_eq!(world.here("room"), ["bob", "ann"], "who comes back is last in the order");
}

#[test]
fn a_late_leave_is_a_lapse() {
    let mut world = world();
    world.arrive("ann", "room", 20);
    world.told();
    world.at(21).leave("ann", "room");
    assert_eq!(world.told(), ["21.000 room timeout ann = 0"]);
    world.leave("ann", "room");
    assert!(world.told().is_empty(), "who is not there can leave silently");
}

#[test]
fn here_now_lists_pages_in_the_order_of_joining() {
    let mut world = world();
    for name in ["dan", "ann", "cho", "bob"] {
        world.arrive(name, "room", 300);
    }
    world.leave("ann", "room");
    world.arrive("ann", "room", 300);
    let page = |limit, offset| {
        let answer = world.presence.here_now(&channel("room"), Some(Page { limit, offset }), world.now());
        assert_eq!(answer.occupancy, 4);
        answer.occupants.expect("a page").iter().map(|who| who.user.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(page(3, 0), ["dan", "cho", "bob"]);
    assert_eq!(page(3, 3), ["ann"]);
    assert!(page(3, 4).is_empty() && page(0, 0).is_empty());
    assert_eq!(page(usize::MAX, 2), ["bob", "ann"]);
}

#[test]
fn a_read_is_exact_when_blocks_of_members_were_joined() {
    let mut world = world();
    for name in ["ann", "bob", "cho", "dan"] {
        world.arrive(name, "room", 300);
    }
    world.arrive("eve", "room", 5);
    for name in ["bob", "cho", "dan"] {
        world.leave(name, "room");
    }
    assert_eq!(world.presence.roster.sizes()[2], 1, "a block of ann and eve");
    assert_eq!(world.here("room"), ["ann", "eve"]);
    world.at(5);
    assert_eq!(world.here("room"), ["ann"]);
    assert_eq!(world.presence.here_now(&channel("room"), None, world.now()).occupancy, 1);
}

#[test]
fn occupied_channels_can_be_asked_by_prefix() {
    let mut world = world();
    for name in ["a.b", "a.c", "a.*", "ab", "b.a"] {
        world.arrive("ann", name, 300);
    }
    let names = |prefix| {
        let mut names: Vec<_> = world.presence.occupied(prefix, world.now()).iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(Some("a.")), ["a.*", "a.b", "a.c"]);
    assert_eq!(names(None).len(), 5);
}

#[test]
fn a_channel_tells_when_it_gets_its_first_and_loses_its_last_occupant() {
    let mut world = World::new(Options { notices: true, ..Options::default() });
    world.arrive("ann", "room", 20);
    world.arrive("bob", "room", 20);
    world.leave("ann", "room");
    world.at(20).advance();
    let notices: Vec<_> =
        world.effects.notices.iter().map(|notice| (notice.active, notice.at.millis() - START)).collect();
    assert_eq!(notices, [(true, 0), (false, 20_000)]);
    assert_eq!((world.effects.joined, world.effects.left, world.effects.lapsed), (2, 1, 1));
}
