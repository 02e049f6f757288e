//! The figures of a run, as a part of a page.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Figures, Latencies, Options, Seen};
use crate::report::thousands;

/// What stands around the figures in a page.
const BEGIN: &str = "<!-- figures of cargo xtask attack, written by it -->";
const END: &str = "<!-- end of the figures -->";

/// The figures as tables in Markdown.
#[must_use]
pub fn markdown(options: &Options, seen: &Seen) -> String {
    let mut text = String::new();
    let attack = format!("during, with {} connections of attackers", thousands(seen.connections as u64));
    let quiet = |when: &str| format!("{when}, {} s", options.quiet.as_secs());
    let phases = [quiet("before"), format!("{attack}, {} s", options.attack.as_secs()), quiet("after")];
    text += "| the honest client, from publish to receive | messages | p50 | p99 | longest |\n";
    text += "| --- | ---: | ---: | ---: | ---: |\n";
    for (phase, latencies) in phases.iter().zip(&seen.phases) {
        text += &row(phase, latencies);
    }
    text += "\n| the server | connections | memory counted | memory of the process |\n| --- | ---: | ---: | ---: |\n";
    for (when, Figures { connections, used, resident }) in ["before", "during", "after"].iter().zip(&seen.server) {
        let (used, resident) = (megabytes(*used), megabytes(*resident));
        let _ = writeln!(text, "| {when} | {} | {used} | {resident} |", thousands(*connections));
    }
    text += "\n| attack | times | answers |\n| --- | ---: | --- |\n";
    for (name, outcome) in &seen.attacks {
        let answers: Vec<String> = outcome.answers.iter().map(|(answer, count)| answered(*answer, *count)).collect();
        let _ = writeln!(text, "| {name} | {} | {} |", thousands(outcome.tried), answers.join(", "));
    }
    let refused: Vec<String> = seen.refused.iter().filter(|(_, count)| **count > 0).map(counted).collect();
    let _ = write!(text, "\nRefusals that the server counted, by limit: {}.\n", refused.join(", "));
    text
}

/// Puts the figures into a page, in place of those that are there.
///
/// # Errors
/// When the page cannot be read or written, or has no place for them.
pub fn write_into(page: &Path, figures: &str) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let no_place = || format!("{} has no place for the figures", page.display());
    let (before, rest) = text.split_once(BEGIN).with_context(no_place)?;
    let (_, after) = rest.split_once(END).with_context(no_place)?;
    fs::write(page, format!("{before}{BEGIN}\n\n{figures}\n{END}{after}"))?;
    Ok(())
}

fn row(phase: &str, latencies: &Latencies) -> String {
    let [half, most] = [50.0, 99.0].map(|percent| millis(latencies.percentile(percent)));
    format!("| {phase} | {} | {half} | {most} | {} |\n", thousands(latencies.count()), millis(latencies.max()))
}

fn answered(answer: u16, count: u64) -> String {
    match answer {
        0 => format!("{} × closed", thousands(count)),
        status => format!("{} × {status}", thousands(count)),
    }
}

fn counted((limit, count): (&String, &u64)) -> String {
    format!("`{limit}` {}", thousands(*count))
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
