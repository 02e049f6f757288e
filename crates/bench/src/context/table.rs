//! Rows as a table of Markdown, and which of them stay behind.

use super::load::{Measured, Plan};
use super::operation::{Depth, Limit, Listing, Operation};

/// Reads over HTTP should be no less than this part of what the store gives.
const OF_THE_STORE: f64 = 0.5;

/// A row of everybody who was asked.
pub(super) struct Line {
    pub(super) operation: Operation,
    pub(super) http: Measured,
    pub(super) store: Measured,
    pub(super) postgres: Option<Measured>,
    pub(super) pocketbase: Option<Measured>,
}

/// Rows in the order in which they were measured.
pub(super) struct Table {
    plan: Plan,
    database: String,
    lines: Vec<Line>,
}

const HEAD: [&str; 14] = [
    "row",
    "per second",
    "CPU µs",
    "p50",
    "p99",
    "generator",
    "store itself",
    "of it",
    "of it, by CPU",
    "PostgreSQL",
    "PocketBase",
    "floor",
    "goal",
    "stands",
];

impl Table {
    pub(super) fn new(plan: Plan, database: &str) -> Self {
        Self { plan, database: database.to_owned(), lines: Vec::new() }
    }

    pub(super) fn add(&mut self, line: Line) {
        eprintln!("{}", self.cells(&line).join("  "));
        self.lines.push(line);
    }

    pub(super) fn text(&self) -> String {
        let mut lines = vec![
            format!("\n### {} users, {}\n", grouped(self.plan.users as f64), self.database),
            format!("| {} |", HEAD.join(" | ")),
            format!("| --- |{}", " ---: |".repeat(HEAD.len() - 1)),
        ];
        lines.extend(self.lines.iter().map(|line| format!("| {} |", self.cells(line).join(" | "))));
        lines.push(String::new());
        if let Some((rate, cpu)) = self.depth() {
            lines.push(format!(
                "The far page of `sort=name` has {rate:.2} times the rate of page 1, at {cpu:.2} times its CPU time."
            ));
        }
        let behind: Vec<_> = self.lines.iter().filter_map(|line| self.behind(line)).collect();
        lines.push(match behind.as_slice() {
            [] => "No row stays behind.".to_owned(),
            rows => format!("Behind: {}.", rows.join("; ")),
        });
        lines.join("\n") + "\n"
    }

    fn cells(&self, line: &Line) -> [String; 14] {
        let Line { operation, http, store, postgres, pocketbase } = line;
        let (floor, goal) = match operation.limit() {
            Some(Limit::Rate { floor, goal }) => (grouped(floor.into()), grouped(goal.into())),
            Some(Limit::Milliseconds { floor, goal }) => (format!("{floor} ms"), format!("{goal} ms")),
            None => Default::default(),
        };
        [
            operation.name(self.plan.users),
            grouped(http.rate()),
            http.cpu_micros().map(micros).unwrap_or_default(),
            waiting(http.latency_micros(0.5)),
            waiting(http.latency_micros(0.99)),
            format!("{:.0} %", http.generator_share() * 100.0),
            peer(Some(store)),
            format!("{:.2}", http.rate() / store.rate()),
            by_cpu(http, store).map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            peer(postgres.as_ref()),
            peer(pocketbase.as_ref()),
            floor,
            goal,
            stands(line).to_owned(),
        ]
    }

    /// What of a row stays behind, if anything does.
    fn behind(&self, line: &Line) -> Option<String> {
        let name = line.operation.name(self.plan.users);
        let ratio = line.http.rate() / line.store.rate();
        let mut wrong = Vec::new();
        if stands(line) == BEHIND {
            wrong.push("behind its floor".to_owned());
        }
        if !line.operation.is_write() && ratio < OF_THE_STORE {
            wrong.push(format!("{ratio:.2} of the store"));
        }
        for (peer, measured) in [("PostgreSQL", &line.postgres), ("PocketBase", &line.pocketbase)] {
            let times = measured.as_ref().map(|peer| line.http.rate() / peer.rate());
            // Differences under a fifth are ties.
            if let Some(times) = times.filter(|times| *times < 0.8) {
                wrong.push(format!("{times:.2} of {peer}"));
            }
        }
        (!wrong.is_empty()).then(|| format!("{name} ({})", wrong.join(", ")))
    }

    /// What the far page costs beside the first: its rate, and its CPU time.
    fn depth(&self) -> Option<(f64, f64)> {
        let page = |depth| self.lines.iter().find(|line| line.operation == Operation::List(Listing::ByName, depth));
        let (first, far) = (page(Depth::First)?, page(Depth::Far)?);
        Some((far.http.rate() / first.http.rate(), far.http.cpu_micros()? / first.http.cpu_micros()?))
    }
}

const BEHIND: &str = "**behind**";

fn stands(line: &Line) -> &'static str {
    let (at_floor, at_goal) = match line.operation.limit() {
        Some(Limit::Rate { floor, goal }) => {
            (line.http.rate() >= f64::from(floor), line.http.rate() >= f64::from(goal))
        }
        Some(Limit::Milliseconds { floor, goal }) => {
            let milliseconds = line.http.latency_micros(0.5) / 1000.0;
            (milliseconds <= f64::from(floor), milliseconds <= f64::from(goal))
        }
        None => return "",
    };
    match (at_floor, at_goal) {
        (_, true) => "goal",
        (true, false) => "floor",
        (false, false) => BEHIND,
    }
}

fn by_cpu(http: &Measured, store: &Measured) -> Option<f64> {
    Some(store.cpu_micros()? / http.cpu_micros()?)
}

/// A rate with its CPU time and its p99.
fn peer(measured: Option<&Measured>) -> String {
    let Some(measured) = measured else { return "–".to_owned() };
    let cpu = measured.cpu_micros().map(|cpu| format!("{} µs, ", micros(cpu))).unwrap_or_default();
    format!("{} ({cpu}p99 {})", grouped(measured.rate()), waiting(measured.latency_micros(0.99)))
}

fn micros(micros: f64) -> String {
    if micros < 100.0 { format!("{micros:.1}") } else { grouped(micros) }
}

fn waiting(micros: f64) -> String {
    if micros < 1000.0 { format!("{micros:.0} µs") } else { format!("{} ms", self::micros(micros / 1000.0)) }
}

/// A whole number with its thousands apart.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
