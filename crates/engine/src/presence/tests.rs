//! The rules of `docs/protocol/presence.md`, one scenario each.

mod model;

use std::time::Duration;

use wire::presence::{Action, Delta, Event, What};
use wire::{ChannelName, InstanceId, Json, Timestamp, UserId};

use super::*;

const START: u64 = 1_700_000_000_000;

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

fn user(name: &str) -> UserId {
    UserId::new(name).expect("a user id")
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A key set, and seconds since it began.
struct World {
    presence: Presence,
    effects: Effects,
    millis: u64,
}

impl World {
    fn new(options: Options) -> Self {
        Self { presence: Presence::new(options), effects: Effects::default(), millis: START }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis)
    }

    /// Time goes on to `seconds` after the start.
    fn at(&mut self, seconds: u64) -> &mut Self {
        self.millis = START + seconds * 1000;
        self
    }

    /// `who` is a user, or a user and a device: `ann`, `ann@phone`.
    fn arrive_with(&mut self, who: &str, name: &str, timeout: u64, state: Option<&str>) -> Seats {
        let (who, device) = who.split_once('@').unwrap_or((who, ""));
        let (user, instance) = (user(who), InstanceId::new(device).expect("an instance"));
        let now = self.now();
        self.presence.arrive(
            Device { user: &user, instance: &instance },
            &[(channel(name), state.map(json))],
            secs(timeout),
            now,
            &mut self.effects,
        )
    }

    fn arrive(&mut self, who: &str, name: &str, timeout: u64) -> Seats {
        self.arrive_with(who, name, timeout, None)
    }

    fn leave(&mut self, who: &str, name: &str) {
        let (who, device) = who.split_once('@').unwrap_or((who, ""));
        let (user, instance) = (user(who), InstanceId::new(device).expect("an instance"));
        let now = self.now();
        self.presence.leave(Device { user: &user, instance: &instance }, &[channel(name)], now, &mut self.effects);
    }

    fn set_state(&mut self, who: &str, name: &str, state: &str) {
        let now = self.now();
        self.presence.set_state(&user(who), &[channel(name)], &json(state), now, &mut self.effects);
    }

    fn hold(&mut self, seats: &Seats) {
        let now = self.now();
        self.presence.hold(seats, now);
    }

    fn release(&mut self, seats: &Seats, how: Release) {
        let now = self.now();
        self.presence.release(seats, how, now, &mut self.effects);
    }

    fn advance(&mut self) {
        let now = self.now();
        while self.presence.advance(now, 7, &mut self.effects) {}
    }

    fn state(&self, who: &str, name: &str) -> Option<String> {
        let state = self.presence.state(&user(who), &channel(name), self.now());
        state.map(|state| state.as_str().to_owned())
    }

    /// The names on a channel, checked against the occupancy.
    fn here(&self, name: &str) -> Vec<String> {
        let all = Page { limit: usize::MAX, offset: 0 };
        let answer = self.presence.here_now(&channel(name), Some(all), self.now());
        let names: Vec<_> = answer.occupants.expect("a page").into_iter().map(|who| who.user.to_string()).collect();
        assert_eq!(answer.occupancy, names.len());
        names
    }

    /// The events since the last call, one line each.
    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.effects).events.iter().map(line).collect()
    }
}

fn line(event: &Event) -> String {
    let Event { channel, at, occupancy, what } = event;
    let data = |state: &Option<Json>| state.as_ref().map_or(String::new(), |state| format!(" {state:?}"));
    let what = match what {
        What::Join(user, state) => format!("join {user}{}", data(state)),
        What::Leave(user, state) => format!("leave {user}{}", data(state)),
        What::Timeout(user, state) => format!("timeout {user}{}", data(state)),
        What::StateChange(user, state) => format!("state-change {user} {state:?}"),
        What::Interval(Delta { here_now_refresh: true, .. }) => "interval refresh".to_owned(),
        What::Interval(delta) => {
            let names = |users: &[UserId]| users.iter().map(UserId::as_str).collect::<Vec<_>>().join(",");
            format!("interval +{} -{} ~{}", names(&delta.join), names(&delta.leave), names(&delta.timeout))
        }
    };
    let millis = at.millis() - START;
    format!("{}.{:03} {channel} {what} = {occupancy}", millis / 1000, millis % 1000)
}

fn world() -> World {
    World::new(Options::default())
}

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
    for device in 1_000 - devices::DEVICES_MAX..1_000 {
        assert_eq!(world.here("room"), ["ann"]);
        world.leave(&format!("ann@{device}"), "room");
    }
    assert!(world.here("room").is_empty());
}

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
