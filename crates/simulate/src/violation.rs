//! A promise that was not kept.

use std::fmt;

/// The promises that are checked here, by their names in `docs/reliability.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// No phantom.
    R1,
    /// No loss.
    R2,
    /// One end a stay.
    R3,
    /// Occupancy.
    R4,
    /// Catch-up.
    R16,
    /// Timetokens increase.
    R17,
}

/// What was seen that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise it breaks.
    pub gate: Gate,
    /// What was seen.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(gate: Gate, what: String) -> Self {
        Self { gate, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.gate, self.what)
    }
}

impl std::error::Error for Violation {}
