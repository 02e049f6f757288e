//! All clients of a run, the observer, and the judge.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use wire::presence::{Event, What};
use wire::{ChannelName, InstanceId, Json, UserId};

use super::Options;
use super::client::{Client, Deed, HOUR_MILLIS, channel};
use super::place::{Place, Renewal, Stay};
use super::site::Site;
use crate::automaton::{Automaton, shown};
use crate::dice::Dice;
use crate::report::{Millis, PerSecond};
use crate::violation::{Gate, Violation};

/// How late a timeout may be told (R1).
const LATE_MILLIS: u64 = 1_000;
/// How often the whole of a channel is asked and compared, in simulated time; less often where it takes long.
const LOOK_EVERY_MILLIS: u64 = 60_000;

/// What an observer of a run saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Simulated hours.
    pub hours: f64,
    /// What clients did, and the events that were told.
    pub member_events: u64,
    /// Heartbeats.
    pub renewals: u64,
    /// Joins, leaves and timeouts, in events of their own or in lists.
    pub joins: u64,
    /// Leaves of who was there.
    pub leaves: u64,
    /// Leave calls for one channel of several, or of one client while another one of its user stays.
    pub partial: u64,
    /// Lapses.
    pub timeouts: u64,
    /// Interval events, and those whose lists did not fit.
    pub intervals: u64,
    /// Interval events that sent the observer to here now.
    pub refreshes: u64,
    /// Stays that ended with a timeout although the client was only late and came back.
    pub flaps: u64,
    /// Whole channels that were compared with the truth.
    pub looks: u64,
    /// How many users were present on channels, at the end of each hour, all hours together.
    pub present: u64,
    /// How often that was counted.
    pub counted: u64,
    /// Deliveries, were every present member to listen to its channels.
    pub deliveries: u64,
    /// Events of all channels in a second with events.
    pub burst: PerSecond,
    /// How long after its last sign of life a client that is gone was still shown.
    pub ghost: Millis,
    /// How late timeouts were told, single events only.
    pub late: Millis,
}

/// A run.
pub(super) struct World<'o, S> {
    options: &'o Options,
    site: S,
    clients: Vec<Client>,
    /// What is true, by the numbers below: of each client on each of its channels, of each user, on each channel.
    places: Vec<(UserId, Place)>,
    of_client: Vec<Vec<usize>>,
    of_user: HashMap<UserId, Vec<(ChannelName, usize)>>,
    members: HashMap<ChannelName, Vec<usize>>,
    channels: Vec<ChannelName>,
    wakes: BinaryHeap<Reverse<(u64, usize)>>,
    automaton: Automaton,
    now: u64,
    seen: Seen,
    /// What happened, when it is to be told.
    history: Option<Vec<String>>,
}

/// What the whole server does: jumps, restarts, and looks of the observer.
struct Hand {
    dice: Dice,
    jump: u64,
    restart: u64,
    look: u64,
    count: u64,
}

impl<'o, S: Site> World<'o, S> {
    /// `members` are the numbers of the clients that take part.
    pub(super) fn new(options: &'o Options, members: &[usize], site: S, told: bool) -> Self {
        let channels: Vec<ChannelName> = (0..options.channels.max(1)).map(channel).collect();
        let mut clients: Vec<Client> = members.iter().map(|number| Client::new(*number, options, &channels)).collect();
        let (mut places, mut of_client) = (Vec::new(), Vec::with_capacity(clients.len()));
        let mut of_user: HashMap<UserId, Vec<(ChannelName, usize)>> = HashMap::new();
        let mut members: HashMap<ChannelName, Vec<usize>> = HashMap::new();
        let mut wakes = BinaryHeap::with_capacity(clients.len());
        for (index, client) in clients.iter_mut().enumerate() {
            wakes.push(Reverse((client.first(), index)));
            let known = of_user.entry(client.user.clone()).or_default();
            let mut place_of = |channel: &ChannelName| {
                if let Some((_, place)) = known.iter().find(|(other, _)| other == channel) {
                    return *place;
                }
                let place = places.len();
                places.push((client.user.clone(), Place::never()));
                known.push((channel.clone(), place));
                members.entry(channel.clone()).or_default().push(place);
                place
            };
            of_client.push(client.channels.iter().map(&mut place_of).collect());
        }
        Self {
            options,
            site,
            clients,
            places,
            of_client,
            of_user,
            members,
            channels,
            wakes,
            automaton: Automaton::default(),
            now: 0,
            seen: Seen::default(),
            history: told.then(Vec::new),
        }
    }

    /// Runs to the end, and until the last ghost is gone.
    pub(super) fn run(mut self) -> Result<Seen, (Violation, u64, Vec<String>)> {
        match self.live() {
            Ok(()) => {
                self.seen.hours = self.options.hours;
                Ok(self.seen)
            }
            Err(violation) => {
                self.tell(|| format!("VIOLATION {violation}"));
                Err((violation, self.now, self.history.unwrap_or_default()))
            }
        }
    }

    fn live(&mut self) -> Result<(), Violation> {
        let end = (self.options.hours * HOUR_MILLIS as f64) as u64;
        let mut hand = Hand::new(self.options);
        while let Some(Reverse((next, index))) = self.wakes.peek().copied() {
            let next_hand = hand.next();
            if next.min(next_hand) > end {
                break;
            }
            if next_hand <= next {
                self.pass(next_hand)?;
                self.hand(&mut hand)?;
                continue;
            }
            self.wakes.pop();
            self.pass(next)?;
            let next = self.act(index)?;
            self.wakes.push(Reverse((next, index)));
        }
        self.pass(end)?;
        // Nobody renews any more: whoever is still shown after this is a phantom.
        self.pass(end + self.options.timeout * 1000 + self.options.interval * 1000 + LATE_MILLIS)?;
        for channel in self.channels.clone() {
            self.look(&channel)?;
            if self.automaton.count(&channel) > 0 {
                return Err(Violation::new(Gate::R1, format!("{channel} is not empty in the end")));
            }
        }
        Ok(())
    }

    /// Lets time pass, and follows what the server tells by itself meanwhile.
    fn pass(&mut self, to: u64) -> Result<(), Violation> {
        while self.now < to {
            self.now = self.site.pass(to).max(self.now);
            self.read()?;
        }
        Ok(())
    }

    fn act(&mut self, index: usize) -> Result<u64, Violation> {
        let now = self.now;
        let (mut deed, next) = self.clients[index].act(self.options, now);
        let is_there = |world: &Self, at: usize| world.places[world.of_client[index][at]].1.is_present(now);
        if deed == Deed::SetState && !self.clients[index].on().all(|at| is_there(self, at)) {
            deed = Deed::Arrive;
        }
        self.seen.member_events += 1;
        let client = &self.clients[index];
        if let Some(history) = &mut self.history {
            let (user, instance, on) = (&client.user, &client.instance, client.on().map(|at| &client.channels[at]));
            let on: Vec<_> = on.map(ChannelName::as_str).collect();
            history.push(format!("{:>12.3} s  {user} ({instance}) {deed:?} on {on:?}", now as f64 / 1000.0));
        }
        match deed {
            Deed::Arrive => self.arrive(index, None),
            Deed::ArriveWithState => {
                let state = self.clients[index].new_state();
                self.arrive(index, Some(&state));
            }
            Deed::SetState => self.set_state(index),
            Deed::Leave => {
                let all = client.on().collect::<Vec<_>>();
                self.leave(index, &all);
            }
            Deed::LeaveOne => {
                let one = self.clients[index].leave_one();
                self.seen.partial += 1;
                self.leave(index, &[one]);
            }
            Deed::Crash { gone_since } => {
                let told_apart = self.told_apart(index);
                for at in client.on() {
                    self.places[self.of_client[index][at]].1.vanish(told_apart.as_ref(), gone_since);
                }
            }
            Deed::Stall => {}
        }
        self.read()?;
        Ok(next)
    }

    /// What tells a client from the others of its user; nothing where nothing does.
    fn told_apart(&self, index: usize) -> Option<InstanceId> {
        (self.options.devices > 1).then(|| self.clients[index].instance.clone())
    }

    fn arrive(&mut self, index: usize, state: Option<&Json>) {
        let (now, timeout, told_apart) = (self.now, self.options.timeout, self.told_apart(index));
        self.seen.renewals += 1;
        let client = &mut self.clients[index];
        client.renew(now);
        let mut names = Vec::with_capacity(client.channels.len());
        for at in client.on() {
            let place = &mut self.places[self.of_client[index][at]].1;
            let renewal = place.renew(told_apart.as_ref(), now + timeout * 1000, now);
            self.seen.flaps += u64::from(renewal == Renewal::CameBack);
            if state.is_some() {
                place.state = state.cloned();
            }
            names.push((client.channels[at].clone(), state.cloned()));
        }
        self.site.arrive(&client.user, &client.instance, &names, timeout, now);
    }

    fn set_state(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let state = client.new_state();
        let channels: Vec<_> = client.on().map(|at| client.channels[at].clone()).collect();
        for at in client.on() {
            self.places[self.of_client[index][at]].1.state = Some(state.clone());
        }
        self.site.set_state(&client.user, &channels, &state, self.now);
    }

    /// Takes a client off some of its channels.
    fn leave(&mut self, index: usize, which: &[usize]) {
        let (now, told_apart) = (self.now, self.told_apart(index));
        let client = &self.clients[index];
        for at in which {
            let place = &mut self.places[self.of_client[index][*at]].1;
            place.leave(told_apart.as_ref(), now);
            self.seen.partial += u64::from(place.is_present(now));
        }
        let channels: Vec<_> = which.iter().map(|at| client.channels[*at].clone()).collect();
        self.site.leave(&client.user, &client.instance, &channels, now);
    }

    fn hand(&mut self, hand: &mut Hand) -> Result<(), Violation> {
        let now = self.now;
        if hand.jump <= now {
            let by = hand.dice.below(120_001) as i64 - 60_000;
            self.tell(|| format!("{:>12.3} s  the wall clock jumps by {by} ms", now as f64 / 1000.0));
            self.site.jump(by);
            hand.jump = now + hand.wait(self.options.jumps);
        }
        if hand.restart <= now {
            let down = 50 * (1 + hand.dice.below(1_200));
            self.tell(|| format!("{:>12.3} s  the server stops for {down} ms", now as f64 / 1000.0));
            self.site.restart(down, now);
            self.read()?;
            hand.restart = now + hand.wait(self.options.restarts);
        }
        if hand.count <= now {
            self.seen.present += self.places.iter().filter(|(_, place)| place.is_present(now)).count() as u64;
            self.seen.counted += 1;
            hand.count = now + HOUR_MILLIS;
        }
        if hand.look <= now {
            let channel = hand.dice.pick(&self.channels).clone();
            self.look(&channel)?;
            let members = self.members.get(&channel).map_or(0, Vec::len) as u64;
            hand.look = now + LOOK_EVERY_MILLIS + 100 * members;
        }
        Ok(())
    }

    /// Compares a whole channel, as here now tells it, with the truth, and its members' where now and states.
    fn look(&mut self, channel: &ChannelName) -> Result<(), Violation> {
        self.seen.looks += 1;
        let now = self.now;
        let (occupancy, listed) = self.site.here(channel, now);
        let members = self.members.get(channel).map_or(&[][..], Vec::as_slice);
        let mut shown: HashMap<&UserId, _> = listed.iter().map(|(user, state)| (user, state)).collect();
        if shown.len() != listed.len() || listed.len() != occupancy {
            let what = format!("here now on {channel} lists {} of {occupancy}", listed.len());
            return Err(Violation::new(Gate::R4, what));
        }
        for number in members {
            let (user, place) = &self.places[*number];
            match (place.is_present(now), shown.remove(user)) {
                (true, Some(state)) if *state == place.state => {}
                (true, Some(state)) => {
                    let what = format!("{user} has {state:?} on {channel}, and set {:?}", place.state);
                    return Err(Violation::new(Gate::R4, what));
                }
                (false, None) => {}
                (true, None) => {
                    return Err(Violation::new(
                        Gate::R2,
                        format!("{user} is not shown on {channel}, but renewed in time"),
                    ));
                }
                (false, Some(_)) => {
                    return Err(Violation::new(Gate::R1, format!("{user} is shown on {channel}, but has not renewed")));
                }
            }
        }
        if let Some(user) = shown.keys().next() {
            return Err(Violation::new(Gate::R1, format!("{user} is shown on {channel}, where it never was")));
        }
        if let Some(number) = members.first() {
            let user = &self.places[*number].0;
            let mut places = self.site.where_now(user, now);
            let known = self.of_user[user].iter().filter(|(_, number)| self.places[*number].1.is_present(now));
            let mut expected: Vec<_> = known.map(|(channel, _)| channel.clone()).collect();
            places.sort_unstable();
            expected.sort_unstable();
            if places != expected {
                let what = format!("where now of {user} is {places:?} in place of {expected:?}");
                return Err(Violation::new(Gate::R4, what));
            }
        }
        Ok(())
    }

    /// Follows and judges what was told.
    fn read(&mut self) -> Result<(), Violation> {
        for event in self.site.events() {
            let now = self.now;
            self.tell(|| format!("{:>12.3} s      {}", now as f64 / 1000.0, shown(&event)));
            self.seen.member_events += 1;
            self.seen.deliveries += event.occupancy as u64;
            self.seen.burst.count(now / 1000);
            if self.automaton.follow(&event)? {
                self.seen.refreshes += 1;
                let (_, listed) = self.site.here(&event.channel, now);
                self.automaton.refresh(&event.channel, listed.into_iter().map(|(user, _)| user));
            }
            self.judge(&event)?;
        }
        Ok(())
    }

    /// Whether what is told of each user follows from what its client did.
    fn judge(&mut self, event: &Event) -> Result<(), Violation> {
        match &event.what {
            What::Join(user, _) => self.judge_join(user, event),
            What::Leave(user, _) => self.judge_leave(user, event),
            What::Timeout(user, _) => self.judge_timeout(user, event, 0),
            What::StateChange(..) => Ok(()),
            What::Interval(delta) => {
                self.seen.intervals += 1;
                self.seen.joins += delta.join.len() as u64;
                self.seen.leaves += delta.leave.len() as u64;
                let wait = self.options.interval * 1000;
                delta.timeout.iter().try_for_each(|user| self.judge_timeout(user, event, wait))
            }
        }
    }

    fn judge_join(&mut self, user: &UserId, event: &Event) -> Result<(), Violation> {
        self.seen.joins += 1;
        match self.place(user, &event.channel).stay {
            Some(stay) if stay.joined == self.now => Ok(()),
            _ => Err(Violation::new(Gate::R3, format!("{user} did not come now: {}", shown(event)))),
        }
    }

    fn judge_leave(&mut self, user: &UserId, event: &Event) -> Result<(), Violation> {
        self.seen.leaves += 1;
        match self.place(user, &event.channel).left_at {
            Some(at) if at == self.now => Ok(()),
            _ => Err(Violation::new(Gate::R2, format!("{user} did not leave: {}", shown(event)))),
        }
    }

    /// `wait` is how long the event may have been gathered, in milliseconds.
    fn judge_timeout(&mut self, user: &UserId, event: &Event, wait: u64) -> Result<(), Violation> {
        self.seen.timeouts += 1;
        let place = self.place(user, &event.channel);
        let (stay, before, gone_since) = (place.stay, place.before, place.gone_since());
        let joined_now = stay.is_some_and(|stay| stay.joined == self.now);
        let is_over = |stay: &Stay| stay.deadline <= self.now;
        let stay = if joined_now { before } else { stay.or(before) };
        let Some(stay) = stay.filter(is_over) else {
            return Err(Violation::new(Gate::R2, format!("{user} had left or renewed in time: {}", shown(event))));
        };
        let late = self.now - stay.deadline;
        if late > LATE_MILLIS + wait {
            return Err(Violation::new(Gate::R1, format!("{late} ms after the deadline: {}", shown(event))));
        }
        if wait == 0 {
            self.seen.late.record(late);
        }
        if let Some(gone_since) = gone_since {
            self.seen.ghost.record(self.now.saturating_sub(gone_since));
        }
        Ok(())
    }

    /// What is true of a user that an event tells of. Of one that was never there, nothing is.
    fn place(&self, user: &UserId, channel: &ChannelName) -> &Place {
        static NEVER: Place = Place::never();
        let places = self.of_user.get(user).into_iter().flatten();
        places.filter(|(other, _)| other == channel).map(|(_, number)| &self.places[*number].1).next().unwrap_or(&NEVER)
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(history) = &mut self.history {
            history.push(line());
        }
    }
}

impl Hand {
    fn new(options: &Options) -> Self {
        let dice = Dice::new(options.seed, u64::MAX);
        let mut hand = Self { dice, jump: 0, restart: 0, look: LOOK_EVERY_MILLIS, count: HOUR_MILLIS };
        hand.jump = hand.wait(options.jumps);
        hand.restart = hand.wait(options.restarts);
        hand
    }

    fn next(&self) -> u64 {
        self.jump.min(self.restart).min(self.look).min(self.count)
    }

    /// Milliseconds until something that happens so often an hour happens again.
    fn wait(&mut self, an_hour: f64) -> u64 {
        if an_hour <= 0.0 {
            return u64::MAX / 2;
        }
        1 + (HOUR_MILLIS as f64 / an_hour * 2.0 * self.dice.share()) as u64
    }
}
