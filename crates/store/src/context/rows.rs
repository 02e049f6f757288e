//! How records lie in rows.

use engine::context::order;
use wire::RecordId;
use wire::context::{Content, Custom, ETag, Membership, Moment, Record, TextField};

use super::sql::UNSET;
use crate::StoreError;

/// A row of an answer, of either database.
pub(crate) trait Row {
    fn text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn integer(&self, column: usize) -> Result<Option<i64>, StoreError>;
}

/// The columns that [`record`] reads, each with what stands before it (`r.`).
pub(crate) fn record_columns(prefix: &str) -> String {
    columns(prefix, &["id"], &TextField::ALL)
}

/// The columns that [`membership`] reads.
pub(crate) fn membership_columns(prefix: &str) -> String {
    columns(prefix, &["user_id", "channel_id"], TextField::OF_MEMBERSHIP)
}

fn columns(prefix: &str, ids: &[&str], texts: &[TextField]) -> String {
    let texts = texts.iter().map(|field| super::sql::column(*field));
    let names = ids.iter().copied().chain(texts).chain(["custom", "updated", "etag"]);
    names.map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ")
}

/// How many columns a membership takes.
pub(crate) const MEMBERSHIP_COLUMNS: usize = 2 + TextField::OF_MEMBERSHIP.len() + 3;

/// The user or channel that begins at a column; `None` where a join found none.
pub(crate) fn record(row: &impl Row, at: usize) -> Result<Option<Record>, StoreError> {
    let Some(id) = row.text(at)? else { return Ok(None) };
    let (content, updated, etag) = content(row, at + 1, &TextField::ALL)?;
    Ok(Some(Record { id: id_of(id)?, content, updated, etag }))
}

/// The membership that begins at a column.
pub(crate) fn membership(row: &impl Row, at: usize) -> Result<Membership, StoreError> {
    let (user, channel) = (id(row, at)?, id(row, at + 1)?);
    let (content, updated, etag) = content(row, at + 2, TextField::OF_MEMBERSHIP)?;
    Ok(Membership { user, channel, content, updated, etag })
}

pub(crate) fn id(row: &impl Row, at: usize) -> Result<RecordId, StoreError> {
    id_of(row.text(at)?.ok_or_else(|| damaged("an id is missing"))?)
}

fn id_of(text: &str) -> Result<RecordId, StoreError> {
    RecordId::new(text).map_err(damaged)
}

fn content(row: &impl Row, at: usize, fields: &[TextField]) -> Result<(Content, Moment, ETag), StoreError> {
    let mut content = Content::default();
    for (n, field) in fields.iter().enumerate() {
        if let Some(text) = row.text(at + n)? {
            content.set(*field, Some(text));
        }
    }
    let at = at + fields.len();
    content.custom = row.text(at)?.map(Custom::stored);
    let updated = row.integer(at + 1)?.ok_or_else(|| damaged("`updated` is missing"))?;
    let etag = row.text(at + 2)?.ok_or_else(|| damaged("an eTag is missing"))?;
    Ok((content, Moment::from_micros(updated), ETag::new(etag)))
}

/// The key of an id.
pub(crate) fn id_key(id: &RecordId) -> Vec<u8> {
    order::text_key(id.as_str())
}

/// The key of a text field, which every row has, set or not.
pub(crate) fn field_key(content: &Content, field: TextField) -> Vec<u8> {
    content.text(field).map_or_else(|| UNSET.to_vec(), order::text_key)
}

/// What no version of this program writes.
pub(crate) fn damaged(what: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("app context: {what}"))
}
