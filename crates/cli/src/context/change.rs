//! Changes that a subscriber hears of, as documents.

use serde_json::Value;
use wire::context::{Change, Data, Event, Told};

/// A change in the shape in which the wire tells it.
pub(crate) fn change_document(change: &Change) -> Value {
    let Change { about, action, texts, custom, updated, etag } = change;
    let mut data: Data<'_> =
        texts.iter().map(|(field, text)| (field.as_str(), Told::Text(text.as_deref().map(Into::into)))).collect();
    data.extend(custom.as_ref().map(|custom| ("custom", Told::Custom(custom.as_ref()))));
    data.extend(updated.map(|updated| ("updated", Told::text(updated.to_string()))));
    data.extend(etag.as_ref().map(|etag| ("eTag", Told::text(etag.as_str()))));
    let event = Event::new(about.clone(), *action, data);
    serde_json::from_str(event.payload.as_str()).unwrap_or_default()
}
