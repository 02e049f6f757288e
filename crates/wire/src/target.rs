//! A request target, split before it is decoded: an encoded slash is data (`docs/protocol/conventions.md`).

use std::borrow::Cow;

use crate::percent::{NotUtf8, decode};

/// The path and query of a request, as sent.
///
/// ```
/// use wire::target::Target;
/// let target = Target::new("/v2/subscribe/demo/a%2Cb/0?tt=0&uuid=ann&tt=1&heartbeat=");
/// assert_eq!(target.segments().collect::<Vec<_>>(), ["v2", "subscribe", "demo", "a%2Cb", "0"]);
/// assert_eq!(target.query("tt").unwrap().as_deref(), Some("0"), "the first value counts");
/// assert_eq!(target.query("heartbeat").unwrap(), None, "empty equals absent");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    path: &'t str,
    query: &'t str,
}

impl<'t> Target<'t> {
    /// Splits a target at its first question mark. A fragment, which no client sends, is data.
    #[must_use]
    pub fn new(target: &'t str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { path, query }
    }

    /// The path, not decoded.
    #[must_use]
    pub fn path(&self) -> &'t str {
        self.path
    }

    /// The segments of the path, not decoded, without the empty one before the first slash.
    pub fn segments(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.path.strip_prefix('/').unwrap_or(self.path).split('/')
    }

    /// Every parameter with its value, not decoded, in the order sent. One without a value has an empty one.
    pub fn pairs(&self) -> impl Iterator<Item = (&'t str, &'t str)> + use<'t> {
        let pieces = self.query.split('&').filter(|piece| !piece.is_empty());
        pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")))
    }

    /// The first value of a parameter, not decoded. An empty value equals an absent one.
    #[must_use]
    pub fn raw_query(&self, name: &str) -> Option<&'t str> {
        self.query
            .split('&')
            .find_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key == name).then_some(value)
            })
            .filter(|value| !value.is_empty())
    }

    /// Every value of a parameter, decoded, for those that may be repeated. Empty ones are left out.
    ///
    /// ```
    /// use wire::target::Target;
    /// let target = Target::new("/?sort=name%3Aasc&sort=&sort=id");
    /// assert_eq!(target.queries("sort").unwrap(), ["name:asc", "id"]);
    /// ```
    ///
    /// # Errors
    /// [`NotUtf8`] when a value cannot be decoded.
    pub fn queries(&self, name: &str) -> Result<Vec<Cow<'t, str>>, NotUtf8> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('=').filter(|(key, value)| *key == name && !value.is_empty()))
            .map(|(_, value)| decode(value))
            .collect()
    }

    /// Whether a parameter is there, with a value or without.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.query.split('&').any(|pair| pair.split_once('=').map_or(pair, |(key, _)| key) == name)
    }

    /// The first value of a parameter, decoded. An empty value equals an absent one.
    ///
    /// # Errors
    /// [`NotUtf8`] when the value cannot be decoded.
    pub fn query(&self, name: &str) -> Result<Option<Cow<'t, str>>, NotUtf8> {
        self.raw_query(name).map(decode).transpose()
    }
}
