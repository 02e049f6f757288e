//! Lists: what they are asked for with, and how they are shown.

use std::io;

use anyhow::Result;
use clap::Args;
use hereabouts::calls::context::{ListResult, Listing, Page, SortKey};
use hereabouts::{Async, Call};
use serde_json::{Value, json};

use super::noun::Record;
use crate::output::{Output, Table};
use crate::places::cell;

/// Which part of a list is wanted, and how.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "List")]
pub(crate) struct ListOptions {
    /// Which records, as an expression: 'name LIKE "A*" && status == "active"'.
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// In which order: fields, earlier ones count more, each with :asc or :desc.
    #[arg(long, value_name = "FIELD[:DIRECTION]", value_delimiter = ',', value_parser = sort_key)]
    sort: Vec<SortKey>,
    /// How many records a page has: 1 to 100.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,
    /// The page that begins where an earlier one said `next`.
    #[arg(long, value_name = "CURSOR", conflicts_with = "before")]
    page: Option<String>,
    /// The page that ends where a later one said `prev`.
    #[arg(long, value_name = "CURSOR")]
    before: Option<String>,
    /// This page and all that follow.
    #[arg(long, conflicts_with = "before")]
    all: bool,
    /// Say how many records there are over all pages.
    #[arg(long)]
    count: bool,
}

fn sort_key(text: &str) -> Result<SortKey, String> {
    let (field, direction) = text.rsplit_once(':').unwrap_or((text, "asc"));
    match direction {
        "asc" => Ok(SortKey::asc(field)),
        "desc" => Ok(SortKey::desc(field)),
        _ => Err("a direction is asc or desc".to_owned()),
    }
}

impl ListOptions {
    /// Asks for the pages that are wanted, one after the other, and shows each.
    pub(crate) async fn show<O, R>(&self, call: impl Fn() -> Call<Async, O>, output: &mut Output) -> Result<()>
    where
        O: Listing<Output = ListResult<R>>,
        R: Record,
    {
        let mut page = self.first_page();
        loop {
            let asked = self.ask(call()).page(page.clone()).await?;
            let is_empty = asked.data.is_empty();
            let follows = page.is_some() && self.all;
            page = asked.next.clone().filter(|_| self.all && !is_empty);
            // The page after the last one is empty, and nobody's news when it was not asked for by itself.
            if !(is_empty && follows) {
                self.show_page(&asked, output)?;
            }
            if page.is_none() {
                return Ok(());
            }
        }
    }

    /// The call with these options but for the page.
    pub(crate) fn ask<O: Listing>(&self, call: Call<Async, O>) -> Call<Async, O> {
        let call = call.limit(self.limit).sort(self.sort.clone()).include_total_count(self.count);
        match &self.filter {
            Some(filter) => call.filter(filter),
            None => call,
        }
    }

    pub(crate) fn first_page(&self) -> Option<Page> {
        let next = self.page.clone().map(Page::Next);
        next.or_else(|| self.before.clone().map(Page::Previous))
    }

    pub(crate) fn show_page<R: Record>(&self, page: &ListResult<R>, output: &mut Output) -> io::Result<()> {
        let objects: Vec<_> = page.data.iter().map(Record::object).collect();
        let document = json!({
            "data": objects,
            "total_count": page.total_count,
            "next": page.next.as_ref().map(cursor),
            "prev": page.prev.as_ref().map(cursor),
        });
        output.answer(&document, |people| {
            if page.data.is_empty() {
                people.line("none")?;
            } else {
                people.table(&table(&page.data))?;
            }
            if let Some(total) = page.total_count {
                people.faint(&format!("{total} in all"))?;
            }
            match &page.next {
                Some(next) if !self.all && page.data.len() >= self.limit as usize => {
                    people.faint(&format!("the next page: --page {}", cursor(next)))
                }
                _ => Ok(()),
            }
        })
    }
}

fn cursor(page: &Page) -> &str {
    match page {
        Page::Next(cursor) | Page::Previous(cursor) => cursor,
    }
}

/// What stands in the columns of a table: the fields of a record; of a membership, those of its other end before its own.
fn table(records: &[impl Record]) -> Table {
    const HEAD: [&str; 9] =
        ["ID", "NAME", "DESCRIPTION", "EXTERNAL ID", "EMAIL", "PROFILE URL", "TYPE", "STATUS", "CUSTOM"];
    const ABOUT: [&str; 5] = ["name", "description", "externalId", "email", "profileUrl"];
    let mut table = Table::new(HEAD);
    for record in records {
        let object = record.object();
        let end = ["uuid", "channel"].into_iter().find_map(|end| object.get(end));
        let about =
            |field: &str| end.map_or_else(|| object.get(field), |end| end.get(field)).map_or_else(String::new, cell);
        let own = |field: &str| object.get(field).map_or_else(String::new, cell);
        let cells = std::iter::once(record.id().to_owned()).chain(ABOUT.map(about));
        table.row(cells.chain(["type", "status", "custom"].map(own)));
    }
    table.without_empty_columns()
}

/// One record, a line a field.
pub(crate) fn show_record(record: &impl Record, output: &mut Output) -> io::Result<()> {
    let object = record.object();
    output.answer(&Value::Object(object.clone()), |people| {
        let mut table = Table::new(["FIELD", "VALUE"]);
        for (field, value) in &object {
            match value {
                Value::Null => {}
                value => table.row([field.clone(), cell(value)]),
            }
        }
        people.table(&table)
    })
}
