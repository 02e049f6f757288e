//! What `hereabouts users` and `hereabouts channels` have in common.

use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use hereabouts::Client;
use hereabouts::calls::context::{Get, GetAll, NewRecord, OnRecord, Remove, Set, Written, WrittenRecord};
use serde_json::{Map, Value, json};

use super::list::{ListOptions, show_record};
use super::noun::{Noun, Object};
use crate::exit::misuse;
use crate::output::{Output, Table};
use crate::places::object;

/// A part of a record that is shown only when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    Custom,
    Status,
    Type,
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    options: ListOptions,
    /// What to show beside the fields that are always shown.
    #[arg(long, value_name = "PART", value_delimiter = ',', default_values_t = [Part::Custom, Part::Status, Part::Type])]
    include: Vec<Part>,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Custom => "custom",
            Self::Status => "status",
            Self::Type => "type",
        })
    }
}

#[derive(Args)]
pub(crate) struct ById {
    /// Which one.
    pub(crate) id: String,
}

#[derive(Args)]
pub(crate) struct Common {
    /// The name to show.
    #[arg(long)]
    name: Option<String>,
    /// A type of the application's own.
    #[arg(long = "type", value_name = "TYPE")]
    type_: Option<String>,
    /// A status of the application's own.
    #[arg(long)]
    status: Option<String>,
    /// Data of the application's own, a flat object, in place of what is there.
    #[arg(long, value_name = "JSON", value_parser = object, conflicts_with = "merge_custom")]
    custom: Option<Map<String, Value>>,
    /// Changes to that data: a key with null is taken away, a key that is not named stays. The server must be Hereabouts.
    #[arg(long, value_name = "JSON", value_parser = object)]
    merge_custom: Option<Map<String, Value>>,
    /// A field to clear, by its name on the wire, as externalId; may be given several times.
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Only if the record has this eTag.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

#[derive(Args)]
pub(crate) struct Removal {
    /// Which one.
    id: String,
    /// Only if the record has this eTag.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

#[derive(Args)]
pub(crate) struct Bulk {
    /// A file of records, a JSON object a line, each with its id and the fields to set. [default: standard input]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// How many records one request writes.
const BULK: usize = 1000;

pub(crate) async fn list<K: Noun>(client: &Client, list: List, output: &mut Output) -> Result<()> {
    let List { options, include } = list;
    let shows = |part| include.contains(&part);
    let call = || {
        let call = client.call(GetAll::<K>::default());
        call.include_custom(shows(Part::Custom)).include_status(shows(Part::Status)).include_type(shows(Part::Type))
    };
    options.show(call, output).await
}

pub(crate) async fn get<K: Noun>(client: &Client, which: ById, output: &mut Output) -> Result<()> {
    let mut get = Get::<K>::default();
    *get.id_mut() = Some(which.id);
    let record = client.call(get).include_custom(true).include_status(true).include_type(true).await?;
    Ok(show_record(&record.data, output)?)
}

/// Sets fields of a record; `texts` are those that only its kind has.
pub(crate) async fn set<K: Noun, const N: usize>(
    client: &Client,
    id: String,
    texts: [(&str, Option<String>); N],
    common: Common,
    output: &mut Output,
) -> Result<()> {
    let Common { name, type_, status, custom, merge_custom, clear, if_match } = common;
    let mut set = Set::<K>::default();
    *set.id_mut() = Some(id);
    let mut call = client.call(set).include_custom(true).include_status(true).include_type(true);
    for field in clear {
        call = match field.as_str() {
            "custom" => call.custom(Value::Null),
            field if K::TEXTS.contains(&field) => K::set(call, field, None),
            field => {
                let fields = K::TEXTS.join(", ");
                return Err(misuse(format!("a {} has no field {field} to clear; it has {fields}, custom", K::WORD)));
            }
        };
    }
    for (field, text) in texts.into_iter().chain([("name", name), ("type", type_), ("status", status)]) {
        if text.is_some() {
            call = K::set(call, field, text);
        }
    }
    if let Some(custom) = custom {
        call = call.custom(custom);
    }
    if let Some(changes) = merge_custom {
        call = call.merge_custom(changes);
    }
    if let Some(etag) = if_match {
        call = call.if_matches_etag(etag);
    }
    let record = call.await?;
    Ok(show_record(&record.data, output)?)
}

pub(crate) async fn remove<K: Noun>(client: &Client, removal: Removal, output: &mut Output) -> Result<()> {
    let Removal { id, if_match } = removal;
    let mut remove = Remove::<K>::default();
    *remove.id_mut() = Some(id.clone());
    let call = client.call(remove);
    match if_match {
        Some(etag) => call.if_matches_etag(etag).await?,
        None => call.await?,
    };
    Ok(output.answer(&json!({"removed": id}), |people| people.line(&format!("removed {id}")))?)
}

/// Writes records from lines of JSON, many in a request.
pub(crate) async fn write<K: Noun>(client: &Client, bulk: Bulk, output: &mut Output) -> Result<()> {
    let input: Box<dyn Read> = match &bulk.file {
        Some(path) => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()));
            Box::new(file.map_err(|error| misuse(format!("{error:#}")))?)
        }
        None => Box::new(io::stdin()),
    };
    let (mut records, mut refused) = (Vec::new(), 0);
    for (number, line) in BufReader::new(input).lines().enumerate() {
        let line = line.context("cannot read the records")?;
        if line.trim().is_empty() {
            continue;
        }
        let record = object(&line).and_then(|object| new_record::<K>(&object));
        records.push(record.map_err(|why| misuse(format!("line {}: {why}", number + 1)))?);
        if records.len() == BULK {
            refused += send(client, std::mem::take(&mut records), output).await?;
        }
    }
    if !records.is_empty() {
        refused += send(client, records, output).await?;
    }
    anyhow::ensure!(refused == 0, "the server refused {refused} of the records");
    Ok(())
}

/// A record to write, of what an object names.
pub(crate) fn new_record<K: Noun>(object: &Object) -> Result<NewRecord<K>, String> {
    let id = object.get("id").and_then(Value::as_str).ok_or("a record needs an id, a text")?;
    let mut record = NewRecord::<K>::new(id);
    for (field, value) in object {
        record = match (field.as_str(), value) {
            ("id" | "updated" | "eTag", _) => record,
            ("custom", value) => record.custom(value),
            (field, Value::Null) if K::TEXTS.contains(&field) => K::with(record, field, None),
            (field, Value::String(text)) if K::TEXTS.contains(&field) => K::with(record, field, Some(text.clone())),
            (field, _) if K::TEXTS.contains(&field) => return Err(format!("{field} must be a text or null")),
            (field, _) => return Err(format!("a {} has no field {field}", K::WORD)),
        };
    }
    Ok(record)
}

/// Sends a part of the records, shows what became of each, and tells how many were refused.
async fn send<K: Noun>(client: &Client, records: Vec<NewRecord<K>>, output: &mut Output) -> Result<usize> {
    let written = K::write(client).records(records).await?.data;
    let mut table = Table::new(["ID", "RESULT", "WHY"]);
    for record in &written {
        let (result, why) = became(record);
        let id = record.id.clone().unwrap_or_default();
        if output.is_json() {
            output.document(&json!({"id": id, "result": result, "why": why, "eTag": record.etag}))?;
        } else {
            table.row([id, result.to_owned(), why.unwrap_or_default()]);
        }
    }
    if !output.is_json() {
        output.table(&table.without_empty_columns())?;
    }
    Ok(written.iter().filter(|record| matches!(record.result, Written::Refused(_))).count())
}

/// What became of a record, and why it was refused.
pub(crate) fn became(record: &WrittenRecord) -> (&str, Option<String>) {
    match &record.result {
        Written::Created => ("created", None),
        Written::Changed => ("changed", None),
        Written::Unchanged => ("unchanged", None),
        Written::Refused(why) => ("refused", Some(format!("{}: {}", why.location, why.message))),
        Written::Other(name) => (name, None),
        _ => ("unknown", None),
    }
}
