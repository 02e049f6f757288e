//! Messages at a steady pace to one subscriber: how long one is on its way.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::outcome::{Outcome, Watch, record};
use super::sequence::{Faults, Sequence};
use super::swarm::Swarm;
use crate::process::Process;
use crate::report::histogram;
use crate::talk::{Heard, Talk};

/// What is later than this at the end is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// Messages at a steady pace to one subscriber.
pub(crate) struct Paced {
    pub(crate) server: Process,
    pub(crate) address: SocketAddr,
    pub(crate) subscriber: Box<dyn Talk>,
    pub(crate) publisher: Box<dyn Talk>,
    pub(crate) every: Duration,
    pub(crate) time: Duration,
}

/// Publishes on the beat, whether or not the last message arrived. The generator never sleeps meanwhile: to be woken would
/// be a part of the latency.
pub(crate) fn paced(plan: Paced) -> Result<Outcome> {
    let mut swarm = Swarm::new()?;
    let mut heard = Vec::new();
    let publisher = swarm.open(plan.address, [plan.publisher])?;
    let subscriber = swarm.open(plan.address, [plan.subscriber])?;
    // The first beat comes late enough for a poll to be parked.
    let watch = Watch::start(plan.server)?;
    let (begun, mut sent) = (Instant::now() + 100 * plan.every, Vec::new());
    let (mut sequence, mut received, mut latencies) = (Sequence::default(), 0, histogram()?);
    while watch.elapsed() < plan.time + PATIENCE {
        let beat = begun + plan.every * u32::try_from(sent.len())?;
        if watch.elapsed() < plan.time && Instant::now() >= beat {
            sent.push(Instant::now());
            swarm.ask(publisher, sent.len() as u64)?;
        }
        if watch.elapsed() >= plan.time && received == sent.len() {
            break;
        }
        heard.clear();
        swarm.turn(Some(Duration::ZERO), &mut heard)?;
        for (link, thing) in &heard {
            let Heard::Message(number) = thing else { continue };
            if let (true, Some(sent)) = (*link == subscriber, sent.get(usize::try_from(*number)? - 1)) {
                record(&mut latencies, *sent);
                sequence.receive(*number);
                received += 1;
            }
        }
    }
    let outcome = watch.stop(received as u64, latencies)?;
    Ok(Outcome { faults: Faults::of(&[sequence], sent.len() as u64), ..outcome })
}
