//! Revoking a token.

use crate::call::Call;
use crate::client::Caller;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::{Method, Request, Response};

/// A token to revoke: made by [`Caller::revoke_token`].
#[derive(Clone)]
pub struct RevokeToken {
    token: String,
}

/// The token is good for nothing any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevokeTokenResult {}

impl<M> Caller<M> {
    /// Revokes a token before it expires. Needs the secret key.
    ///
    /// ```
    /// # testkit::example::run(async |origin| {
    /// # use hereabouts::{Client, Config, calls::access::Channel};
    /// # let config = Config::new("guarded-sub").publish_key("guarded-pub").origin(origin).secret_key("guarded-secret");
    /// # let admin = Client::new(config)?;
    /// let granted = admin.grant_token().ttl(15).channels([Channel::id("lobby").read()]).await?;
    /// admin.revoke_token(granted.token).await?;
    /// # Ok::<(), hereabouts::Error>(()) });
    /// ```
    pub fn revoke_token(&self, token: impl Into<String>) -> Call<M, RevokeToken> {
        self.call(RevokeToken { token: token.into() })
    }
}

impl Operation for RevokeToken {
    type Output = RevokeTokenResult;

    const NAME: &'static str = "revoke_token";

    fn request(&self, config: &Config) -> Result<Request, Error> {
        config.require_secret_key()?;
        if self.token.is_empty() {
            return Err(Error::usage("this call needs a token"));
        }
        Ok(Request::new(Method::Delete, ["v3", "pam", &config.subscribe_key, "grant", &self.token]))
    }

    fn answer(&self, response: &Response) -> Result<RevokeTokenResult, Error> {
        let _: serde_json::Map<String, serde_json::Value> = wire::answer::read(&response.body)?;
        Ok(RevokeTokenResult {})
    }

    fn secrets(&self) -> Vec<&str> {
        vec![&self.token]
    }
}
