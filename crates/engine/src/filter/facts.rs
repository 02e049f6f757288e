//! What a filter may know about one message.

use std::cell::OnceCell;

use super::json::Json;
use super::tree::{Path, Source, Step};

/// One message as filters see it: its `meta` and its payload, as JSON text.
///
/// Each text is parsed when the first filter asks for it, and then kept: ask several filters about the same facts
/// where a message has several readers. Text that is not JSON reads as if it was not there, and so does a `meta` that
/// is not an object (`docs/protocol/pubsub.md`, open decisions).
///
/// ```
/// use engine::filter::{Facts, MessageFilter};
///
/// let facts = Facts::new(Some(r#"{"tier":"gold"}"#), r#""hello""#);
/// assert!(MessageFilter::parse("('silver', 'gold') contains tier").unwrap().matches(&facts));
/// assert!(MessageFilter::parse("data == 'hello'").unwrap().matches(&facts));
/// ```
#[derive(Debug)]
pub struct Facts<'t> {
    meta: Part<'t>,
    data: Part<'t>,
}

/// A text and what it says.
#[derive(Debug)]
struct Part<'t> {
    text: Option<&'t str>,
    json: OnceCell<Option<Json<'t>>>,
}

impl<'t> Facts<'t> {
    /// The facts of a message with this `meta`, if it has one, and this payload.
    #[must_use]
    pub fn new(meta: Option<&'t str>, data: &'t str) -> Self {
        let part = |text| Part { text, json: OnceCell::new() };
        Self { meta: part(meta), data: part(Some(data)) }
    }

    /// The value at a path, if something is there.
    pub(super) fn at(&self, path: &Path) -> Option<&Json<'t>> {
        let whole = match path.source {
            Source::Meta => self.meta.read().filter(|meta| matches!(meta, Json::Object(_))),
            Source::Data => self.data.read(),
        };
        path.steps.iter().try_fold(whole?, |json, step| match (json, step) {
            (Json::Object(object), Step::Name(name)) => object.get(&**name),
            (Json::Array(items), Step::Index(index)) => items.get(*index),
            _ => None,
        })
    }
}

impl<'t> Part<'t> {
    fn read(&self) -> Option<&Json<'t>> {
        self.json.get_or_init(|| self.text.and_then(Json::read)).as_ref()
    }
}
