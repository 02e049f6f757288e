//! Calls that are answered at once, asked on many connections at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::outcome::{Outcome, Watch, record};
use super::swarm::Swarm;
use crate::process::Process;
use crate::report::histogram;
use crate::talk::{Heard, Talk};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections that come at a time: the listener of a server has room for so many and no more.
const GROUP: usize = 100;

/// Calls that are answered at once.
pub(crate) struct Calls<'c> {
    pub(crate) server: Process,
    pub(crate) address: SocketAddr,
    /// The nth connection.
    pub(crate) caller: &'c dyn Fn(usize) -> Box<dyn Talk>,
    pub(crate) connections: usize,
    /// Ends after this time, or after this many calls.
    pub(crate) time: Duration,
    pub(crate) most: u64,
}

/// Asks on all connections, each again as soon as it is answered. Calls are numbered from 0, over all connections.
pub(crate) fn calls(plan: &Calls<'_>) -> Result<Outcome> {
    let mut swarm = Swarm::new()?;
    let mut heard = Vec::new();
    for first in (0..plan.connections).step_by(GROUP) {
        swarm.open(plan.address, (first..plan.connections.min(first + GROUP)).map(plan.caller))?;
    }
    let watch = Watch::start(plan.server)?;
    let (mut asked, mut answered, mut latencies) = (0, 0, histogram()?);
    let mut since = vec![Instant::now(); plan.connections];
    for (link, since) in since.iter_mut().enumerate().take(usize::try_from(plan.most).unwrap_or(usize::MAX)) {
        *since = Instant::now();
        swarm.ask(link, asked)?;
        asked += 1;
    }
    let mut progress = Instant::now();
    while answered < asked {
        heard.clear();
        swarm.turn(Some(Duration::from_secs(1)), &mut heard)?;
        for (link, _) in heard.iter().filter(|(_, thing)| *thing == Heard::Answered) {
            record(&mut latencies, since[*link]);
            answered += 1;
            progress = Instant::now();
            if asked < plan.most && watch.elapsed() < plan.time {
                since[*link] = progress;
                swarm.ask(*link, asked)?;
                asked += 1;
            }
        }
        ensure!(progress.elapsed() < PATIENCE, "{} calls were not answered", asked - answered);
    }
    watch.stop(answered, latencies)
}
