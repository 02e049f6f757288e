//! Random commands at random times, judged by a model that is too simple to be wrong.
//!
//! The model keeps every deadline in milliseconds and drops what is over before it does anything else. After each
//! command every read must be the model's, whether or not `advance` ran. A follower reads the events alone: beginnings
//! and ends of a stay must alternate, each occupancy must be what it counts, and in the end it must know who is there.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wire::presence::Occupant;

use super::*;

const CHANNELS: [&str; 3] = ["room", "a.b", "a.*"];
const USERS: [&str; 9] = ["ann", "bob", "cho", "dan", "eve", "fay", "gus", "hal", "ida"];
const DEVICES: [&str; 3] = ["", "phone", "laptop"];
const STATES: [&str; 3] = ["{}", r#"{"mood":"ok"}"#, r#"{"mood":"so so"}"#];

#[derive(Clone, Debug)]
enum Command {
    /// Whether a poll stays open after it.
    Arrive {
        who: Who,
        channels: Vec<(usize, Option<usize>)>,
        timeout: u64,
        poll: bool,
    },
    /// By the handles of an open poll.
    Renew {
        poll: usize,
        timeout: u64,
    },
    Release {
        poll: usize,
        how: Release,
    },
    Leave {
        who: Who,
        channels: Vec<usize>,
    },
    SetState {
        user: usize,
        channels: Vec<usize>,
        state: usize,
    },
    Advance {
        budget: usize,
    },
    Restart {
        how: Restart,
        slice: usize,
        later: u64,
    },
}

#[derive(Clone, Copy, Debug)]
struct Who {
    user: usize,
    device: usize,
}

fn command() -> impl Strategy<Value = Command> {
    let who = || (0..USERS.len(), 0..DEVICES.len()).prop_map(|(user, device)| Who { user, device });
    let channels = || prop::collection::vec(0..CHANNELS.len(), 1..4);
    let timeout = || prop_oneof![3 => 1_u64..40, 1 => 250_u64..400, 1 => 3_000_u64..5_000];
    let with_state = prop::collection::vec((0..CHANNELS.len(), prop::option::of(0..STATES.len())), 1..4);
    prop_oneof![
        8 => (who(), with_state, timeout(), any::<bool>())
            .prop_map(|(who, channels, timeout, poll)| Command::Arrive { who, channels, timeout, poll }),
        1 => (0..8_usize, timeout()).prop_map(|(poll, timeout)| Command::Renew { poll, timeout }),
        3 => (0..8_usize, prop_oneof![Just(Release::Answered), Just(Release::Dropped)])
            .prop_map(|(poll, how)| Command::Release { poll, how }),
        3 => (who(), channels()).prop_map(|(who, channels)| Command::Leave { who, channels }),
        2 => (0..USERS.len(), channels(), 0..STATES.len())
            .prop_map(|(user, channels, state)| Command::SetState { user, channels, state }),
        3 => prop_oneof![0..4_usize, Just(1_000)].prop_map(|budget| Command::Advance { budget }),
        1 => (prop_oneof![Just(Restart::Clean), Just(Restart::Crash)], 1..5_usize, 0..50_000_u64)
            .prop_map(|(how, slice, later)| Command::Restart { how, slice, later }),
    ]
}

/// Milliseconds from one command to the next.
fn step() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0_i64),
        4 => 0..300_i64,
        6 => 0..15_000_i64,
        2 => 0..400_000_i64,
        1 => 0..20_000_000_i64,
        1 => Just(400_000_000_000_i64),
        2 => -90_000..0_i64,
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let announce = (prop_oneof![0..4_usize, Just(100)], 1..12_u64, any::<bool>());
    (announce, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((announce_max, interval, deltas), counted, open_poll_is_presence, leave_on_disconnect)| Options {
            announce_max,
            interval: secs(interval),
            deltas,
            devices: if counted { Devices::Counted } else { Devices::Single },
            open_poll_is_presence,
            leave_on_disconnect,
            ..Options::default()
        },
    )
}

type Place = (usize, usize);

#[derive(Clone, Debug)]
struct ModelSeat {
    /// When the user joined, among all joins; `None` when only state is kept.
    joined: Option<u64>,
    state: Option<usize>,
    devices: Vec<ModelDevice>,
}

#[derive(Clone, Debug)]
struct ModelDevice {
    name: usize,
    number: u64,
    until: u64,
    timeout: u64,
    polls: u32,
}

/// What the model knows of an open poll: the place, the stay and the device of each of its seats.
type ModelHandles = Vec<(Place, u64, u64)>;

#[derive(Clone, Debug)]
struct Model {
    options: Options,
    now: u64,
    numbers: u64,
    /// By channel and user.
    seats: BTreeMap<Place, ModelSeat>,
}

impl Model {
    /// Time passes, and what is over is gone.
    fn pass(&mut self, now: u64) -> u64 {
        self.now = self.now.max(now);
        let (now, polls_hold) = (self.now, self.options.open_poll_is_presence);
        self.seats.retain(|_, seat| {
            seat.devices.retain(|device| device.until > now || polls_hold && device.polls > 0);
            !seat.devices.is_empty()
        });
        self.now
    }

    fn device(&self, who: Who) -> usize {
        if self.options.devices == Devices::Counted { who.device } else { 0 }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn arrive(&mut self, who: Who, channels: &[(usize, Option<usize>)], timeout: u64, now: u64) -> ModelHandles {
        let now = self.pass(now);
        let timeout = timeout.min(3_600);
        let name = self.device(who);
        let mut handles = Vec::new();
        for (channel, state) in channels {
            let (joined, number) = (self.number(), self.number());
            let place = (*channel, who.user);
            let seat = self.seats.entry(place).or_insert(ModelSeat { joined: None, state: None, devices: Vec::new() });
            if seat.joined.is_none() {
                seat.joined = Some(joined);
                seat.devices.clear();
            }
            if let Some(state) = state {
                seat.state = Some(*state).filter(|state| *state != 0);
            }
            let until = until(now, timeout * 1000);
            match seat.devices.iter_mut().find(|device| device.name == name) {
                Some(device) => (device.until, device.timeout) = (until, timeout),
                None => seat.devices.push(ModelDevice { name, number, until, timeout, polls: 0 }),
            }
            let device = seat.devices.iter().find(|device| device.name == name).expect("it is there").number;
            handles.push((place, seat.joined.expect("it is present"), device));
        }
        handles
    }

    fn device_of(&mut self, (place, stay, number): (Place, u64, u64)) -> Option<&mut ModelDevice> {
        let seat = self.seats.get_mut(&place).filter(|seat| seat.joined == Some(stay))?;
        seat.devices.iter_mut().find(|device| device.number == number)
    }

    fn hold(&mut self, handles: &ModelHandles) {
        for handle in handles {
            if let Some(device) = self.device_of(*handle) {
                device.polls += 1;
            }
        }
    }

    fn renew(&mut self, handles: &ModelHandles, timeout: u64, now: u64) -> bool {
        let now = self.pass(now);
        let timeout = timeout.min(3_600);
        handles.iter().fold(true, |all, handle| match self.device_of(*handle) {
            Some(device) => {
                (device.until, device.timeout) = (until(now, timeout * 1000), timeout);
                all
            }
            None => false,
        })
    }

    fn release(&mut self, handles: &ModelHandles, how: Release, now: u64) {
        let now = self.pass(now);
        let (restarts, leaves) = (self.options.open_poll_is_presence, self.options.leave_on_disconnect);
        for handle in handles {
            let Some(device) = self.device_of(*handle) else { continue };
            device.polls -= 1;
            if how == Release::Answered || restarts {
                device.until = until(now, device.timeout * 1000);
            }
            if how == Release::Dropped && leaves && device.polls == 0 {
                device.until = 0;
            }
            self.pass(now);
        }
    }

    fn leave(&mut self, who: Who, channels: &[usize], now: u64) {
        let now = self.pass(now);
        let name = self.device(who);
        for channel in channels {
            if let Some(seat) = self.seats.get_mut(&(*channel, who.user)) {
                let absent = seat.joined.is_none();
                seat.devices.retain(|device| !absent && device.name != name);
            }
        }
        self.pass(now);
    }

    fn set_state(&mut self, user: usize, channels: &[usize], state: usize, now: u64) {
        let now = self.pass(now);
        for channel in channels {
            let place = (*channel, user);
            let number = self.number();
            let kept = self.seats.entry(place).or_insert(ModelSeat { joined: None, state: None, devices: Vec::new() });
            kept.state = Some(state).filter(|state| *state != 0);
            if kept.joined.is_none() {
                let until = if state == 0 { 0 } else { until(now, 300_000) };
                kept.devices = vec![ModelDevice { name: 0, number, until, timeout: 300, polls: 0 }];
            }
        }
        self.pass(now);
    }

    /// The process stops `now` and the next one begins `later`.
    fn restart(&mut self, how: Restart, now: u64, later: u64) {
        let now = self.pass(now);
        let polls_hold = self.options.open_poll_is_presence;
        self.now = now + later;
        for device in self.seats.values_mut().flat_map(|seat| &mut seat.devices) {
            let full = device.timeout * 1000;
            let remaining =
                if polls_hold && device.polls > 0 || how == Restart::Crash { full } else { device.until - now };
            device.until = until(now + later, remaining);
            device.polls = 0;
        }
    }

    fn at(&self, now: u64) -> Self {
        let mut then = self.clone();
        then.pass(now);
        then
    }

    fn here(&self, channel: usize) -> Vec<(usize, Option<usize>)> {
        let mut here: Vec<_> = self
            .seats
            .iter()
            .filter(|((at, _), _)| *at == channel)
            .filter_map(|((_, user), seat)| Some((seat.joined?, *user, seat.state)))
            .collect();
        here.sort_unstable();
        here.into_iter().map(|(_, user, state)| (user, state)).collect()
    }
}

/// The first moment that divides by 50 at or after it.
fn until(now: u64, millis: u64) -> u64 {
    (now + millis).div_ceil(50) * 50
}

/// Knows nothing but the events.
#[derive(Default)]
struct Follower {
    here: BTreeMap<ChannelName, BTreeSet<UserId>>,
    latest: Timestamp,
    /// Whether the events tell all: with deltas, or when no channel is large.
    complete: bool,
    announce_max: usize,
}

impl Follower {
    fn follow(&mut self, effects: &Effects) {
        for event in &effects.events {
            assert!(event.at >= self.latest, "{event:?} after {:?}", self.latest);
            self.latest = event.at;
            let large = event.occupancy > self.announce_max;
            match &event.what {
                What::StateChange(user, _) => {
                    let here = self.here.entry(event.channel.clone()).or_default();
                    assert!(large || !self.complete || here.contains(user) && here.len() == event.occupancy);
                    continue;
                }
                What::Interval(delta) => {
                    assert!(large && !delta.here_now_refresh, "{event:?}");
                }
                What::Join(..) | What::Leave(..) | What::Timeout(..) => assert!(!large, "{event:?}"),
            }
            if !self.complete {
                continue;
            }
            let here = self.here.entry(event.channel.clone()).or_default();
            let mut come = |user: &UserId| assert!(here.insert(user.clone()), "came twice: {event:?}");
            match &event.what {
                What::Join(user, _) => come(user),
                What::Interval(delta) => delta.join.iter().for_each(come),
                What::Leave(..) | What::Timeout(..) | What::StateChange(..) => {}
            }
            let mut go = |user: &UserId| assert!(here.remove(user), "went twice: {event:?}");
            match &event.what {
                What::Leave(user, _) | What::Timeout(user, _) => go(user),
                What::Interval(delta) => delta.leave.iter().chain(&delta.timeout).for_each(go),
                What::Join(..) | What::StateChange(..) => {}
            }
            assert_eq!(here.len(), event.occupancy, "{event:?}");
        }
    }
}

/// The rules and the model, side by side.
struct Both {
    presence: Presence,
    model: Model,
    follower: Follower,
    polls: Vec<(Seats, ModelHandles)>,
    now: u64,
    /// Joins less ends.
    stays: usize,
}

impl Both {
    fn new(options: &Options) -> Self {
        Self {
            presence: Presence::new(options.clone()),
            model: Model { options: options.clone(), now: 0, numbers: 0, seats: BTreeMap::new() },
            follower: Follower {
                complete: options.deltas || options.announce_max >= USERS.len(),
                announce_max: options.announce_max,
                ..Follower::default()
            },
            polls: Vec::new(),
            now: START,
            stays: 0,
        }
    }

    fn run(&mut self, command: &Command) {
        let (now, at) = (self.now, Timestamp::from_millis(self.now));
        let mut effects = Effects::default();
        match command {
            Command::Arrive { who, channels, timeout, poll } => {
                let named: Vec<_> = channels
                    .iter()
                    .map(|(index, state)| (channel(CHANNELS[*index]), state.map(|state| json(STATES[state]))))
                    .collect();
                let seats = with(*who, |device| self.presence.arrive(device, &named, secs(*timeout), at, &mut effects));
                let handles = self.model.arrive(*who, channels, *timeout, now);
                if *poll {
                    self.presence.hold(&seats, at);
                    self.model.hold(&handles);
                    self.polls.push((seats, handles));
                }
            }
            Command::Renew { poll, timeout } => {
                if let Some((seats, handles)) = self.polls.get(*poll) {
                    let all = self.presence.renew(seats, secs(*timeout), at);
                    assert_eq!(all, self.model.renew(handles, *timeout, now));
                }
            }
            Command::Release { poll, how } => {
                if *poll < self.polls.len() {
                    let (seats, handles) = self.polls.remove(*poll);
                    self.presence.release(&seats, *how, at, &mut effects);
                    self.model.release(&handles, *how, now);
                }
            }
            Command::Leave { who, channels } => {
                let named: Vec<_> = channels.iter().map(|index| channel(CHANNELS[*index])).collect();
                with(*who, |device| self.presence.leave(device, &named, at, &mut effects));
                self.model.leave(*who, channels, now);
            }
            Command::SetState { user: index, channels, state } => {
                let named: Vec<_> = channels.iter().map(|index| channel(CHANNELS[*index])).collect();
                let state_text = json(STATES[*state]);
                self.presence.set_state(&user(USERS[*index]), &named, &state_text, at, &mut effects);
                self.model.set_state(*index, channels, *state, now);
            }
            Command::Advance { budget } => {
                // Time passes for the model too: the latest time seen counts.
                self.model.pass(now);
                let nothing_due = self.presence.next_due().is_none_or(|due| due > at.max(self.presence.now));
                let more = self.presence.advance(at, *budget, &mut effects);
                assert!(effects.lapsed <= *budget);
                assert!(!nothing_due || effects.is_empty() && !more);
                assert!(more || self.presence.next_due().is_none_or(|due| due > self.presence.now));
            }
            Command::Restart { how, slice, later } => self.restart(*how, *slice, *later, &mut effects),
        }
        self.follow(&effects);
        self.compare();
    }

    fn restart(&mut self, how: Restart, slice: usize, later: u64, effects: &mut Effects) {
        let at = Timestamp::from_millis(self.now);
        self.presence.flush(at, effects);
        let (mut saved, mut from) = (Vec::new(), Some(SaveCursor::default()));
        while let Some(cursor) = from {
            let (seats, next) = self.presence.save(cursor, slice, at);
            saved.extend(seats);
            from = next;
        }
        self.model.restart(how, self.now, later);
        self.now = self.model.now;
        self.polls.clear();
        self.presence = Presence::new(self.model.options.clone());
        self.presence.restore(saved, how, Timestamp::from_millis(self.now));
    }

    fn follow(&mut self, effects: &Effects) {
        self.follower.follow(effects);
        self.stays = self.stays + effects.joined - effects.left - effects.lapsed;
        assert_eq!(self.stays, self.presence.occupancy_total());
    }

    fn compare(&self) {
        // Also a little later, without anything having happened in between.
        for now in [self.now, self.now + 777] {
            let (model, at) = (self.model.at(now), Timestamp::from_millis(now));
            let mut occupied = Vec::new();
            for (index, name) in CHANNELS.iter().enumerate() {
                let expected: Vec<_> = model
                    .here(index)
                    .into_iter()
                    .map(|(who, state)| Occupant { user: user(USERS[who]), state: state.map(|s| json(STATES[s])) })
                    .collect();
                if !expected.is_empty() {
                    occupied.push(channel(name));
                }
                let answer = |page| self.presence.here_now(&channel(name), page, at);
                assert_eq!(answer(None).occupancy, expected.len());
                let page = answer(Some(Page { limit: 2, offset: 1 }));
                assert_eq!(
                    page.occupants.expect("a page"),
                    expected.iter().skip(1).take(2).cloned().collect::<Vec<_>>()
                );
                assert_eq!(answer(Some(Page { limit: 1_000, offset: 0 })).occupants, Some(expected));
            }
            let prefixed: Vec<_> = occupied.iter().filter(|name| name.as_str().starts_with("a.")).cloned().collect();
            assert_eq!(sorted(self.presence.occupied(None, at)), sorted(occupied));
            assert_eq!(sorted(self.presence.occupied(Some("a."), at)), sorted(prefixed));
            for (index, name) in USERS.iter().enumerate() {
                let (mut places, who) = (Vec::new(), user(name));
                for (at_channel, channel_name) in CHANNELS.iter().enumerate() {
                    let seat = model.seats.get(&(at_channel, index));
                    places.extend(seat.filter(|seat| seat.joined.is_some()).map(|_| channel(channel_name)));
                    let state = seat.and_then(|seat| seat.state).map(|state| json(STATES[state]));
                    assert_eq!(self.presence.state(&who, &channel(channel_name), at), state);
                }
                assert_eq!(sorted(self.presence.where_now(&who, at)), sorted(places));
            }
        }
    }

    /// All is told: the follower knows who is there. Then everybody goes, and nothing is left.
    fn finish(&mut self) {
        let mut effects = Effects::default();
        let at = Timestamp::from_millis(self.now);
        while self.presence.advance(at, 2, &mut effects) {}
        self.presence.flush(at, &mut effects);
        self.follow(&effects);
        self.model.pass(self.now);
        if self.follower.complete {
            for (index, name) in CHANNELS.iter().enumerate() {
                let here: BTreeSet<_> = self.model.here(index).iter().map(|(who, _)| user(USERS[*who])).collect();
                assert_eq!(self.follower.here.remove(&channel(name)).unwrap_or_default(), here);
            }
            self.follower.complete = false;
        }
        let mut effects = Effects::default();
        for (seats, _) in std::mem::take(&mut self.polls) {
            self.presence.release(&seats, Release::Answered, at, &mut effects);
        }
        let much_later = Timestamp::from_millis(self.model.now) + secs(1_000_000);
        while self.presence.advance(much_later, 3, &mut effects) {}
        self.follow(&effects);
        assert_eq!(self.presence.roster.sizes(), [0; 6]);
        assert_eq!(self.presence.next_due(), None);
    }
}

fn with<T>(who: Who, then: impl FnOnce(Device<'_>) -> T) -> T {
    let instance = InstanceId::new(DEVICES[who.device]).expect("an instance");
    then(Device { user: &user(USERS[who.user]), instance: &instance })
}

fn sorted(mut names: Vec<ChannelName>) -> Vec<ChannelName> {
    names.sort();
    names
}

proptest! {
    #[test]
    fn every_read_is_the_models_and_the_events_tell_who_is_there(
        options in options(),
        commands in prop::collection::vec((step(), command()), 1..150),
    ) {
        let mut both = Both::new(&options);
        for (step, command) in &commands {
            both.now = both.now.saturating_add_signed(*step);
            both.run(command);
        }
        both.finish();
    }
}
