//! Access control on the wire: tokens, signatures, grants (`docs/protocol/access.md`).
//!
//! Only shapes and bytes. Who may do what, and whether a signature is right, is decided in the engine.

mod fault;
mod grant;
mod keys;
mod permissions;
mod signing;
#[cfg(test)]
mod tests;
mod token;

pub use fault::GrantFault;
pub use grant::{Grant, TOKEN_MAX_BYTES, granted, read_granted, revoked};
pub use keys::{Audited, KeyGrant, Selection, audited};
pub use permissions::Permissions;
pub use signing::{CanonicalQuery, Signed};
pub use token::{Categories, Malformed, Scope, Token};

use crate::context::Kind;

/// Whose permission something needs: the kinds of names that permissions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// A channel, a presence stream or a pattern, by its literal name.
    Channel,
    /// A channel group.
    Group,
    /// A user, by its id in app context.
    User,
    /// All users or all channels of app context, for listing them, by [`category`].
    Category,
}

/// What grants call all records of a kind.
///
/// ```
/// use wire::{access::category, context::Kind};
/// assert_eq!(category(Kind::User), "uuids");
/// ```
#[must_use]
pub const fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "uuids",
        Kind::Channel => "channels",
    }
}
