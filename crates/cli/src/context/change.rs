//! Changes that a subscriber hears of, as documents.

use serde_json::Value;
use wire::context::{Change, Event};

use super::noun::Object;

/// A change in the shape in which the wire tells it.
pub(crate) fn change_document(change: &Change) -> Value {
    let Change { about, action, texts, custom, updated, etag } = change;
    let mut data = Object::new();
    data.extend(texts.iter().map(|(field, text)| (field.as_str().to_owned(), text.as_deref().into())));
    if let Some(custom) = custom {
        let custom = custom.as_ref().and_then(|custom| serde_json::from_str(custom.as_str()).ok());
        data.insert("custom".to_owned(), custom.unwrap_or_default());
    }
    data.extend(updated.map(|updated| ("updated".to_owned(), updated.to_string().into())));
    data.extend(etag.as_ref().map(|etag| ("eTag".to_owned(), etag.as_str().into())));
    let event = Event::new(about.clone(), *action, data);
    serde_json::from_str(event.payload.as_str()).unwrap_or_default()
}
