//! Choices that can be made again: xorshift64*, from a seed that a failure prints.

/// A row of choices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// Of this run: from `HEREABOUTS_SEED`, or from the clock. `lane` makes it another for each part of a test.
    pub(crate) fn of_run(lane: usize) -> Self {
        let now = || std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
        let seed = std::env::var("HEREABOUTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
        Self { seed, state: (seed ^ (lane as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1 }
    }

    /// What repeats these choices.
    pub(crate) fn seed(&self) -> String {
        format!("HEREABOUTS_SEED={}", self.seed)
    }

    /// A number below another.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let high = (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize;
        high % bound
    }
}
