//! Figures of a run, as people read them.

use hdrhistogram::Histogram;

/// Durations in milliseconds, up to a day.
#[derive(Clone, Debug)]
pub struct Millis(Histogram<u32>);

impl Default for Millis {
    #[expect(clippy::unwrap_used, reason = "the bounds are right")]
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, 86_400_000, 3).unwrap())
    }
}

impl Millis {
    /// Adds one.
    pub fn record(&mut self, millis: u64) {
        self.0.saturating_record(millis);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What so many of a hundred do not exceed.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> u64 {
        self.0.value_at_percentile(percent)
    }

    /// The largest.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.0.max()
    }

    /// `p50 10 ms, p99 20 ms, max 30 ms`
    #[must_use]
    pub fn in_millis(&self) -> String {
        if self.is_empty() {
            return "none".to_owned();
        }
        format!("p50 {} ms, p99 {} ms, max {} ms", self.percentile(50.0), self.percentile(99.0), self.max())
    }

    /// `p50 1.0 s, p99 2.0 s, max 3.0 s`
    #[must_use]
    pub fn in_seconds(&self) -> String {
        if self.is_empty() {
            return "none".to_owned();
        }
        let seconds = |millis: u64| millis as f64 / 1000.0;
        let (half, most) = (seconds(self.percentile(50.0)), seconds(self.percentile(99.0)));
        format!("p50 {half:.1} s, p99 {most:.1} s, max {:.1} s", seconds(self.max()))
    }
}

/// How many things happen in a second, of seconds in which something does.
#[derive(Clone, Debug, Default)]
pub struct PerSecond {
    second: u64,
    now: u64,
    seconds: Millis,
}

impl PerSecond {
    /// One thing happened in a second; seconds do not go back.
    pub fn count(&mut self, second: u64) {
        if second != self.second {
            self.close();
            self.second = second;
        }
        self.now += 1;
    }

    /// The counts, the last second included.
    #[must_use]
    pub fn counts(mut self) -> Millis {
        self.close();
        self.seconds
    }

    fn close(&mut self) {
        if self.now > 0 {
            self.seconds.record(std::mem::take(&mut self.now));
        }
    }
}

/// Lines of two columns.
#[derive(Clone, Debug, Default)]
pub struct Table(Vec<(String, String)>);

impl Table {
    /// Adds a line.
    pub fn row(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Prints it.
    pub fn print(&self) {
        let width = self.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &self.0 {
            println!("  {name:width$}  {value}");
        }
    }
}

/// A number with its thousands apart: `1,234,567`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn seconds_without_anything_do_not_count() {
        let mut per_second = PerSecond::default();
        [3, 3, 3, 9].into_iter().for_each(|second| per_second.count(second));
        let counts = per_second.counts();
        assert_eq!((counts.len(), counts.max(), counts.percentile(50.0)), (2, 3, 1));
    }
}
