//! Whom or what a call is about, where that is one user or one channel.

use crate::call::Call;
use crate::config::Config;
use crate::error::Error;
use crate::operation::Operation;

/// Operations about a user: the client's own, unless another is named.
pub trait OnUser: Operation {
    /// Whom it names, if anyone.
    fn user_mut(&mut self) -> &mut Option<String>;
}

impl<M, O: OnUser> Call<M, O> {
    /// Which user. Default: the client's own.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        *self.operation.user_mut() = Some(user.into());
        self
    }

    /// The same as [`user`](Self::user), by its documented name.
    pub fn uuid(self, user: impl Into<String>) -> Self {
        self.user(user)
    }
}

/// Operations about a channel.
pub trait OnChannel: Operation {
    /// Which channel it names, if any.
    fn channel_mut(&mut self) -> &mut Option<String>;
}

impl<M, O: OnChannel> Call<M, O> {
    /// Which channel. Needed.
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        *self.operation.channel_mut() = Some(channel.into());
        self
    }
}

/// The user that is named, or else the client's own.
pub(crate) fn user_or_own<'u>(named: Option<&'u String>, config: &'u Config) -> Result<&'u str, Error> {
    match named {
        Some(user) if user.is_empty() => Err(Error::usage("the user has no name")),
        Some(user) => Ok(user),
        None => config.require_user(),
    }
}

/// The channel that is named.
pub(crate) fn require_channel(named: Option<&String>) -> Result<&str, Error> {
    match named {
        Some(channel) if !channel.is_empty() => Ok(channel),
        Some(_) | None => Err(Error::usage("this call needs a channel")),
    }
}
