//! What is printed: lines and tables for people, or one JSON document a line for programs.
//!
//! Text of others is made harmless here, so that no command can forget it. Colours are for terminals alone, and not where
//! `NO_COLOR` is set.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::harmless::{harmless, harmless_json};

/// The form in which a command answers.
#[derive(clap::Args, Clone, Copy, Default)]
#[command(next_help_heading = "Output")]
pub(crate) struct Format {
    /// Answer in JSON, one document a line, for programs.
    #[arg(long, global = true)]
    json: bool,
}

/// Where a command answers.
pub(crate) struct Output {
    json: bool,
    out: AutoStream<io::Stdout>,
}

/// Columns under their names.
pub(crate) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// How the head of a table looks.
const HEAD: Style = Style::new().bold();
/// How something that is less important looks.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// How something that just happened looks, by its kind.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const NEW: Style = AnsiColor::Cyan.on_default();

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self { json: format.json, out: anstream::stdout() }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether what is printed can be drawn over.
    pub(crate) fn can_redraw(&self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// Prints an answer in the form that was asked for.
    pub(crate) fn answer(
        &mut self,
        document: &Value,
        for_people: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.json { self.document(document) } else { for_people(self) }
    }

    /// A JSON document, on a line of its own.
    pub(crate) fn document(&mut self, document: &Value) -> io::Result<()> {
        writeln!(self.out, "{}", harmless_json(&document.to_string()))?;
        self.out.flush()
    }

    /// A line.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", harmless(text))?;
        self.out.flush()
    }

    /// A line about something less important.
    pub(crate) fn faint(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{FAINT}{}{FAINT:#}", harmless(text))?;
        self.out.flush()
    }

    /// A line of parts, each in its style; those without a text are left out.
    pub(crate) fn styled(&mut self, parts: &[(Style, &str)]) -> io::Result<()> {
        for (index, (style, text)) in parts.iter().filter(|(_, text)| !text.is_empty()).enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(self.out, "{space}{style}{}{style:#}", harmless(text))?;
        }
        writeln!(self.out)?;
        self.out.flush()
    }

    pub(crate) fn table(&mut self, table: &Table) -> io::Result<()> {
        let text = table.text();
        let (head, rows) = text.split_once('\n').unwrap_or((&text, ""));
        writeln!(self.out, "{HEAD}{head}{HEAD:#}")?;
        if !rows.is_empty() {
            writeln!(self.out, "{rows}")?;
        }
        self.out.flush()
    }

    /// Clears the terminal, to draw on it again.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        // To the upper left corner, and away with what is below; what scrolled away stays.
        write!(self.out, "\u{1b}[H\u{1b}[2J")
    }
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The same without the columns in which nothing stands.
    #[must_use]
    pub(crate) fn without_empty_columns(self) -> Self {
        let filled: Vec<bool> = (0..self.head.len())
            .map(|column| {
                column == 0 || self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()))
            })
            .collect();
        let kept = |row: Vec<String>| row.into_iter().zip(&filled).filter(|(_, filled)| **filled).map(|(cell, _)| cell);
        Self { head: kept(self.head).collect(), rows: self.rows.into_iter().map(|row| kept(row).collect()).collect() }
    }

    /// Columns as wide as what stands in them, two spaces apart.
    fn text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING).set_header(&self.head);
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| harmless(cell).into_owned()));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_and_keep_their_rows_whole() {
        let mut table = Table::new(["CHANNEL", "USER", "STATE"]);
        table.row(["kitchen", "ann", ""].map(str::to_owned));
        table.row(["東京", "a\nb\u{1b}[2J", ""].map(str::to_owned));
        assert_eq!(table.without_empty_columns().text(), "CHANNEL  USER\nkitchen  ann\n東京     a\\nb\\u{1b}[2J");
    }
}
