//! `docs/compatibility.md`: what each SDK does with our server. It changes only when a result does, and no result is a
//! failure: while one is, the page stays as it is.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::results::{Gaps, Outcome, Row};

const HEAD: &str = "\
# Compatibility

Programs written with the SDKs of another vendor, run unchanged against this server; only their origin is ours. Each example
checks what it gets field by field; its source is below `compat/`. This page is written by `cargo xtask compat`, and
`cargo xtask test` fails when it is not what the run found.
";

pub(super) fn text(rows: &[Row], gaps: &Gaps) -> String {
    let mut page = HEAD.to_owned();
    summary(&mut page, rows);
    known_gaps(&mut page, gaps);
    for sdk in sdks(rows) {
        examples(&mut page, sdk, rows);
    }
    page
}

fn summary(page: &mut String, rows: &[Row]) {
    page.push_str("\n| SDK | version | ok | known gaps |\n| --- | --- | --: | --: |\n");
    for sdk in sdks(rows) {
        for version in versions(rows, sdk) {
            let of = |outcome| {
                rows.iter().filter(|row| row.sdk == sdk && row.version == version && row.result == outcome).count()
            };
            line(page, format_args!("| {sdk} | {version} | {} | {} |", of(Outcome::Ok), of(Outcome::KnownGap)));
        }
    }
}

fn known_gaps(page: &mut String, gaps: &Gaps) {
    page.push_str("\n## Known gaps\n\n");
    if gaps.gap.is_empty() {
        page.push_str("None.\n");
        return;
    }
    page.push_str("| SDK | version | example | reason |\n| --- | --- | --- | --- |\n");
    for gap in &gaps.gap {
        let (versions, example, reason) = (gap.versions.join(", "), cell(&gap.example), cell(&gap.reason));
        line(page, format_args!("| {} | {versions} | {example} | {reason} |", gap.sdk));
    }
}

/// One row an example, one column a version. `–` stands where a version has no such call.
fn examples(page: &mut String, sdk: &str, rows: &[Row]) {
    let versions = versions(rows, sdk);
    line(page, format_args!("\n## {sdk}\n"));
    line(page, format_args!("| example | {} |", versions.join(" | ")));
    line(page, format_args!("| --- |{}", " --- |".repeat(versions.len())));
    for example in example_names(rows, sdk, &versions) {
        let result = |version: &&str| {
            let row = rows.iter().find(|row| row.sdk == sdk && row.version == *version && row.example == example);
            row.map_or_else(|| "–".to_owned(), |row| row.result.to_string())
        };
        let results: Vec<_> = versions.iter().map(result).collect();
        line(page, format_args!("| {} | {} |", cell(example), results.join(" | ")));
    }
}

fn sdks(rows: &[Row]) -> BTreeSet<&str> {
    rows.iter().map(|row| row.sdk.as_str()).collect()
}

/// Newest first. A version may say more than numbers: `11.0.2, event engine on`.
fn versions<'r>(rows: &'r [Row], sdk: &str) -> Vec<&'r str> {
    let versions: BTreeSet<_> = rows.iter().filter(|row| row.sdk == sdk).map(|row| row.version.as_str()).collect();
    let mut versions: Vec<_> = versions.into_iter().collect();
    versions.sort_by_key(|version| std::cmp::Reverse(numbers(version)));
    versions
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// In the order in which the newest version runs them, then those that only older ones have.
fn example_names<'r>(rows: &'r [Row], sdk: &str, versions: &[&str]) -> Vec<&'r str> {
    let mut names = Vec::new();
    for version in versions {
        for row in rows.iter().filter(|row| row.sdk == sdk && row.version == *version) {
            if !names.contains(&row.example.as_str()) {
                names.push(&row.example);
            }
        }
    }
    names
}

/// Text as it may stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("a String takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(version: &str, example: &str, result: &str) -> Row {
        Row::read(&format!(
            r#"{{"sdk":"python","version":"{version}","example":"{example}","result":"{result}","detail":"took 3 ms"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn the_page_shows_one_row_an_example_and_the_newest_version_first() {
        let rows = [
            row("7.1.0", "here now", "known gap"),
            row("7.1.0", "old call", "ok"),
            row("10.8.0", "a | b", "ok"),
            row("10.8.0", "here now", "ok"),
        ];
        let gaps = toml::from_str(
            "[[gap]]\nsdk = 'python'\nversions = ['7.1.0']\nexample = 'here now'\nfailure = 'x'\nreason = 'no limit'",
        );
        let page = text(&rows, &gaps.unwrap());
        let expected = "
| SDK | version | ok | known gaps |
| --- | --- | --: | --: |
| python | 10.8.0 | 2 | 0 |
| python | 7.1.0 | 1 | 1 |

## Known gaps

| SDK | version | example | reason |
| --- | --- | --- | --- |
| python | 7.1.0 | here now | no limit |

## python

| example | 10.8.0 | 7.1.0 |
| --- | --- | --- |
| a \\| b | ok | – |
| here now | ok | known gap |
| old call | – | ok |
";
        assert_eq!(page.strip_prefix(HEAD).unwrap(), expected);
    }
}
