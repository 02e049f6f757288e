//! Many join one channel at once, and each is told of all who come after it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::outcome::{Outcome, Watch, record};
use super::sequence::Faults;
use super::swarm::Swarm;
use crate::process::Process;
use crate::report::histogram;
use crate::talk::{Heard, Talk};

/// What comes later than this is lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that come at a time: the listener of a server has room for so many and no more.
const GROUP: usize = 100;
/// Joins on their way at a time.
const WINDOW: usize = 64;

/// Many join one channel.
pub(crate) struct Crowd<'c> {
    pub(crate) server: Process,
    pub(crate) address: SocketAddr,
    /// The nth of them.
    pub(crate) joiner: &'c dyn Fn(usize) -> Box<dyn Talk>,
    pub(crate) joiners: usize,
    /// Whether each join is told to all who are there.
    pub(crate) told: bool,
}

/// Lets all join, and waits until all were told of all. What was not told counts as lost.
pub(crate) fn crowd(plan: &Crowd<'_>) -> Result<Outcome> {
    let mut swarm = Swarm::new()?;
    let mut heard = Vec::new();
    for first in (0..plan.joiners).step_by(GROUP) {
        swarm.open(plan.address, (first..plan.joiners.min(first + GROUP)).map(plan.joiner))?;
    }
    let joiners = plan.joiners as u64;
    let wanted = if plan.told { joiners * (joiners - 1) / 2 } else { 0 };
    let watch = Watch::start(plan.server)?;
    let (mut asked, mut joined, mut told, mut latencies) = (0, 0, 0, histogram()?);
    let mut since = vec![Instant::now(); plan.joiners];
    let mut progress = Instant::now();
    while joined < plan.joiners || told < wanted {
        while asked < plan.joiners && asked - joined < WINDOW {
            since[asked] = Instant::now();
            swarm.ask(asked, asked as u64)?;
            asked += 1;
        }
        heard.clear();
        swarm.turn(Some(Duration::from_millis(100)), &mut heard)?;
        for (link, thing) in &heard {
            match thing {
                // A poll that joins is ready with its first reply.
                Heard::Ready | Heard::Answered => {
                    record(&mut latencies, since[*link]);
                    joined += 1;
                }
                Heard::Joined(count) => told += count,
                Heard::Message(_) => {}
            }
            progress = Instant::now();
        }
        if progress.elapsed() > PATIENCE {
            ensure!(joined == plan.joiners, "{} joins were not answered", plan.joiners - joined);
            break;
        }
    }
    let outcome = watch.stop(joiners, latencies)?;
    Ok(Outcome { faults: Faults { lost: wanted.saturating_sub(told), ..Faults::default() }, ..outcome })
}
