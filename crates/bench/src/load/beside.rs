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
    /// How many times as long the p99 of a turn was as in the turn beside it without: the median of all pairs of turns. A
    /// moment in which the machine was elsewhere spoils its own pair and no other.
    pub(crate) times: f64,
    pub(crate) faults: Faults,
}

/// Publishes one message after the other, with and without one who takes nothing.
pub(crate) fn beside(plan: Beside<'_>) -> Result<Compared> {
    let mut crowd = Listeners::new(plan.address, plan.publisher)?;
    crowd.come(plan.subscriber, plan.subscribers, 0)?;
    let (mut without, mut with, mut times) = (histogram()?, histogram()?, Vec::new());
    let turns = (plan.time.as_millis() / TURN.as_millis()).max(1);
    for turn in 0..turns {
        let mut p99 = [0.0; 2];
        // Neither is always the first.
        for stalls in [turn % 2 == 0, turn % 2 != 0] {
            let stalled = stalls.then(|| crowd.come_and_stall((plan.subscriber)(plan.subscribers))).transpose()?;
            let latencies = measure(&mut crowd)?;
            stalled.map_or(Ok(()), |link| crowd.go(link))?;
            p99[usize::from(stalls)] = latencies.value_at_quantile(0.99) as f64;
            if stalls { with.add(&latencies)? } else { without.add(&latencies)? }
        }
        times.push(p99[1] / p99[0]);
    }
    times.sort_by(f64::total_cmp);
    Ok(Compared { without, with, times: times[times.len() / 2], faults: crowd.faults() })
}

/// How long the deliveries of one turn took.
fn measure(crowd: &mut Listeners) -> Result<Histogram<u64>> {
    let (until, mut latencies) = (Instant::now() + TURN, histogram()?);
    while Instant::now() < until {
        let sent = Instant::now();
        crowd.tell(1, |deliveries| {
            let took = u64::try_from(sent.elapsed().as_nanos()).unwrap_or(u64::MAX);
            latencies.saturating_record_n(took, deliveries);
        })?;
    }
    Ok(latencies)
}
