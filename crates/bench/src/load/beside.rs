//! A crowd with and without a reader that takes nothing, in turn.
//!
//! Two runs one after the other differ by more than such a reader costs. So both are measured on one server in short turns,
//! and every delivery counts, not only the last of each message.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use super::fanout::Listeners;
use super::sequence::Faults;
use crate::report::histogram;
use crate::talk::Talk;

/// Short beside the moods of a machine, long beside one message to all.
const TURN: Duration = Duration::from_millis(250);

/// A crowd, and now and then one more who takes nothing.
pub(crate) struct Beside<'b> {
    pub(crate) address: SocketAddr,
    /// The nth subscriber. Whoever comes after the crowd takes nothing.
    pub(crate) subscriber: &'b dyn Fn(usize) -> Box<dyn Talk>,
    pub(crate) publisher: Box<dyn Talk>,
    pub(crate) subscribers: usize,
    /// For each of both.
    pub(crate) time: Duration,
}

/// How long deliveries took, in nanoseconds.
pub(crate) struct Compared {
    pub(crate) without: Histogram<u64>,
    pub(crate) with: Histogram<u64>,
    pub(crate) faults: Faults,
}

/// Publishes one message after the other, with and without one who takes nothing.
pub(crate) fn beside(plan: Beside<'_>) -> Result<Compared> {
    let mut crowd = Listeners::new(plan.address, plan.publisher)?;
    crowd.come(plan.subscriber, plan.subscribers, 0)?;
    let (mut without, mut with) = (histogram()?, histogram()?);
    let turns = (plan.time.as_millis() / TURN.as_millis()).max(1);
    for turn in 0..turns {
        // Neither is always the first.
        for stalls in [turn % 2 == 0, turn % 2 != 0] {
            if stalls {
                let link = crowd.come_and_stall((plan.subscriber)(plan.subscribers))?;
                measure(&mut crowd, &mut with)?;
                crowd.go(link)?;
            } else {
                measure(&mut crowd, &mut without)?;
            }
        }
    }
    Ok(Compared { without, with, faults: crowd.faults() })
}

fn measure(crowd: &mut Listeners, latencies: &mut Histogram<u64>) -> Result<()> {
    let until = Instant::now() + TURN;
    while Instant::now() < until {
        let sent = Instant::now();
        crowd.tell(1, |deliveries| {
            let took = u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX);
            latencies.saturating_record_n(took, deliveries);
        })?;
    }
    Ok(())
}
