//! What a request signature covers (`docs/protocol/access.md`, "Request signatures").

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use crate::route::Method;
use crate::target::Target;

/// A request as far as its signature covers it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'r> {
    /// How it asks.
    pub method: Method,
    /// Path and query, as sent.
    pub target: Target<'r>,
    /// The body as it was sent.
    pub body: &'r [u8],
    /// The body decompressed, when it was sent compressed.
    pub decompressed: Option<&'r [u8]>,
    /// It publishes: clients sign such a `POST` without its body.
    pub publishes: bool,
}

/// How the query goes into the string to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanonicalQuery {
    /// Every value decoded and encoded anew, as documented.
    Encoded,
    /// As it was sent, sorted: one client leaves `~ , [ ]` raw, and signs what it sends.
    Raw,
}

impl CanonicalQuery {
    /// Both, in the order in which they are tried.
    pub const ALL: [Self; 2] = [Self::Encoded, Self::Raw];

    /// The query of a target without its signature, sorted.
    #[must_use]
    pub fn of(self, target: &Target<'_>) -> String {
        let mut pairs: Vec<(&str, String)> = target
            .pairs()
            .filter(|(key, _)| *key != "signature")
            .map(|(key, value)| match self {
                Self::Encoded => (key, encoded(value)),
                Self::Raw => (key, value.to_owned()),
            })
            .collect();
        pairs.sort_unstable();
        let mut query = String::with_capacity(pairs.iter().map(|(key, value)| key.len() + value.len() + 2).sum());
        for (key, value) in &pairs {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(key);
            query.push('=');
            query.push_str(value);
        }
        query
    }
}

/// A value decoded, and encoded again: everything but letters, digits, `-`, `_` and `.`.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 16);
    for byte in percent_decode_str(value) {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

impl<'r> Signed<'r> {
    /// Every text that a signature of the second version (`v2.…`) may cover: head and body. Few, and one in most cases.
    #[must_use]
    pub fn second(&self, publish_key: &str) -> Vec<(String, &'r [u8])> {
        let method = match self.method {
            Method::Get | Method::Post | Method::Patch | Method::Delete => self.method.as_str(),
            Method::Options | Method::Other => return Vec::new(),
        };
        let mut forms = Vec::with_capacity(3);
        if self.publishes && self.method == Method::Post {
            forms.push(("GET", &b""[..]));
        }
        forms.extend(self.decompressed.map(|body| (method, body)));
        forms.push((method, self.body));
        let queries = CanonicalQuery::ALL.map(|form| form.of(&self.target));
        // Mostly the same.
        let distinct = if queries[0] == queries[1] { &queries[..1] } else { &queries[..] };
        let path = self.target.path();
        let head = |query: &String, method| format!("{method}\n{publish_key}\n{path}\n{query}\n");
        distinct
            .iter()
            .flat_map(|query| forms.iter().map(move |(method, body)| (head(query, *method), *body)))
            .collect()
    }

    /// Every text that a signature of the first version may cover. It has neither method nor body, so it is taken only
    /// where a request cannot be turned into another by changing those: for reading, and for publishing.
    #[must_use]
    pub fn first(&self, subscribe_key: &str, publish_key: &str) -> Vec<String> {
        if self.method != Method::Get && !(self.publishes && self.method == Method::Post) {
            return Vec::new();
        }
        let path = self.target.path();
        let mut texts: Vec<String> = CanonicalQuery::ALL
            .map(|form| format!("{subscribe_key}\n{publish_key}\n{path}\n{}", form.of(&self.target)))
            .into();
        texts.dedup();
        texts
    }
}
