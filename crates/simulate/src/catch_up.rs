//! Subscribers that stay away and come back, over real timelines: what they get, against what was published (R16, R17).
//!
//! The truth is a list of timetokens for each channel. A subscriber must get each message of its streams once, in the
//! order of timetokens, up to the cursor that it is handed. What it does not get must lie in the gap that it is told of;
//! and a subscriber that was away for less than the retention must not be told of a gap.

mod reader;

use std::sync::Arc;
use std::time::Duration;

use engine::pubsub::{Limits, Ticker, Timelines};
use wire::{ChannelName, Timetoken};

use crate::dice::Dice;
use crate::violation::{Gate, Violation};

use reader::Reader;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Channels that are published to, in pairs below one pattern.
    pub channels: usize,
    /// Subscribers, each with one to four streams.
    pub subscribers: usize,
    /// Messages that a channel keeps, and a reply holds.
    pub keeps: usize,
    /// Stops after so many deliveries.
    pub deliveries: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, channels: 40, subscribers: 1_000, keeps: 100, deliveries: 10_000_000 }
    }
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Messages that were published.
    pub published: u64,
    /// Messages that subscribers got, copies for several streams included.
    pub deliveries: u64,
    /// Polls that were answered.
    pub polls: u64,
    /// Polls of subscribers that had been away for long.
    pub away: u64,
    /// Answers that told of a gap.
    pub gaps: u64,
    /// Messages that were lost, each for each stream of each subscriber, and told of.
    pub lost: u64,
    /// Times that the server was killed and started again.
    pub restarts: u64,
    /// Times that the clock stepped.
    pub steps: u64,
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// What was seen.
    pub violation: Violation,
    /// The subscriber that saw it, and its last polls.
    pub history: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\nseed {}; the last polls of the subscriber that saw it:", self.violation, self.seed)?;
        self.history.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// How long messages are kept.
const AGE: Duration = Duration::from_secs(1200);
/// How a node keeps the bound of timetokens (`node::upkeep`).
const CEILING_LEAD: Duration = Duration::from_secs(15);
const CEILING_NEAR: Duration = Duration::from_secs(10);

/// A message: its channel, and which of that channel's it is.
pub(crate) type Body = (u32, u32);

/// What was published.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The timetokens of each channel, oldest first.
    pub(crate) channels: Vec<Vec<Timetoken>>,
    /// The last timetoken of all.
    pub(crate) last: Timetoken,
}

impl Truth {
    /// Writes a message down.
    pub(crate) fn add(&mut self, channel: usize, timetoken: Timetoken) -> Result<(), Violation> {
        if timetoken <= self.last {
            return Err(Violation::new(Gate::R17, format!("{timetoken} was given after {}", self.last)));
        }
        self.last = timetoken;
        self.channels[channel].push(timetoken);
        Ok(())
    }
}

/// Publishes and reads until there were enough deliveries.
///
/// # Errors
/// The first violation.
pub fn run(options: &Options) -> Result<Seen, Box<Failure>> {
    let mut world = World::new(options);
    while world.seen.deliveries < options.deliveries {
        world.turn().map_err(|(violation, who)| {
            let history = who.map_or_else(Vec::new, |who| world.readers[who].history());
            Box::new(Failure { seed: options.seed, violation, history })
        })?;
    }
    Ok(world.seen)
}

struct World {
    dice: Dice,
    timelines: Timelines<Body, ()>,
    ticker: Arc<Ticker>,
    limits: Limits,
    names: Vec<ChannelName>,
    truth: Truth,
    readers: Vec<Reader>,
    /// What the wall clock says.
    wall: Timetoken,
    /// The bound of timetokens that is on disk.
    ceiling: Timetoken,
    turns: usize,
    seen: Seen,
}

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn name(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

impl World {
    fn new(options: &Options) -> Self {
        let wall = Timetoken::from_ticks(17_000_000_000_000_000);
        let limits = Limits { messages: options.keeps, age: AGE, bytes: 1 << 30 };
        let names: Vec<_> =
            (0..options.channels).map(|index| name(&format!("a{}.b{}", index / 2, index % 2))).collect();
        let mut dice = Dice::new(options.seed, 0);
        let readers = (0..options.subscribers).map(|who| Reader::new(who, options, &names, wall, &mut dice)).collect();
        let ticker = Arc::new(Ticker::above(Timetoken::ZERO));
        let mut world = Self {
            dice,
            timelines: Timelines::new(Arc::clone(&ticker), limits, wall),
            ticker,
            limits,
            truth: Truth { channels: vec![Vec::new(); names.len()], last: Timetoken::ZERO },
            names,
            readers,
            wall,
            ceiling: Timetoken::ZERO,
            turns: 0,
            seen: Seen::default(),
        };
        world.keep_ceiling();
        world
    }

    /// A burst of messages, and whoever reads after it.
    fn turn(&mut self) -> Result<(), (Violation, Option<usize>)> {
        self.turns += 1;
        self.wall = self.wall + Duration::from_micros(self.dice.below(4_000_000));
        self.keep_ceiling();
        match self.dice.below(2_000) {
            0 => self.restart(),
            1..=20 => self.step_clock(),
            _ => {}
        }
        self.timelines.sweep(self.turns, self.wall);
        for _ in 0..self.dice.below(8) {
            // A few channels are loud.
            let most = if self.dice.chance(0.5) { 4 } else { self.names.len() as u64 };
            let channel = self.dice.below(most) as usize;
            for _ in 0..=self.dice.below(3) {
                self.publish(channel).map_err(|violation| (violation, None))?;
            }
        }
        for who in 0..self.readers.len() {
            if self.readers[who].is_due(self.turns) {
                self.read(who).map_err(|violation| (violation, Some(who)))?;
            }
        }
        Ok(())
    }

    fn publish(&mut self, channel: usize) -> Result<(), Violation> {
        let number = self.truth.channels[channel].len() as u32;
        let body = (channel as u32, number);
        let (post, _) = self.timelines.publish(self.names[channel].clone(), self.wall, 100, body);
        self.seen.published += 1;
        self.truth.add(channel, post.timetoken)
    }

    fn read(&mut self, who: usize) -> Result<(), Violation> {
        let reader = &mut self.readers[who];
        let catch = self.timelines.catch_up(reader.streams(), reader.cursor(), self.wall);
        let was_away = reader.was_away();
        self.seen.polls += 1;
        self.seen.away += u64::from(was_away);
        self.seen.gaps += u64::from(catch.gap.is_some());
        self.seen.deliveries += catch.posts.len() as u64;
        self.seen.lost += reader.take(&catch, &self.truth, &self.limits)?;
        reader.rest(self.turns, &mut self.dice);
        Ok(())
    }

    /// The program is killed and started again: the timelines are gone, and the bound is what was written down.
    fn restart(&mut self) {
        self.seen.restarts += 1;
        self.ticker = Arc::new(Ticker::above(self.ceiling));
        // The clock may have been set back meanwhile.
        self.step_clock();
        self.ceiling = Timetoken::ZERO;
        self.keep_ceiling();
        let start = self.ticker.fence(self.wall);
        self.timelines = Timelines::new(Arc::clone(&self.ticker), self.limits, start);
        self.readers.iter_mut().for_each(|reader| reader.server_restarted(start));
    }

    fn step_clock(&mut self) {
        self.seen.steps += 1;
        let by = Duration::from_millis(self.dice.below(60_000));
        self.wall = if self.dice.chance(0.5) { self.wall + by } else { self.wall.minus(by) };
    }

    fn keep_ceiling(&mut self) {
        if self.wall + CEILING_NEAR <= self.ceiling {
            return;
        }
        self.ceiling = self.ticker.fence(self.wall).max(self.wall) + CEILING_LEAD;
        self.ticker.set_ceiling(self.ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_deliveries_to_subscribers_that_come_and_go_are_right() {
        for seed in 1..=3 {
            let options = Options { seed, subscribers: 200, deliveries: 300_000, ..Options::default() };
            let seen = run(&options).unwrap_or_else(|failure| panic!("{failure}"));
            for (what, count) in [
                ("gaps", seen.gaps),
                ("losses", seen.lost),
                ("subscribers that were away", seen.away),
                ("steps of the clock", seen.steps),
            ] {
                assert!(count > 5, "this run shows nothing: {count} {what}");
            }
        }
    }

    #[test]
    fn a_timetoken_that_does_not_increase_is_refused() {
        let mut truth = Truth { channels: vec![Vec::new()], last: Timetoken::ZERO };
        truth.add(0, Timetoken::from_ticks(5)).unwrap();
        for ticks in [5, 4] {
            assert_eq!(truth.add(0, Timetoken::from_ticks(ticks)).unwrap_err().gate, Gate::R17);
        }
    }
}
