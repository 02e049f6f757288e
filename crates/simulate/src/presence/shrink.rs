//! A run, and what is left of it when it fails: as few clients and as little time as still show the same.

use std::fmt;
use std::time::{Duration, Instant};

use super::site::Site;
use super::world::{Seen, World};
use super::{Options, client};
use crate::violation::Violation;

/// How long it is tried to make a history shorter.
const TRIES_FOR: Duration = Duration::from_secs(20);
/// Lines of a history that are worth printing.
const LINES: usize = 60;

/// A violation, and how to see it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// What was seen first.
    pub violation: Violation,
    /// The numbers of the clients of the shortest history found.
    pub members: Vec<usize>,
    /// What happened in it.
    pub history: Vec<String>,
}

/// Runs clients against a site.
///
/// # Errors
/// The first violation, with the shortest history found.
pub fn run<S: Site>(options: &Options, site: impl Fn(&Options) -> S) -> Result<Seen, Box<Failure>> {
    let everyone: Vec<usize> = (0..options.members).collect();
    World::new(options, &everyone, site(options), false).run().map_err(|(violation, at, _)| {
        let mut shorter =
            Shorter { options: until(options, at), members: everyone, violation, until: Instant::now() + TRIES_FOR };
        shorter.leave_out_hands(&site);
        shorter.leave_out_members(&site);
        let Shorter { options, members, violation, .. } = shorter;
        let told = World::new(&options, &members, site(&options), true).run();
        let history = told.map_or_else(|(_, _, history)| history, |_| Vec::new());
        Box::new(Failure { seed: options.seed, violation, members, history })
    })
}

/// The same, up to a moment.
fn until(options: &Options, millis: u64) -> Options {
    Options { hours: (millis + 1) as f64 / client::HOUR_MILLIS as f64, ..options.clone() }
}

struct Shorter {
    options: Options,
    members: Vec<usize>,
    violation: Violation,
    until: Instant,
}

impl Shorter {
    /// Without jumps and restarts, if it happens without them.
    fn leave_out_hands<S: Site>(&mut self, site: &impl Fn(&Options) -> S) {
        for without in [
            Options { jumps: 0.0, ..self.options.clone() },
            Options { restarts: 0.0, ..self.options.clone() },
            Options { jumps: 0.0, restarts: 0.0, ..self.options.clone() },
        ] {
            self.attempt(&without, self.members.clone(), site);
        }
    }

    /// Without one half of the clients, or a quarter, and so on down to single ones.
    fn leave_out_members<S: Site>(&mut self, site: &impl Fn(&Options) -> S) {
        let mut portion = self.members.len().div_ceil(2);
        while portion > 0 && Instant::now() < self.until {
            let mut from = 0;
            while from < self.members.len() && self.members.len() > 1 && Instant::now() < self.until {
                let mut fewer = self.members.clone();
                fewer.drain(from..(from + portion).min(self.members.len()));
                if !self.attempt(&self.options.clone(), fewer, site) {
                    from += portion;
                }
            }
            portion /= 2;
        }
    }

    /// Takes the attempt if it shows a violation of the same promise.
    fn attempt<S: Site>(&mut self, options: &Options, members: Vec<usize>, site: &impl Fn(&Options) -> S) -> bool {
        if members.is_empty() || Instant::now() >= self.until {
            return false;
        }
        match World::new(options, &members, site(options), false).run() {
            Err((violation, at, _)) if violation.gate == self.violation.gate => {
                let options = until(options, at.min((options.hours * client::HOUR_MILLIS as f64) as u64));
                *self = Self { options, members, violation, until: self.until };
                true
            }
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.violation)?;
        writeln!(f, "seed {}; the shortest history found has {} clients:", self.seed, self.members.len())?;
        let left_out = self.history.len().saturating_sub(LINES);
        if left_out > 0 {
            writeln!(f, "  … {left_out} lines before")?;
        }
        self.history[left_out..].iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

impl std::error::Error for Failure {}
