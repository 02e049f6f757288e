//! What a scenario found.

use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use super::sequence::Faults;
use crate::process::Process;

/// What a scenario found.
pub(crate) struct Outcome {
    pub(crate) operations: u64,
    pub(crate) took: Duration,
    /// CPU time of the server.
    pub(crate) cpu: Duration,
    /// CPU time of the generator.
    pub(crate) own: Duration,
    /// In nanoseconds.
    pub(crate) latencies: Histogram<u64>,
    pub(crate) faults: Faults,
    /// Memory of the server's own for each connection, in bytes.
    pub(crate) memory_each: f64,
}

impl Outcome {
    /// Operations for each second of the server's CPU: it stays comparable when the generator is the slower side.
    pub(crate) fn per_core(&self) -> f64 {
        self.operations as f64 / self.cpu.as_secs_f64().max(1e-9)
    }

    /// Operations for each second that passed.
    pub(crate) fn rate(&self) -> f64 {
        self.operations as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// A latency in microseconds.
    pub(crate) fn micros(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// The part of a core that the generator took.
    pub(crate) fn own_share(&self) -> f64 {
        self.own.as_secs_f64() / self.took.as_secs_f64().max(1e-9)
    }
}

/// Clocks that run while something is measured.
pub(super) struct Watch {
    server: Process,
    begun: Instant,
    cpu: Duration,
    own: Duration,
}

impl Watch {
    pub(super) fn start(server: Process) -> Result<Self> {
        let (cpu, own) = (server.cpu()?, Process::own().cpu()?);
        Ok(Self { server, begun: Instant::now(), cpu, own })
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(super) fn stop(self, operations: u64, latencies: Histogram<u64>) -> Result<Outcome> {
        Ok(Outcome {
            operations,
            took: self.begun.elapsed(),
            cpu: self.server.cpu()?.saturating_sub(self.cpu),
            own: Process::own().cpu()?.saturating_sub(self.own),
            latencies,
            faults: Faults::default(),
            memory_each: 0.0,
        })
    }
}

/// Records how long ago something was.
pub(super) fn record(latencies: &mut Histogram<u64>, since: Instant) {
    latencies.saturating_record(u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX));
}
