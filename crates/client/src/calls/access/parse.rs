//! What a token says.

use wire::access::Token;

use crate::client::Caller;
use crate::error::Error;

/// What a token says: what it permits, to whom, until when. Whether it holds, only its server can say.
///
/// ```
/// let token = "p0F2AkF0GmEIsP5DdHRsGDxDcmVzpURjaGFuoWlpbmJveC1qYXkDQ2dycKBDc3BjoEN1c3KgRHV1aWSgQ3BhdKVEY2hhbqBDZ3JwoENzcGOgQ3VzcqBEdXVpZKBEbWV0YaBDc2lnWCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
/// let token = hereabouts::parse_token(token)?;
/// assert_eq!((token.ttl, token.resources.channels["inbox-jay"].to_string()), (60, "read, write".to_owned()));
/// # Ok::<(), hereabouts::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when it is no token.
pub fn parse_token(token: &str) -> Result<Token, Error> {
    let read = Token::bytes_of(token).and_then(|bytes| Token::decode(&bytes));
    read.map(|(token, _)| token).map_err(|_| Error::usage("this is no token").during("parse_token"))
}

impl<M> Caller<M> {
    /// What a token says; see [`parse_token`].
    ///
    /// # Errors
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when it is no token.
    pub fn parse_token(&self, token: &str) -> Result<Token, Error> {
        parse_token(token)
    }
}
