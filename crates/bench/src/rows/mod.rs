//! The rows of the table: what is measured, on which servers, and what is asked of us.

mod access;
mod life;
mod measured;
mod presence;
mod pubsub;

use std::time::Duration;

use anyhow::Result;

pub(crate) use measured::{Measured, Metric};

use crate::servers::{Kind, Place};

/// What all rows share.
pub(crate) struct Bench {
    pub(crate) place: Place,
    /// For each measurement that runs for a time.
    pub(crate) time: Duration,
    /// Smaller numbers where a row has large ones.
    pub(crate) quick: bool,
}

impl Bench {
    /// A number of a row, or the smaller one.
    fn pick(&self, whole: usize, quick: usize) -> usize {
        if self.quick { quick } else { whole }
    }
}

/// How a row is measured on one server.
type Measure = Box<dyn Fn(&Bench, Kind) -> Result<Measured>>;

/// A row: one measurement on several servers in turn.
pub(crate) struct Row {
    /// For `--only`.
    pub(crate) id: String,
    pub(crate) what: String,
    /// In the order in which they are measured.
    pub(crate) servers: Vec<Kind>,
    /// Too long to be repeated.
    pub(crate) once: bool,
    pub(crate) measure: Measure,
    /// What is asked of us; none when the row is there to see how a cost grows.
    pub(crate) goals: Vec<Goal>,
    /// What is shown of it beside the goals.
    pub(crate) shown: &'static [Metric],
}

/// What is asked of us in one figure of a row.
#[derive(Clone)]
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) metric: Metric,
    /// Those who do the same; the best of them is the one to beat.
    pub(crate) rivals: Vec<Kind>,
    /// A row and a server that bound what can be had, and what part of it is asked.
    pub(crate) limit: Option<(&'static str, Kind, f64)>,
    /// Rivals that must be behind us, too.
    pub(crate) ahead_of: &'static [Kind],
    pub(crate) floor: Option<f64>,
    pub(crate) goal: Option<f64>,
}

impl Goal {
    fn new(what: &str, metric: Metric) -> Self {
        let what = what.to_owned();
        Self { what, metric, rivals: Vec::new(), limit: None, ahead_of: &[], floor: None, goal: None }
    }

    fn floor(self, floor: f64) -> Self {
        Self { floor: Some(floor), ..self }
    }

    fn goal(self, goal: f64) -> Self {
        Self { goal: Some(goal), ..self }
    }

    fn rivals(self, rivals: &[Kind]) -> Self {
        Self { rivals: rivals.to_vec(), ..self }
    }

    fn ahead_of(self, ahead_of: &'static [Kind]) -> Self {
        Self { ahead_of, ..self }
    }

    fn of_limit(self, row: &'static str, limit: Kind, part: f64) -> Self {
        Self { limit: Some((row, limit, part)), ..self }
    }
}

impl Row {
    pub(crate) fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        servers: &[Kind],
        shown: &'static [Metric],
        measure: impl Fn(&Bench, Kind) -> Result<Measured> + 'static,
    ) -> Self {
        let (id, what, servers, measure) = (id.into(), what.into(), servers.to_vec(), Box::new(measure));
        Self { id, what, servers, once: false, measure, goals: Vec::new(), shown }
    }

    fn once(self) -> Self {
        Self { once: true, ..self }
    }

    fn asks(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }
}

/// All rows, in the order of the page.
pub(crate) fn all(quick: bool) -> Vec<Row> {
    let grown = [pubsub::growth(quick), presence::growth(quick)];
    [pubsub::rows(), presence::rows(), access::rows(), life::rows(quick)].into_iter().chain(grown).flatten().collect()
}
