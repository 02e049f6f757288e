//! Who may do what (`docs/protocol/access.md`).
//!
//! - An [`Act`](acts::Act) says what is to be done and with which names. Its [`Operation`] has a row in one table, which
//!   says what permission it needs.
//! - A [`Guard`] decides. What it allows it hands back inside a [`Permit`], and only there: whoever acts takes the permit,
//!   and takes the names from it. So a check that was forgotten does not compile, and nothing can be done with other
//!   names than those that were checked.
//! - What callers show is looked at in one order: a signature, then a token, then grants to auth keys.
//! - A secret key may end. What rests on it, a token or a signed request, ends with it, as if it had never been signed.
//! - Time is an argument; what changes (revocations, grants) is a [`Ledger`].

pub mod acts;
mod credentials;
mod guard;
mod keys;
mod ledger;
mod operation;
mod pattern;
mod permit;
mod secret;
mod signature;
#[cfg(test)]
mod tests;
mod verified;

pub use credentials::Credentials;
pub use guard::{Guard, Mode, Policy};
pub use keys::{KeyPlace, KeyTable, StoredGrant};
pub use ledger::{Ledger, Revocation};
pub use operation::{Family, Operation, Rule};
pub use pattern::{BadPattern, check as check_patterns};
pub use permit::{Ends, Grounds, Permit};
pub use secret::Secret;
pub use signature::SignatureFault;
pub use verified::{TokenId, Verified};
