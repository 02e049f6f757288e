//! Leave to do what was decided upon.

use std::sync::Arc;

use wire::Timestamp;

use super::secret::SecretId;
use super::{TokenId, Verified};

/// Leave for one act, which is inside: whoever acts takes from here what to act on. Only a [`Guard`](super::Guard) makes one.
#[derive(Debug)]
#[must_use = "a decision without an act is a forgotten act"]
pub struct Permit<A> {
    pub(super) act: A,
    pub(super) grounds: Grounds,
}

impl<A> Permit<A> {
    /// What was permitted.
    pub fn act(&self) -> &A {
        &self.act
    }

    /// What was permitted, to be done now.
    pub fn into_act(self) -> A {
        self.act
    }

    /// What was permitted and why, for an act that goes on for a while and must ask again whether it still may.
    pub fn into_parts(self) -> (A, Grounds) {
        (self.act, self.grounds)
    }
}

/// What a decision rests on. Made by a [`Guard`](super::Guard) from what a caller shows.
#[derive(Clone, Debug)]
pub struct Grounds(pub(super) Ground);

#[derive(Clone, Debug)]
pub(super) enum Ground {
    /// The key set is open: nothing is asked, now or later.
    Open,
    /// The request is signed with this secret: nothing is asked while that is good.
    Signed(SecretId),
    /// A token, and whether it is another user's.
    Token { token: Arc<Verified>, anothers: bool },
    /// What was granted to an auth key, or to everyone.
    Key(Option<Box<str>>),
}

/// What can end the grounds of an act that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// This token is revoked, or expires.
    Token(TokenId, Timestamp),
    /// A grant to auth keys changes, or runs out.
    Keys,
    /// A secret key ends. It ends what rests on a token as well.
    Secret,
}

impl Grounds {
    /// Whether nothing was asked, because the key set was open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.0, Ground::Open)
    }

    /// What can end them; none when nothing can.
    #[must_use]
    pub fn ends(&self) -> Option<Ends> {
        match &self.0 {
            Ground::Open => None,
            Ground::Signed(_) => Some(Ends::Secret),
            Ground::Token { token, .. } => Some(Ends::Token(token.id(), token.expires())),
            Ground::Key(_) => Some(Ends::Keys),
        }
    }
}
