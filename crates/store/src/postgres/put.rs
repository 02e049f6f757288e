//! How users, channels and memberships are put into rows.

use deadpool_postgres::Object;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;
use wire::RecordId;
use wire::context::{Content, Custom, Membership, Record, Scalar, TextField};

use crate::StoreError;
use crate::context::rows::{field_key, id_key};
use crate::context::sql::column;

pub(super) async fn put_record(db: &Object) -> Result<Statement, StoreError> {
    let texts =
        TextField::ALL.into_iter().flat_map(|field| [column(field).to_owned(), format!("{}_key", column(field))]);
    let custom = ["custom", "custom_names", "custom_keys", "custom_texts", "updated", "etag"];
    let text = upsert("records", &["space", "id_key"], &["id"], texts.chain(custom.map(str::to_owned)));
    Ok(db.prepare_cached(&text).await?)
}

pub(super) async fn put_membership(db: &Object) -> Result<Statement, StoreError> {
    let texts = TextField::OF_MEMBERSHIP.iter();
    let texts = texts.flat_map(|field| [column(*field).to_owned(), format!("{}_key", column(*field))]);
    let custom = ["custom", "custom_names", "custom_keys", "custom_texts", "updated", "etag"];
    let keys = ["space", "user_key", "channel_key"];
    let text = upsert("memberships", &keys, &["user_id", "channel_id"], texts.chain(custom.map(str::to_owned)));
    Ok(db.prepare_cached(&text).await?)
}

fn upsert(table: &str, keys: &[&str], ids: &[&str], values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    let names: Vec<&str> = keys.iter().chain(ids).copied().chain(values.iter().map(String::as_str)).collect();
    let places: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let updates: Vec<String> = values.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    format!(
        "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        names.join(", "),
        places.join(", "),
        keys.join(", "),
        updates.join(", ")
    )
}

/// The values of a statement.
pub(super) type Values = Vec<Box<dyn ToSql + Sync + Send>>;

pub(super) fn record_values(space: i64, record: &Record) -> Values {
    let mut values: Values =
        vec![Box::new(space), Box::new(id_key(&record.id)), Box::new(record.id.as_str().to_owned())];
    push_content(&mut values, &record.content, &TextField::ALL);
    values.push(Box::new(record.updated.micros()));
    values.push(Box::new(record.etag.as_str().to_owned()));
    values
}

pub(super) fn membership_values(space: i64, membership: &Membership) -> Values {
    let Membership { user, channel, content, updated, etag } = membership;
    let text = |id: &RecordId| Box::new(id.as_str().to_owned());
    let mut values: Values =
        vec![Box::new(space), Box::new(id_key(user)), Box::new(id_key(channel)), text(user), text(channel)];
    push_content(&mut values, content, TextField::OF_MEMBERSHIP);
    values.push(Box::new(updated.micros()));
    values.push(Box::new(etag.as_str().to_owned()));
    values
}

/// Adds texts and `custom` with its arrays.
fn push_content(values: &mut Values, content: &Content, fields: &[TextField]) {
    for field in fields {
        values.push(Box::new(content.text(*field).map(str::to_owned)));
        values.push(Box::new(field_key(content, *field)));
    }
    values.push(Box::new(content.custom.as_ref().map(|custom| custom.as_str().to_owned())));
    let entries = content.custom.as_ref().map(Custom::entries).unwrap_or_default();
    let (mut names, mut keys, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in entries {
        let Some(key) = engine::context::order::custom_key(&value) else { continue };
        texts.push(match value {
            Scalar::Text(text) => Some(text),
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => None,
        });
        keys.push(key);
        names.push(name);
    }
    values.push(Box::new(names));
    values.push(Box::new(keys));
    values.push(Box::new(texts));
}
