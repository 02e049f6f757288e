//! How long anybody waits while the server is busy with something else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::outcome::{Outcome, Watch, record};
use super::swarm::Swarm;
use crate::process::Process;
use crate::report::histogram;
use crate::talk::{Heard, Talk};

/// The time between two questions.
const EVERY: Duration = Duration::from_millis(1);

/// Asks every millisecond until `done` says that it is over; the highest latency is the longest wait. A question that falls
/// due while one is on its way waits for it, and its wait counts from when it was due.
pub(crate) fn longest_wait(
    server: Process,
    address: SocketAddr,
    talk: Box<dyn Talk>,
    mut done: impl FnMut(Duration) -> bool,
) -> Result<Outcome> {
    let mut swarm = Swarm::new()?;
    let mut heard = Vec::new();
    let link = swarm.open(address, [talk])?;
    let watch = Watch::start(server)?;
    let (begun, mut beats, mut latencies) = (Instant::now(), 0, histogram()?);
    while !done(watch.elapsed()) {
        let beat = begun + EVERY * beats;
        std::thread::sleep(beat.saturating_duration_since(Instant::now()));
        swarm.ask(link, u64::from(beats))?;
        heard.clear();
        while !heard.iter().any(|(_, thing)| *thing == Heard::Answered) {
            swarm.turn(Some(Duration::from_secs(1)), &mut heard)?;
        }
        record(&mut latencies, beat);
        beats += 1;
    }
    watch.stop(u64::from(beats), latencies)
}
