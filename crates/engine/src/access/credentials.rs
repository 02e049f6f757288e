//! What a request shows of who sent it.

use std::borrow::Cow;
use std::fmt;

use wire::NotUtf8;
use wire::access::Signed;
use wire::route::Method;
use wire::target::Target;

/// A request, as far as it says who may do what it asks. Nothing is looked up before somebody asks.
#[derive(Clone, Copy)]
pub struct Credentials<'r> {
    signed: Signed<'r>,
}

impl<'r> Credentials<'r> {
    /// Those of a request.
    #[must_use]
    pub fn of(signed: Signed<'r>) -> Self {
        Self { signed }
    }

    /// A request that shows nothing.
    #[must_use]
    pub fn none() -> Credentials<'static> {
        let target = Target::new("/");
        Credentials { signed: Signed { method: Method::Get, target, body: b"", decompressed: None, publishes: false } }
    }

    /// What a signature covers.
    #[must_use]
    pub fn signed(&self) -> &Signed<'r> {
        &self.signed
    }

    /// The signature, if there is one.
    pub(super) fn signature(&self) -> Option<Result<Cow<'r, str>, NotUtf8>> {
        self.signed.target.query("signature").transpose()
    }

    /// When it was signed, in seconds since the epoch.
    pub(super) fn timestamp(&self) -> Option<u64> {
        let text = self.signed.target.raw_query("timestamp")?;
        // A number may have a sign in front, and a time may not.
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    }

    /// The token or auth key as sent, not decoded.
    #[must_use]
    pub fn auth(&self) -> Option<&'r str> {
        self.signed.target.raw_query("auth")
    }

    /// Who the caller says it is. What cannot be read is nobody.
    #[must_use]
    pub fn user(&self) -> Option<Cow<'r, str>> {
        self.signed.target.query("uuid").ok().flatten()
    }
}

/// Nothing of it belongs in a log.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}
