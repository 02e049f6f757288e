//! One table.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Rows in the order they were measured.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 6]>,
}

/// What a row is about.
pub(crate) struct Row<'r> {
    pub(crate) name: &'r str,
    pub(crate) operations: u64,
    pub(crate) took: Duration,
    pub(crate) cpu: Duration,
    pub(crate) latencies: &'r Histogram<u64>,
}

impl Report {
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        let rate = row.operations as f64 / row.took.as_secs_f64();
        let a_core = row.operations as f64 / row.cpu.as_secs_f64().max(1e-9);
        let micros = row.cpu.as_secs_f64() * 1e6 / row.operations.max(1) as f64;
        let latency = |quantile| format!("{} µs", row.latencies.value_at_quantile(quantile) / 1000);
        self.push([
            row.name.to_owned(),
            format!("{rate:.0}"),
            format!("{a_core:.0}"),
            format!("{micros:.1}"),
            latency(0.5),
            latency(0.99),
        ]);
    }

    pub(crate) fn note(&mut self, name: &str, value: String) {
        self.push([name.to_owned(), value, String::new(), String::new(), String::new(), String::new()]);
    }

    fn push(&mut self, row: [String; 6]) {
        eprintln!("{}", row.join("  "));
        self.rows.push(row);
    }

    pub(crate) fn print(&self) {
        println!("| row | per second | per second of server CPU | CPU µs each | p50 | p99 |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: |");
        for row in &self.rows {
            println!("| {} |", row.join(" | "));
        }
    }
}

/// Latencies in nanoseconds, up to a minute.
pub(crate) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1000, 60_000_000_000, 3)?)
}
