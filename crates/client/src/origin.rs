//! Where the server is.

use std::fmt;

use url::Url;

use crate::error::Error;

/// A scheme, a host and a port, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `http://host:port`, `https://host`, or a host alone, which means `https`.
    ///
    /// ```
    /// use hereabouts::Origin;
    /// assert_eq!(Origin::parse("example.org").unwrap().as_str(), "https://example.org");
    /// assert_eq!(Origin::parse("http://127.0.0.1:7700/").unwrap().as_str(), "http://127.0.0.1:7700");
    /// for text in ["", "ftp://example.org", "http://", "http://example.org/path", "http://ann:secret@example.org"] {
    ///     assert!(Origin::parse(text).is_err(), "{text}");
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when it is something else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        // What was given is not repeated: it may hold a password.
        let wrong = |why: &str| Error::usage(format!("the origin is not one: {why}"));
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("https://{text}"),
        };
        let url = Url::parse(&with_scheme).map_err(|why| wrong(&why.to_string()))?;
        // A browser's parser makes `http:///host` and `http:\\host` good; whoever wrote them meant something else.
        if with_scheme.contains(":///") || with_scheme.contains('\\') {
            return Err(wrong("it has no host"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("its scheme must be http or https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it must not hold a name or a password"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it must end after host and port"));
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// As the beginning of a URL, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is asked over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
