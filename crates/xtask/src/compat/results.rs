//! What the programs said, and the list of what they are known not to do.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::repository::Repository;

/// One example that one version of one SDK ran: one line of a program's output.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) sdk: String,
    pub(super) version: String,
    pub(super) example: String,
    pub(super) result: Outcome,
    /// Why it failed, or why the gap is there; empty when all is well.
    pub(super) detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Ok,
    Failed,
    #[serde(rename = "known gap")]
    KnownGap,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::KnownGap => "known gap",
        })
    }
}

impl Row {
    pub(super) fn read(line: &str) -> Result<Self> {
        serde_json::from_str(line).with_context(|| format!("a program printed what is no result: {line}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:9}  {} {}: {}", self.result, self.sdk, self.version, self.example)?;
        // The reason of a known gap is on the list, and on the page.
        if self.result == Outcome::Failed { write!(f, "\n{}", self.detail) } else { Ok(()) }
    }
}

/// `compat/known-gaps.toml`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Gaps {
    #[serde(default)]
    pub(super) gap: Vec<Gap>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gap {
    pub(super) sdk: String,
    pub(super) versions: Vec<String>,
    pub(super) example: String,
    /// A part of the failure's text, for the programs: any other failure is no known gap.
    #[expect(dead_code, reason = "read by the programs; named here so that a misspelt key is refused")]
    failure: String,
    pub(super) reason: String,
}

impl Gaps {
    pub(super) fn read(repository: &Repository) -> Result<Self> {
        toml::from_str(&repository.read("compat/known-gaps.toml")?).context("reading compat/known-gaps.toml")
    }

    /// Every gap on the list was met, and every gap that was met is on the list.
    pub(super) fn compare(&self, rows: &[Row]) -> Result<()> {
        let one = |sdk: &str, version: &str, example: &str| format!("{sdk} {version}: {example}");
        let gaps = self.gap.iter();
        let listed: BTreeSet<_> =
            gaps.flat_map(|gap| gap.versions.iter().map(|version| one(&gap.sdk, version, &gap.example))).collect();
        let met: BTreeSet<_> = rows
            .iter()
            .filter(|row| row.result == Outcome::KnownGap)
            .map(|row| one(&row.sdk, &row.version, &row.example))
            .collect();
        let not_met: Vec<_> = listed.difference(&met).map(String::as_str).collect();
        let not_listed: Vec<_> = met.difference(&listed).map(String::as_str).collect();
        ensure!(not_met.is_empty(), "on the list, but not met by any program:\n{}", not_met.join("\n"));
        ensure!(not_listed.is_empty(), "met by a program, but not on the list:\n{}", not_listed.join("\n"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        [[gap]]
        sdk = "python"
        versions = ["7.1.0"]
        example = "here now"
        failure = "None"
        reason = "its parser drops the field"
    "#;

    fn row(version: &str, result: &str) -> Row {
        Row::read(&format!(
            r#"{{"sdk":"python","version":"{version}","example":"here now","result":"{result}","detail":""}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_gap_is_on_the_list_exactly_when_a_program_met_it() {
        let gaps: Gaps = toml::from_str(LIST).unwrap();
        let check = |rows: &[Row], expected: &str| {
            let found = gaps.compare(rows).map_or_else(|error| error.to_string(), |()| "fine".to_owned());
            assert!(found.starts_with(expected), "{found}");
        };
        check(&[row("7.1.0", "known gap"), row("10.0.0", "ok")], "fine");
        check(&[row("7.1.0", "failed")], "on the list, but not met by any program:\npython 7.1.0: here now");
        check(&[row("10.0.0", "ok")], "on the list, but not met");
        check(&[row("7.1.0", "known gap"), row("10.0.0", "known gap")], "met by a program, but not on the list");
    }
}
