//! Latencies.

use hdrhistogram::Histogram;

/// Latencies in nanoseconds, up to a minute.
pub(crate) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1000, 60_000_000_000, 3)?)
}
