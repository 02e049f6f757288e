//! The first check of every operation: may they?

use std::sync::Arc;

use node::acts::Act;
use node::{Credentials, Keyset, Operation, Permit};
use wire::Refusal;

/// The way from a request into its key set. There is no other.
pub(super) struct Door<'r> {
    /// The key set that is asked.
    pub(super) keyset: &'r Arc<Keyset>,
    /// What the request shows of who sent it.
    pub(super) shown: Credentials<'r>,
}

impl Door<'_> {
    /// Decides on an act. One that cannot be read is told what is wrong with it only when other checks have passed, which
    /// is why that comes back inside; and only to those who may do anything at all.
    pub(super) fn admit<A: Act>(
        &self,
        operation: Operation,
        act: Result<A, Refusal>,
    ) -> Result<Result<Permit<A>, Refusal>, Refusal> {
        match act {
            Ok(act) => self.keyset.decide(&self.shown, act).map(Ok),
            Err(unreadable) => self.keyset.decide_unreadable(&self.shown, operation).map(|()| Err(unreadable)),
        }
    }

    /// Decides on an act that is always readable.
    pub(super) fn decide<A: Act>(&self, act: A) -> Result<Permit<A>, Refusal> {
        self.keyset.decide(&self.shown, act)
    }
}
