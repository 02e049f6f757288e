//! Figures of one measurement.

use std::collections::BTreeMap;

use crate::load::{Faults, Outcome};

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    /// Operations for each second of the server's CPU.
    PerCore,
    /// Operations for each second that passed.
    PerSecond,
    /// Microseconds of the server's CPU for each operation.
    CpuMicros,
    /// Latencies in microseconds.
    P50,
    P99,
    /// The same without what the row is about, in microseconds.
    P99Without,
    /// How many times as long it is with it.
    TimesWithout,
    /// In milliseconds.
    Longest,
    /// Seconds of the server's CPU for the whole.
    CpuSeconds,
    /// Milliseconds until it was done.
    Milliseconds,
    /// Bytes of the server's memory for each connection or member.
    BytesEach,
    /// Bytes of memory, or of a file.
    Bytes,
    /// The part of a core that the generator took.
    Generator,
}

impl Metric {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::PerCore => "/s of server CPU",
            Self::PerSecond => "/s",
            Self::CpuMicros => "µs CPU each",
            Self::P50 => "µs p50",
            Self::P99 => "µs p99",
            Self::P99Without => "µs p99 without",
            Self::TimesWithout => "times the p99 without",
            Self::Longest => "ms longest",
            Self::CpuSeconds => "s CPU",
            Self::Milliseconds => "ms",
            Self::BytesEach => "bytes each",
            Self::Bytes => "MB",
            Self::Generator => "generator's core",
        }
    }

    /// Whether more is better.
    pub(crate) fn more(self) -> bool {
        matches!(self, Self::PerCore | Self::PerSecond)
    }
}

/// Figures of one measurement, or their medians.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) figures: BTreeMap<Metric, f64>,
    pub(crate) faults: Faults,
}

impl Measured {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let figures = [
            (Metric::PerCore, outcome.per_core()),
            (Metric::PerSecond, outcome.rate()),
            (Metric::CpuMicros, 1e6 / outcome.per_core()),
            (Metric::P50, outcome.micros(0.5)),
            (Metric::P99, outcome.micros(0.99)),
            (Metric::Longest, outcome.micros(1.0) / 1000.0),
            (Metric::CpuSeconds, outcome.cpu.as_secs_f64()),
            (Metric::Milliseconds, outcome.took.as_secs_f64() * 1000.0),
            (Metric::Generator, outcome.own_share()),
        ];
        Self { figures: figures.into(), faults: outcome.faults }
    }

    pub(crate) fn with(mut self, metric: Metric, figure: f64) -> Self {
        self.figures.insert(metric, figure);
        self
    }

    /// The medians of several rounds, and all their faults.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let mut median = Self::default();
        let metrics: Vec<Metric> = rounds.iter().flat_map(|round| round.figures.keys().copied()).collect();
        for metric in metrics {
            let mut figures: Vec<f64> = rounds.iter().filter_map(|round| round.figures.get(&metric).copied()).collect();
            figures.sort_by(f64::total_cmp);
            median.figures.insert(metric, (figures[(figures.len() - 1) / 2] + figures[figures.len() / 2]) / 2.0);
        }
        for round in rounds {
            median.faults.lost += round.faults.lost;
            median.faults.repeated += round.faults.repeated;
            median.faults.disordered += round.faults.disordered;
        }
        median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_between_the_middle_two() {
        let check = |figures: &[f64], expected| {
            let rounds: Vec<_> = figures.iter().map(|figure| Measured::default().with(Metric::P50, *figure)).collect();
            assert_eq!(Measured::median(&rounds).figures[&Metric::P50], expected, "{figures:?}");
        };
        check(&[3.0], 3.0);
        check(&[9.0, 1.0, 2.0], 2.0);
        check(&[4.0, 1.0, 2.0, 9.0], 3.0);
    }
}
