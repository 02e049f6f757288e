//! Seeded runs, and the proof that the judge can say no.

use wire::presence::{Event, What};
use wire::{ChannelName, InstanceId, Json, UserId};

use super::{EngineSite, Failure, NodeSite, Options, Seen, Site, run};
use crate::violation::Gate;

fn small() -> Options {
    Options {
        seed: 7,
        members: 120,
        // About half of the rooms are in interval mode at a time.
        channels: 24,
        timeout: 20,
        hours: 3.0,
        announce_max: 8,
        restarts: 4.0,
        jumps: 60.0,
        churn: 20.0,
        ..Options::default()
    }
}

fn check_that_it_shows_something(seen: &Seen) {
    for (what, count) in [
        ("joins", seen.joins),
        ("leaves", seen.leaves),
        ("leaves of one channel or client", seen.partial),
        ("timeouts", seen.timeouts),
        ("interval events", seen.intervals),
        ("late clients", seen.flaps),
        ("looks", seen.looks),
        ("ghosts", seen.ghost.len()),
        ("single timeouts", seen.late.len()),
    ] {
        assert!(count > 5, "this run shows nothing: {count} {what}");
    }
}

#[test]
fn the_rules_keep_every_promise_to_120_clients_in_three_hours() {
    for seed in 1..=5 {
        let seen = run(&Options { seed, ..small() }, EngineSite::new).unwrap_or_else(|failure| panic!("{failure}"));
        check_that_it_shows_something(&seen);
    }
}

#[test]
fn the_rules_keep_every_promise_to_40_users_with_three_clients_each() {
    for seed in 1..=5 {
        let options = Options { seed, devices: 3, ..small() };
        let seen = run(&options, EngineSite::new).unwrap_or_else(|failure| panic!("{failure}"));
        check_that_it_shows_something(&seen);
    }
}

#[test]
fn a_room_so_large_that_lists_do_not_fit_is_followed_with_here_now() {
    let options =
        Options { members: 4_000, channels: 1, interval: 30, churn: 90.0, hours: 0.05, timeout: 10, ..small() };
    let seen = run(&options, EngineSite::new).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(seen.refreshes > 1, "this run shows nothing: {seen:?}");
}

#[test]
fn a_node_keeps_every_promise_though_its_clock_jumps_and_it_is_restarted() {
    let options = Options { members: 100, hours: 0.25, restarts: 30.0, churn: 60.0, ..small() };
    let seen = run(&options, NodeSite::new).unwrap_or_else(|failure| panic!("{failure}"));
    check_that_it_shows_something(&seen);
}

#[test]
fn a_node_keeps_every_promise_to_users_with_two_clients() {
    let options = Options { members: 80, devices: 2, hours: 0.2, restarts: 30.0, churn: 60.0, ..small() };
    let seen = run(&options, NodeSite::new).unwrap_or_else(|failure| panic!("{failure}"));
    check_that_it_shows_something(&seen);
}

#[test]
fn a_run_is_the_same_each_time() {
    let seen = || run(&small(), EngineSite::new).unwrap_or_else(|failure| panic!("{failure}"));
    let (first, second) = (seen(), seen());
    assert_eq!(
        (first.member_events, first.joins, first.deliveries),
        (second.member_events, second.joins, second.deliveries)
    );
}

/// How a server may be broken.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// A client is dropped a tenth before its time.
    Hasty,
    /// A client that is gone is kept three seconds longer.
    Sluggish,
    /// Every tenth event is lost.
    Loses,
    /// Every tenth event is told twice.
    Repeats,
    /// Every tenth event is told before the one of its channel that it follows at once, or the first that is.
    Swaps,
    /// Every tenth occupancy is one too many.
    Miscounts,
    /// A leave is told as a timeout.
    Confuses,
    /// Here now forgets the last user of its list.
    Forgets,
    /// Leaves are not heard.
    Deaf,
}

struct Broken {
    site: EngineSite,
    fault: Fault,
    events: usize,
}

impl Broken {
    fn is_time(&mut self) -> bool {
        self.events += 1;
        self.events.is_multiple_of(10)
    }
}

impl Site for Broken {
    fn pass(&mut self, to: u64) -> u64 {
        self.site.pass(to)
    }

    fn arrive(&mut self, u: &UserId, i: &InstanceId, places: &[(ChannelName, Option<Json>)], timeout: u64, now: u64) {
        let timeout = match self.fault {
            Fault::Hasty => timeout * 9 / 10,
            Fault::Sluggish => timeout + 3,
            _ => timeout,
        };
        self.site.arrive(u, i, places, timeout, now);
    }

    fn leave(&mut self, user: &UserId, instance: &InstanceId, channels: &[ChannelName], now: u64) {
        if !matches!(self.fault, Fault::Deaf) {
            self.site.leave(user, instance, channels, now);
        }
    }

    fn set_state(&mut self, user: &UserId, channels: &[ChannelName], state: &Json, now: u64) {
        self.site.set_state(user, channels, state, now);
    }

    fn here(&mut self, channel: &ChannelName, now: u64) -> (usize, Vec<(UserId, Option<Json>)>) {
        let (mut occupancy, mut listed) = self.site.here(channel, now);
        if matches!(self.fault, Fault::Forgets) && listed.pop().is_some() {
            occupancy -= 1;
        }
        (occupancy, listed)
    }

    fn where_now(&mut self, user: &UserId, now: u64) -> Vec<ChannelName> {
        self.site.where_now(user, now)
    }

    fn jump(&mut self, millis: i64) {
        self.site.jump(millis);
    }

    fn restart(&mut self, down_millis: u64, now: u64) {
        self.site.restart(down_millis, now);
    }

    fn events(&mut self) -> Vec<Event> {
        let mut told: Vec<Event> = Vec::new();
        for mut event in self.site.events() {
            if matches!(event.what, What::StateChange(..)) {
                continue;
            }
            let fault = if self.is_time() { Some(self.fault) } else { None };
            match fault {
                Some(Fault::Loses) => continue,
                Some(Fault::Repeats) => told.push(event.clone()),
                Some(Fault::Miscounts) => event.occupancy += 1,
                _ => {}
            }
            if let (Fault::Confuses, What::Leave(user, state)) = (self.fault, event.what.clone()) {
                event.what = What::Timeout(user, state);
            }
            let follows = told.last().is_some_and(|last| last.channel == event.channel);
            told.push(event);
            if let Some(Fault::Swaps) = fault {
                let last = told.len() - 1;
                match follows {
                    true => told.swap(last, last - 1),
                    false => self.events -= 1,
                }
            }
        }
        told
    }
}

#[test]
fn each_way_of_being_broken_is_found_and_its_history_is_short() {
    for (fault, gates) in [
        (Fault::Hasty, &[Gate::R2, Gate::R3][..]),
        (Fault::Sluggish, &[Gate::R1]),
        (Fault::Loses, &[Gate::R3, Gate::R4]),
        (Fault::Repeats, &[Gate::R3]),
        (Fault::Swaps, &[Gate::R3, Gate::R4]),
        (Fault::Miscounts, &[Gate::R4]),
        (Fault::Confuses, &[Gate::R2]),
        (Fault::Forgets, &[Gate::R2]),
        (Fault::Deaf, &[Gate::R1, Gate::R2, Gate::R3]),
    ] {
        let broken = |options: &Options| Broken { site: EngineSite::new(options), fault, events: 0 };
        let Err(failure) = run(&small(), broken) else { panic!("{fault:?} is not found") };
        let Failure { seed, violation, members, history } = &*failure;
        assert!(gates.contains(&violation.gate), "{fault:?}: {failure}");
        assert_eq!(*seed, small().seed);
        assert!(members.len() <= 20, "{fault:?} takes {} clients: {failure}", members.len());
        assert!(history.last().is_some_and(|line| line.contains("VIOLATION")), "{fault:?}: {failure}");
    }
}
