//! What became of numbered messages on one connection.

/// How far behind the newest message another one is still told from a repetition.
const WINDOW: u64 = 64;

/// The messages of one subscriber. Numbers begin with 1 and increase by 1.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sequence {
    newest: u64,
    /// Bit n: message `newest - n` came.
    came: u64,
    received: u64,
    repeated: u64,
    disordered: u64,
}

impl Sequence {
    pub(crate) fn receive(&mut self, number: u64) {
        if number > self.newest {
            let ahead = number - self.newest;
            self.came = if ahead < WINDOW { self.came << ahead | 1 } else { 1 };
            self.newest = number;
            self.received += 1;
            return;
        }
        let behind = self.newest - number;
        let bit = if behind < WINDOW { 1 << behind } else { 0 };
        if self.came & bit != 0 {
            self.repeated += 1;
            return;
        }
        self.came |= bit;
        self.disordered += 1;
        self.received += 1;
    }
}

/// The messages of all subscribers of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) disordered: u64,
}

impl Faults {
    /// Compares what came with what was sent to each.
    pub(crate) fn of(sequences: &[Sequence], sent: u64) -> Self {
        let mut faults = Self::default();
        for sequence in sequences {
            faults.lost += sent.saturating_sub(sequence.received);
            faults.repeated += sequence.repeated;
            faults.disordered += sequence.disordered;
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_repetition_and_disorder_are_told_apart() {
        let check = |came: &[u64], sent, lost, repeated, disordered| {
            let mut sequence = Sequence::default();
            came.iter().for_each(|number| sequence.receive(*number));
            assert_eq!(Faults::of(&[sequence], sent), Faults { lost, repeated, disordered }, "{came:?}");
        };
        check(&[1, 2, 3], 3, 0, 0, 0);
        check(&[], 2, 2, 0, 0);
        check(&[1, 3], 3, 1, 0, 0);
        check(&[1, 3, 2], 3, 0, 0, 1);
        check(&[1, 2, 2, 3], 3, 0, 1, 0);
        check(&[2, 1, 1], 2, 0, 1, 1);
        check(&[1, 200, 199, 199, 201], 201, 197, 1, 1);
    }
}
