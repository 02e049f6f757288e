//! Whatever happens, a subscription loses nothing that the server kept, repeats nothing and keeps the order; and what the
//! server did not keep is told.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const CHANNELS: [&str; 3] = ["a", "b", "c"];
/// How many messages the server keeps, over all channels of a poll.
const QUEUE: usize = 8;

/// A server with a short memory.
struct Server {
    now: u64,
    log: Vec<(u64, &'static str)>,
    /// It was started then, and knows nothing of before.
    started: u64,
    denied: Vec<&'static str>,
}

impl Server {
    fn publish(&mut self, channel: &'static str) {
        self.now += 10;
        self.log.push((self.now, channel));
    }

    fn restart(&mut self) {
        self.now += 10;
        self.started = self.now;
    }

    /// What it answers now; nothing, if the poll waits and has not done so for long enough. Sometimes it replays from a little
    /// earlier than it was asked.
    fn answer(&mut self, poll: &Poll, earlier: u64, expires: bool) -> Option<Result<Polled, Failure>> {
        let listed = |channel: &str| poll.names.contains(&Name::channel(channel).unwrap());
        let denied: Vec<&str> = self.denied.iter().copied().filter(|channel| listed(channel)).collect();
        if !denied.is_empty() {
            return Some(Err(super::denied(&denied.join(" "))));
        }
        let Some(cursor) = poll.cursor else {
            self.now += 1;
            return Some(Ok(polled(self.now, vec![])));
        };
        let asked = cursor.timetoken.ticks();
        let after = asked.saturating_sub(earlier);
        let waiting = self.log.iter().filter(|(ticks, channel)| *ticks > after.max(self.started) && listed(channel));
        let waiting: Vec<(u64, &str)> = waiting.copied().collect();
        let kept = waiting.len().saturating_sub(QUEUE);
        let lost = kept.checked_sub(1).map(|last| waiting[last].0);
        let until = lost.max(Some(self.started).filter(|started| *started > asked));
        let sent = &waiting[kept..];
        let next = match sent.last() {
            Some((ticks, _)) => asked.max(*ticks),
            None if expires => asked.max(self.now),
            None => return None,
        };
        let mut answer = polled(next, sent.iter().map(|(ticks, channel)| message(channel, *ticks)).collect());
        answer.gap = until.map(|until| delivery::Gap { after: at(asked), until: at(until) });
        Some(Ok(answer))
    }
}

/// What one holder is to hear of one channel, and what it heard.
#[derive(Debug)]
struct Watch {
    /// From when on; none before there is a cursor.
    after: Option<u64>,
    heard: Vec<u64>,
    gaps: Vec<(u64, u64)>,
}

struct World {
    bench: Bench,
    server: Server,
    watches: BTreeMap<(u64, &'static str), Watch>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Publish(usize, usize),
    Answer,
    /// Answered by another server of the cluster, from a little earlier.
    Replay(u64),
    /// The poll has waited long enough.
    Expire,
    /// The connection is lost; whatever was under way is.
    Cut,
    Busy(u64),
    Restart,
    Subscribe(u64, usize),
    From(u64, usize, u64),
    Unsubscribe(u64, usize),
    Deny(usize),
    Token,
    Pass(u32),
    Offline(u32),
}

impl World {
    fn new() -> Self {
        let server = Server { now: 1000, log: Vec::new(), started: 500, denied: Vec::new() };
        Self { bench: Bench::new(settings()), server, watches: BTreeMap::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Publish(channel, count) => (0..count).for_each(|_| self.server.publish(CHANNELS[channel])),
            Step::Answer => self.answer(0, false),
            Step::Replay(earlier) => self.answer(earlier, false),
            Step::Expire => self.answer(0, true),
            Step::Cut => self.fail(lost()),
            Step::Busy(seconds) => {
                self.fail(Failure { kind: FailureKind::Temporary(Some(Duration::from_secs(seconds))), ..lost() });
            }
            Step::Restart => {
                self.server.restart();
                self.fail(lost());
            }
            Step::Subscribe(holder, channel) => self.subscribe(holder, CHANNELS[channel], None),
            Step::From(holder, channel, back) => {
                let from = self.server.now.saturating_sub(back).max(1);
                self.subscribe(holder, CHANNELS[channel], Some(from));
            }
            Step::Unsubscribe(holder, channel) => {
                self.bench.unsubscribe(holder, CHANNELS[channel]);
                if let Some(watch) = self.watches.remove(&(holder, CHANNELS[channel])) {
                    self.check_order(&watch);
                }
            }
            Step::Deny(channel) => self.server.denied = vec![CHANNELS[channel]],
            Step::Token => {
                self.server.denied.clear();
                self.bench.machine.set_credentials(self.bench.now);
                self.bench.settle();
            }
            Step::Pass(seconds) => self.bench.pass(seconds * SECOND),
            Step::Offline(seconds) => {
                self.bench.machine.pause(Pause::Offline, self.bench.now);
                self.bench.settle();
                self.bench.pass(seconds * SECOND);
                self.bench.machine.resume(self.bench.now);
                self.bench.settle();
            }
        }
        if self.bench.parting.is_some() {
            self.bench.left();
        }
        self.hear();
        assert!(self.bench.machine.recent.len() <= settings().remembered);
    }

    fn subscribe(&mut self, holder: u64, channel: &'static str, from: Option<u64>) {
        let position = self.bench.machine.cursor.map(|cursor| cursor.timetoken);
        let here = position.max(position.and(self.bench.machine.interest.reached())).map(Timetoken::ticks);
        let watch = self.watches.entry((holder, channel));
        let new = |after| Watch { after, heard: Vec::new(), gaps: Vec::new() };
        match from {
            Some(_) => drop(watch.insert_entry(new(from))),
            None => drop(watch.or_insert(new(here))),
        }
        self.bench.subscribe(holder, channel, from);
    }

    fn answer(&mut self, earlier: u64, expires: bool) {
        let Some(poll) = &self.bench.poll else { return };
        let is_first = poll.cursor.is_none();
        match self.server.answer(poll, earlier, expires) {
            None => {}
            Some(Err(failure)) => self.bench.fail(failure),
            Some(Ok(polled)) => {
                if is_first && self.bench.machine.cursor.is_none() {
                    // From now on, for whoever said nothing else.
                    let now = polled.delivery.cursor.timetoken.ticks();
                    self.watches.values_mut().for_each(|watch| watch.after = watch.after.or(Some(now)));
                }
                self.bench.answer(polled);
            }
        }
    }

    fn fail(&mut self, failure: Failure) {
        if self.bench.poll.is_some() {
            self.bench.fail(failure);
        }
    }

    /// Hands what was told to those who hear it.
    fn hear(&mut self) {
        for (audience, event) in std::mem::take(&mut self.bench.told) {
            let Audience::Some(holders) = audience else { continue };
            for ((holder, channel), watch) in &mut self.watches {
                match &event {
                    _ if !holders.contains(&Holder(*holder)) => {}
                    Event::Message(message) if message.channel == *channel => {
                        watch.heard.push(message.timetoken.ticks());
                    }
                    Event::Gap(gap) => watch.gaps.push((gap.after.ticks(), gap.until.ticks())),
                    _ => {}
                }
            }
        }
    }

    fn check_order(&self, watch: &Watch) {
        assert!(watch.heard.is_sorted_by(|one, next| one < next), "out of order, or twice: {watch:?}");
        let after = watch.after.unwrap_or(u64::MAX);
        assert!(watch.heard.iter().all(|ticks| *ticks > after), "older than it was asked for: {watch:?}");
    }

    /// Lets everything be well again, until all is delivered; then nothing is missing that was not told.
    fn check(mut self) {
        self.take(Step::Token);
        for _ in 0..200 {
            if self.bench.poll.is_none() {
                self.take(Step::Pass(400));
            }
            self.take(Step::Answer);
        }
        self.take(Step::Expire);
        for ((_, channel), watch) in &self.watches {
            self.check_order(watch);
            let after = watch.after.expect("there was an answer to a first call");
            for (ticks, _) in self.server.log.iter().filter(|(ticks, on)| on == channel && *ticks > after) {
                let told = watch.gaps.iter().any(|(after, until)| after < ticks && ticks <= until);
                assert!(told || watch.heard.contains(ticks), "{ticks} on {channel} is lost: {watch:?}");
            }
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let channel = || 0..CHANNELS.len();
    let holder = || 1..3_u64;
    prop_oneof![
        6 => (channel(), 1..6_usize).prop_map(|(channel, count)| Step::Publish(channel, count)),
        8 => Just(Step::Answer),
        2 => (1..40_u64).prop_map(Step::Replay),
        1 => Just(Step::Expire),
        3 => Just(Step::Cut),
        1 => (1..60_u64).prop_map(Step::Busy),
        1 => Just(Step::Restart),
        3 => (holder(), channel()).prop_map(|(holder, channel)| Step::Subscribe(holder, channel)),
        2 => (holder(), channel(), 1..200_u64).prop_map(|(holder, channel, back)| Step::From(holder, channel, back)),
        2 => (holder(), channel()).prop_map(|(holder, channel)| Step::Unsubscribe(holder, channel)),
        1 => channel().prop_map(Step::Deny),
        1 => Just(Step::Token),
        4 => (1..30_u32).prop_map(Step::Pass),
        1 => (1..3600_u32).prop_map(Step::Offline),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_is_lost_repeated_or_out_of_order(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        world.check();
    }
}
