//! Replies: one record, a list, a removal, and the answers to a bulk write.

use super::{Content, ETag, Fault, Include, Joined, Kind, Moment, Record, Shown, TextField};
use crate::json::push_string;
use crate::names::RecordId;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The records of the page, in order.
    pub items: Vec<T>,
    /// `totalCount`: how many pass the filter over all pages, where that was asked.
    pub total: Option<u64>,
    /// The cursor of the page after this one.
    pub next: Option<String>,
    /// The cursor of the page before this one.
    pub prev: Option<String>,
}

/// What became of one record of a bulk write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was not there and is now.
    Created(RecordId, Moment, ETag),
    /// It was there and is another now.
    Changed(RecordId, Moment, ETag),
    /// It was so already.
    Unchanged(RecordId, Moment, ETag),
    /// It was not written. The id is as it was sent, if it was a text.
    Refused(Option<String>, Fault),
}

/// The reply to a removal.
#[must_use]
pub fn removed() -> String {
    r#"{"status":200,"data":null}"#.into()
}

/// The reply that shows one user or channel.
#[must_use]
pub fn record(kind: Kind, record: &Record, shown: Shown) -> String {
    reply(1, |out| {
        out.extend_from_slice(br#""data":"#);
        write_record(out, kind, record, shown);
    })
}

/// The reply that lists users or channels.
#[must_use]
pub fn records(kind: Kind, page: &Page<Record>, include: Include) -> String {
    list(page, |out, record| write_record(out, kind, record, include.own))
}

/// The reply that lists memberships, of a user (`joined` is [`Kind::Channel`]) or of a channel ([`Kind::User`]).
#[must_use]
pub fn memberships(joined: Kind, page: &Page<Joined>, include: Include) -> String {
    list(page, |out, item| {
        let membership = &item.membership;
        out.extend_from_slice(b"{\"");
        out.extend_from_slice(joined.as_str().as_bytes());
        out.extend_from_slice(b"\":");
        match (&item.record, include.joined) {
            (Some(record), Some(shown)) => write_record(out, joined, record, shown),
            (None, _) | (_, None) => {
                out.extend_from_slice(br#"{"id":"#);
                push_string(out, membership.end(joined).as_str());
                out.push(b'}');
            }
        }
        write_content(out, TextField::OF_MEMBERSHIP, &membership.content, include.own);
        write_version(out, membership.updated, &membership.etag);
        out.push(b'}');
    })
}

/// The reply to a bulk write: the entries of the request, answered one by one in their order.
#[must_use]
pub fn bulk(answers: &[Answered]) -> String {
    reply(answers.len() / 4, |out| {
        out.extend_from_slice(br#""data":["#);
        for (index, answer) in answers.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(br#"{"id":"#);
            let (word, id, updated, etag) = match answer {
                Answered::Created(id, updated, etag) => ("created", id, updated, etag),
                Answered::Changed(id, updated, etag) => ("changed", id, updated, etag),
                Answered::Unchanged(id, updated, etag) => ("unchanged", id, updated, etag),
                Answered::Refused(id, fault) => {
                    write_text(out, id.as_deref());
                    let error = fault.detail();
                    out.extend_from_slice(format!(r#","result":"refused","error":{error}}}"#).as_bytes());
                    continue;
                }
            };
            push_string(out, id.as_str());
            out.extend_from_slice(format!(r#","result":"{word}""#).as_bytes());
            write_version(out, *updated, etag);
            out.push(b'}');
        }
        out.push(b']');
    })
}

/// How many bytes a record has as compact JSON, without `updated` and `eTag`: what the limit of a record counts.
#[must_use]
pub fn size(id: &RecordId, fields: &[TextField], content: &Content) -> usize {
    let mut out = br#"{"id":"#.to_vec();
    push_string(&mut out, id.as_str());
    write_content(&mut out, fields, content, Shown::ALL);
    out.len() + 1
}

/// Room for one record of the usual length, with what surrounds it.
const RECORD_BYTES: usize = 512;

/// A reply that shows so many records, or fewer.
fn reply(records: usize, write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(records.max(1) * RECORD_BYTES);
    out.extend_from_slice(br#"{"status":200,"#);
    write(&mut out);
    out.push(b'}');
    // Everything that is written is text.
    String::from_utf8(out).unwrap_or_default()
}

fn list<T>(page: &Page<T>, mut write: impl FnMut(&mut Vec<u8>, &T)) -> String {
    reply(page.items.len(), |out| {
        out.extend_from_slice(br#""data":["#);
        for (index, item) in page.items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write(out, item);
        }
        out.push(b']');
        if let Some(total) = page.total {
            out.extend_from_slice(format!(r#","totalCount":{total}"#).as_bytes());
        }
        for (key, cursor) in [("next", &page.next), ("prev", &page.prev)] {
            if let Some(cursor) = cursor {
                out.extend_from_slice(format!(r#","{key}":"#).as_bytes());
                push_string(out, cursor);
            }
        }
    })
}

fn write_record(out: &mut Vec<u8>, kind: Kind, record: &Record, shown: Shown) {
    out.extend_from_slice(br#"{"id":"#);
    push_string(out, record.id.as_str());
    write_content(out, kind.fields(), &record.content, shown);
    write_version(out, record.updated, &record.etag);
    out.push(b'}');
}

/// Each field with a comma before it.
fn write_content(out: &mut Vec<u8>, fields: &[TextField], content: &Content, shown: Shown) {
    for field in fields {
        let hidden = match field {
            TextField::Type => !shown.type_,
            TextField::Status => !shown.status,
            TextField::Name
            | TextField::ExternalId
            | TextField::ProfileUrl
            | TextField::Email
            | TextField::Description => false,
        };
        if !hidden {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(field.as_str().as_bytes());
            out.extend_from_slice(b"\":");
            write_text(out, content.text(*field));
        }
    }
    if shown.custom {
        out.extend_from_slice(br#","custom":"#);
        out.extend_from_slice(content.custom.as_ref().map_or("null", super::Custom::as_str).as_bytes());
    }
}

fn write_version(out: &mut Vec<u8>, updated: Moment, etag: &ETag) {
    out.extend_from_slice(format!(r#","updated":"{updated}","eTag":"#).as_bytes());
    push_string(out, etag.as_str());
}

fn write_text(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}
