//! Setting many users or channels with one request and one commit (`docs/protocol/beyond.md`).

use serde_json::Value;
use wire::RecordId;
use wire::context::{Answered, Fault, Kind};

use super::change::not_json;
use super::{Change, Condition, CustomMode, Refused, Set, Written};

/// A request with many records. One that is wrong does not keep the others from being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// What is to be set, in this order; an id may stand several times.
    pub sets: Vec<Set>,
    /// What is to be answered for each entry of the body.
    entries: Vec<Slot>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    /// What became of the next of `sets`, which stands here in the body.
    Set(usize),
    /// That it is refused.
    Refused(Option<String>, Fault),
}

impl Bulk {
    /// The most records of a request.
    pub const MAX_RECORDS: usize = 1000;

    /// Reads the body of a request: an array of objects as a `PATCH` takes them, each with its `id`.
    ///
    /// # Errors
    /// A [`Fault`] of the whole body when it is no array, or a longer one than [`Bulk::MAX_RECORDS`].
    pub fn parse(kind: Kind, body: &[u8], mode: CustomMode) -> Result<Self, Fault> {
        let records = match serde_json::from_slice(body) {
            Ok(Value::Array(records)) => records,
            Ok(_) => return Err(Fault::body("", "Must be a JSON array.")),
            Err(error) => return Err(not_json(&error)),
        };
        if records.len() > Self::MAX_RECORDS {
            return Err(Fault::body("", format!("Must have at most {} records.", Self::MAX_RECORDS)));
        }
        let mut bulk = Self { sets: Vec::new(), entries: Vec::new() };
        for (index, record) in records.iter().enumerate() {
            match set(kind, record, mode) {
                Ok(set) => {
                    bulk.sets.push(set);
                    bulk.entries.push(Slot::Set(index));
                }
                Err(fault) => {
                    let id = record.get("id").and_then(Value::as_str).map(str::to_owned);
                    bulk.entries.push(Slot::Refused(id, fault.below(&index.to_string())));
                }
            }
        }
        Ok(bulk)
    }

    /// What is answered, one for each entry of the body. `results` are what became of [`Bulk::sets`], in their order.
    #[must_use]
    pub fn answers(&self, results: &[Result<Written, Refused>]) -> Vec<Answered> {
        let mut results = self.sets.iter().zip(results);
        let answers = self.entries.iter().filter_map(|entry| match entry {
            Slot::Refused(id, fault) => Some(Answered::Refused(id.clone(), fault.clone())),
            Slot::Set(index) => results.next().map(|(set, result)| match result {
                Ok(written) => written.answered(),
                Err(refused) => {
                    let fault = match refused {
                        Refused::Invalid(fault) => fault.clone(),
                        Refused::Stale(_) => Fault::body("", refused.to_string()),
                    };
                    Answered::Refused(Some(set.id.as_str().to_owned()), fault.below(&index.to_string()))
                }
            }),
        });
        answers.collect()
    }
}

fn set(kind: Kind, record: &Value, mode: CustomMode) -> Result<Set, Fault> {
    let Value::Object(object) = record else { return Err(Fault::body("", "Must be an object.")) };
    let id = match object.get("id") {
        Some(Value::String(text)) => {
            RecordId::new(text.as_str()).map_err(|error| Fault::body("id", error.to_string()))?
        }
        Some(_) => return Err(Fault::body("id", "Must be text.")),
        None => return Err(Fault::body("id", "Must be given.")),
    };
    let change = Change::parse(kind.fields(), object, mode)?;
    Set::checked(kind, id, change, Condition::None)
}
