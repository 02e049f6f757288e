//! What came of a run: the medians of each row on each server, and what could not be measured.
//!
//! A server that fails at a row, as one that closes its connections, loses that row and no other: its reason is written
//! beside the figures of the rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::page;
use crate::rows::{Bench, Measured, Metric, Row};
use crate::servers::Kind;

/// What came of a run, by row and server.
#[derive(Default)]
pub(crate) struct Results {
    /// The medians of the rounds that could be measured.
    pub(crate) medians: BTreeMap<(String, Kind), Measured>,
    /// Why the other rounds could not, each reason once.
    pub(crate) failures: BTreeMap<(String, Kind), BTreeSet<String>>,
}

impl Results {
    /// Measures one row on all its servers. What one of them fails at is noted, and the rest goes on.
    pub(crate) fn measure(&mut self, bench: &Bench, row: &Row, rounds: usize) {
        let rounds = if row.once { 1 } else { rounds };
        let mut measured: BTreeMap<Kind, Vec<Measured>> = BTreeMap::new();
        for round in 0..rounds {
            let mut servers = row.servers.clone();
            let count = servers.len();
            servers.rotate_left(round % count.max(1));
            for kind in servers {
                match (row.measure)(bench, kind) {
                    Ok(figures) => {
                        eprintln!("  {:14} {}", kind.name(), shown(row, &figures));
                        measured.entry(kind).or_default().push(figures);
                    }
                    Err(error) => {
                        eprintln!("  {:14} could not be measured: {error:#}", kind.name());
                        self.failures.entry((row.id.clone(), kind)).or_default().insert(format!("{error:#}"));
                    }
                }
            }
        }
        let medians = measured.iter().map(|(&kind, rounds)| ((row.id.clone(), kind), Measured::median(rounds)));
        self.medians.extend(medians);
    }

    /// The median of one figure.
    pub(crate) fn figure(&self, row: &str, kind: Kind, metric: Metric) -> Option<f64> {
        self.medians.get(&(row.to_owned(), kind))?.figures.get(&metric).copied()
    }

    /// Whether none of a server's rounds could be measured.
    pub(crate) fn failed(&self, row: &str, kind: Kind) -> bool {
        let key = (row.to_owned(), kind);
        self.failures.contains_key(&key) && !self.medians.contains_key(&key)
    }

    /// What could not be measured, as a sentence; none when everything was.
    pub(crate) fn complaint(&self) -> Option<String> {
        let failures: Vec<_> = self.failures.keys().map(|(row, kind)| format!("`{row}` on {}", kind.name())).collect();
        (!failures.is_empty())
            .then(|| format!("not measured: {}. The tables say why, and have everything else", failures.join(", ")))
    }
}

/// The figures of one measurement that its row shows.
fn shown(row: &Row, measured: &Measured) -> String {
    let cell = |metric: &Metric| {
        let figure = measured.figures.get(metric)?;
        Some(format!("{} {}", page::number(*figure), metric.unit()))
    };
    row.shown.iter().filter_map(cell).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use anyhow::bail;

    use super::*;
    use crate::servers::Place;

    fn nowhere() -> Bench {
        let path = PathBuf::new();
        let place = Place { server: path.clone(), peers: path.clone(), installed: path, cores: None };
        Bench { place, time: Duration::ZERO, quick: true }
    }

    #[test]
    fn a_server_that_fails_loses_its_row_and_leaves_the_rest() {
        let row = Row::new("fan", "one message", &[Kind::Ours, Kind::Nchan], &[Metric::P50], |_, kind| match kind {
            Kind::Nchan => bail!("the server closed it"),
            _ => Ok(Measured::default().with(Metric::P50, 3.0)),
        });
        let mut results = Results::default();
        results.measure(&nowhere(), &row, 3);
        assert_eq!(results.figure("fan", Kind::Ours, Metric::P50), Some(3.0));
        assert!(results.failed("fan", Kind::Nchan) && !results.failed("fan", Kind::Ours));
        let why: Vec<_> = results.failures.values().flatten().collect();
        assert_eq!(why, ["the server closed it"], "three rounds, one reason");
        assert!(results.complaint().unwrap().starts_with("not measured: `fan` on Nchan."));
    }
}
