//! One message to many subscribers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::outcome::{Outcome, Watch, record};
use super::sequence::{Faults, Sequence};
use super::swarm::Swarm;
use crate::process::Process;
use crate::report::histogram;
use crate::talk::{Heard, Talk};

/// What comes later than this is lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// Subscribers that come at a time.
const GROUP: usize = 100;
/// From the last subscription until the first message: the polls that were just sent get parked meanwhile.
const SETTLE: Duration = Duration::from_millis(300);

/// One message to many subscribers.
pub(crate) struct Fanout<'f> {
    pub(crate) server: Process,
    pub(crate) address: SocketAddr,
    /// The nth subscriber.
    pub(crate) subscriber: &'f dyn Fn(usize) -> Box<dyn Talk>,
    pub(crate) publisher: Box<dyn Talk>,
    pub(crate) subscribers: usize,
    /// Subscribers on top of them that never take what they are sent, and are not counted.
    pub(crate) stalled: usize,
    /// Messages that are published before the first of them has arrived.
    pub(crate) in_flight: u64,
    pub(crate) time: Duration,
}

/// Publishes, waits until all have everything, and again. The latency is the one of the last of all deliveries.
pub(crate) fn fanout(plan: Fanout<'_>) -> Result<Outcome> {
    let mut swarm = Swarm::new()?;
    let mut heard = Vec::new();
    let publisher = swarm.open(plan.address, [plan.publisher])?;
    let before = plan.server.memory()?;
    // In small groups: the listener of a server has room for so many and no more.
    let all = plan.subscribers + plan.stalled;
    for first in (0..all).step_by(GROUP) {
        swarm.open(plan.address, (first..all.min(first + GROUP)).map(plan.subscriber))?;
    }
    let settled = Instant::now() + SETTLE;
    while Instant::now() < settled {
        swarm.turn(Some(Duration::from_millis(10)), &mut heard)?;
    }
    let memory = plan.server.memory()?.saturating_sub(before) as f64;
    let memory_each = memory / all as f64;
    (plan.subscribers + 1..swarm.len()).for_each(|link| swarm.stall(link));

    let mut sequences = vec![Sequence::default(); plan.subscribers];
    let (mut published, mut deliveries, mut lost) = (0, 0, 0);
    let mut latencies = histogram()?;
    let watch = Watch::start(plan.server)?;
    while watch.elapsed() < plan.time {
        let sent = Instant::now();
        swarm.ask_all(publisher, published + 1..=published + plan.in_flight)?;
        published += plan.in_flight;
        let wanted = published * plan.subscribers as u64 - lost;
        let mut progress = Instant::now();
        while deliveries < wanted {
            heard.clear();
            swarm.turn(Some(Duration::from_secs(1)), &mut heard)?;
            for (link, thing) in &heard {
                if let (Heard::Message(number), Some(sequence)) = (thing, sequences.get_mut(link.wrapping_sub(1))) {
                    sequence.receive(*number);
                    deliveries += 1;
                    progress = Instant::now();
                }
            }
            if progress.elapsed() > PATIENCE {
                lost += wanted - deliveries;
                break;
            }
        }
        record(&mut latencies, sent);
    }
    let outcome = watch.stop(deliveries, latencies)?;
    Ok(Outcome { faults: Faults::of(&sequences, published), memory_each, ..outcome })
}
