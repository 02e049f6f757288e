//! Whether the target can write many records in one request.

use std::cell::Cell;

/// What is known of it so far.
#[derive(Debug, Default)]
pub(super) struct Bulk(Cell<Known>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Nothing,
    /// It did it once. A later refusal is about that request alone.
    Works,
    /// It refused the first one: it is a server without this call.
    Absent,
}

impl Bulk {
    pub(super) fn may_be(&self) -> bool {
        self.0.get() != Known::Absent
    }

    pub(super) fn worked(&self) {
        self.0.set(Known::Works);
    }

    pub(super) fn refused(&self) {
        if self.0.get() == Known::Nothing {
            self.0.set(Known::Absent);
        }
    }
}
