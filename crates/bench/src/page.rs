//! The tables, as Markdown.

use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::results::Results;
use crate::rows::{Bench, Goal, Metric, Row};
use crate::servers::Kind;

/// A run, to be written down.
pub(crate) struct Page<'p> {
    pub(crate) rows: &'p [Row],
    pub(crate) results: &'p Results,
    pub(crate) bench: &'p Bench,
    pub(crate) rounds: usize,
    /// `/proc/loadavg`, before the run.
    pub(crate) load: &'p str,
    pub(crate) open_files: u64,
    pub(crate) took: Duration,
}

/// What became of a goal.
struct Verdict {
    cells: [String; 9],
    behind: bool,
}

impl Page<'_> {
    pub(crate) fn text(&self) -> Result<String> {
        let mut out = String::new();
        self.conditions(&mut out)?;
        self.goals(&mut out)?;
        self.details(&mut out)?;
        self.settings(&mut out)?;
        Ok(out)
    }

    fn conditions(&self, out: &mut String) -> Result<()> {
        let (rounds, seconds, took) = (self.rounds, self.bench.time.as_secs(), self.took.as_secs());
        let load: Vec<_> = self.load.split(' ').take(3).collect();
        let cores = match self.bench.place.cores {
            Some(cores) => format!("servers on core {}, the generator on core {}", cores.server, cores.generator),
            None => "one core for all".to_owned(),
        };
        writeln!(
            out,
            "{}, {}, {cores}; loopback; {} open files a process. {rounds} rounds of {seconds} s, medians; rows marked ¹ ran \
             once. {took} s in all. Load average before the run: {}. {}",
            first_line(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
            machine(),
            self.open_files,
            load.join(" "),
            if self.bench.quick { "`--quick`: smaller numbers, so not for comparison with other runs." } else { "" },
        )?;
        Ok(())
    }

    fn goals(&self, out: &mut String) -> Result<()> {
        out.push_str(
            "\n### Goals\n\nRatios say how many times better we are than the other; below 1, it is better than us.\n\n",
        );
        out.push_str("| row | us | best peer | limit | us : peer | us : limit | floor | goal | verdict |\n");
        out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
        let mut behind = Vec::new();
        for row in self.rows {
            for goal in &row.goals {
                let Some(verdict) = self.verdict(row, goal) else { continue };
                writeln!(out, "| {} |", verdict.cells.join(" | "))?;
                if verdict.behind {
                    behind.push(goal.what.as_str());
                }
            }
        }
        match behind.is_empty() {
            true => out.push_str("\nNo row is behind.\n"),
            false => writeln!(out, "\nBehind: {}.", behind.join("; "))?,
        }
        Ok(())
    }

    fn verdict(&self, row: &Row, goal: &Goal) -> Option<Verdict> {
        let figure = |id: &str, kind| self.results.figure(id, kind, goal.metric);
        let unit = goal.metric.unit();
        let what = format!("{}{}, {unit}", goal.what, if row.once { "¹" } else { "" });
        if self.results.failed(&row.id, Kind::Ours) {
            let mut cells: [String; 9] = Default::default();
            (cells[0], cells[8]) = (what, "**not measured**".to_owned());
            return Some(Verdict { cells, behind: true });
        }
        let ours = figure(&row.id, Kind::Ours)?;
        let times = |other: f64| if goal.metric.more() { ours / other } else { other / ours };
        let reaches = |bound: f64| times(bound) >= 1.0;
        let rivals = goal.rivals.iter().filter_map(|&kind| Some((kind, figure(&row.id, kind)?)));
        let best = rivals.min_by(|(_, left), (_, right)| times(*left).total_cmp(&times(*right)));
        let limit = goal.limit.and_then(|(id, kind, part)| Some((id, kind, part, figure(id, kind)?)));

        let mut missed = Vec::new();
        if goal.goal.is_some_and(|bound| !reaches(bound)) {
            missed.push("goal".to_owned());
        }
        if let Some((_, _, part, figure)) = limit.filter(|(_, _, part, figure)| times(*figure) < *part) {
            missed.push(format!("{:.2} of the limit, not {part:.2}", times(figure)));
        }
        let better = |kind: &&Kind| figure(&row.id, **kind).is_some_and(|figure| times(figure) < 1.0);
        missed.extend(goal.ahead_of.iter().filter(better).map(|kind| format!("{} is better", kind.name())));
        let unknown = |kind: &&Kind| self.results.failed(&row.id, **kind);
        missed.extend(goal.ahead_of.iter().filter(unknown).map(|kind| format!("{} not measured", kind.name())));
        let below = goal.floor.is_some_and(|bound| !reaches(bound));
        let verdict = match (missed.is_empty() && !below, below) {
            (true, _) => "met".to_owned(),
            (false, true) => "**behind**: floor".to_owned(),
            (false, false) => format!("**behind**: {}", missed.join(", ")),
        };
        let bound = |bound: Option<f64>| bound.map(number).unwrap_or_default();
        let named = |name: String, figure: f64| format!("{name} {}", number(figure));
        let ratio = |figure: f64| format!("{:.2}", times(figure));
        let place = |id: &str, kind: Kind| {
            if id == row.id { kind.name().to_owned() } else { format!("{}, {id}:", kind.name()) }
        };
        Some(Verdict {
            cells: [
                what,
                number(ours),
                best.map(|(kind, figure)| named(kind.name().to_owned(), figure)).unwrap_or_default(),
                limit.map(|(id, kind, _, figure)| named(place(id, kind), figure)).unwrap_or_default(),
                best.map(|(_, figure)| ratio(figure)).unwrap_or_default(),
                limit.map(|(_, _, _, figure)| ratio(figure)).unwrap_or_default(),
                bound(goal.floor),
                bound(goal.goal),
                verdict.clone(),
            ],
            behind: verdict != "met",
        })
    }

    fn details(&self, out: &mut String) -> Result<()> {
        out.push_str("\n### All figures\n\nLost, repeated and disordered messages of all rounds stand in the last column: 0 is none of them.\n");
        for row in self.rows {
            let once = if row.once { "¹" } else { "" };
            writeln!(out, "\n`{}`{once}: {}\n", row.id, row.what)?;
            let units: Vec<_> = row.shown.iter().map(|metric| metric.unit()).collect();
            writeln!(out, "| server | {} | faults |", units.join(" | "))?;
            writeln!(out, "| --- |{} ---: |", " ---: |".repeat(units.len()))?;
            for &kind in &row.servers {
                let Some(measured) = self.results.medians.get(&(row.id.clone(), kind)) else { continue };
                let cell =
                    |metric: &Metric| measured.figures.get(metric).map(|figure| number(*figure)).unwrap_or_default();
                let cells: Vec<_> = row.shown.iter().map(cell).collect();
                writeln!(out, "| {} | {} | {} |", kind.name(), cells.join(" | "), faults(measured.faults))?;
            }
            for &kind in &row.servers {
                for why in self.results.failures.get(&(row.id.clone(), kind)).into_iter().flatten() {
                    writeln!(out, "\n{} could not be measured: {why}.", kind.name())?;
                }
            }
        }
        Ok(())
    }

    fn settings(&self, out: &mut String) -> Result<()> {
        out.push_str("\n### Settings\n\nThe files are in `peers/`.\n\n| server | version | started with |\n| --- | --- | --- |\n");
        for kind in Kind::ALL {
            if !self.results.medians.keys().any(|(_, measured)| *measured == kind) {
                continue;
            }
            let place = &self.bench.place;
            writeln!(out, "| {} | {} | `{}` |", kind.name(), place.version(kind)?, place.shown(kind)?)?;
        }
        Ok(())
    }
}

fn faults(faults: crate::load::Faults) -> String {
    let (lost, repeated, disordered) = (faults.lost, faults.repeated, faults.disordered);
    if lost + repeated + disordered == 0 { "0".to_owned() } else { format!("{lost} / {repeated} / {disordered}") }
}

/// When, on what, and beside what else.
pub(crate) fn conditions() -> Result<String> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load: Vec<_> = load.split(' ').take(3).collect();
    let date = first_line(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]));
    Ok(format!("{date}, {}; loopback. Load average before the run: {}.", machine(), load.join(" ")))
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> = cpus.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": ")).collect();
    let model = models.first().map_or("unknown processor", |(_, model)| model);
    format!("{} × {model}, Linux {}", models.len(), first_line(Command::new("uname").arg("-r")))
}

/// The first line that a program prints on either stream.
pub(crate) fn first_line(command: &mut Command) -> String {
    let Ok(output) = command.output() else { return "unknown".to_owned() };
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim().to_owned()
}

/// A figure with the digits that mean something.
pub(crate) fn number(figure: f64) -> String {
    match figure.abs() {
        size if !size.is_finite() => "–".to_owned(),
        size if size >= 100.0 => {
            let digits = format!("{figure:.0}");
            let mut out = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index) % 3 == 0 {
                    out.push(',');
                }
                out.push(digit);
            }
            out
        }
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_figure_has_the_digits_that_mean_something() {
        let check = |figure, text| assert_eq!(number(figure), text);
        check(0.123, "0.12");
        check(12.34, "12.3");
        check(123.4, "123");
        check(1234.0, "1,234");
        check(1_234_567.0, "1,234,567");
    }
}
