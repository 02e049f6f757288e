//! App context: what a change of a user, channel or membership does, and which records a list holds.
//!
//! The rules are `docs/protocol/app-context.md`. A store keeps records and asks here what becomes of them:
//!
//! - **Writing.** A request becomes a command ([`Set`], [`Remove`], [`Manage`], a [`Bulk`] of sets). The store reads,
//!   in one transaction, the records that the command names, asks the command's `apply` what becomes of them at
//!   `now`, writes that, and answers with it. What was refused or changes nothing writes nothing.
//! - **Events** are part of the outcome. Only for the event of a user the store adds channels: those the user is a
//!   member of ([`wire::context::Event::also_on`]), read in the same transaction.
//! - **Reading.** A request becomes a [`Query`]: which list, which part of it, filtered and sorted how. The store
//!   fetches [`Query::fetch`] rows from the position on, in the direction of [`Query::is_backward`], and
//!   [`Query::page`] makes the page.
//! - **Order.** Text compares as [`order`] says. [`order::text_key`] is the same order for a database: bytes to be
//!   compared. A list is ordered by [`Sort`], with unset values last (first where descending), and at the end by id:
//!   always total.
//! - [`Filter::matches`], [`Sort::compare`] and [`Query::answer`] are the judges of whatever SQL a store makes of them.
//!
//! Nothing here does I/O or knows the time, and no input makes it panic.

mod bulk;
mod change;
mod cursor;
mod etag;
pub mod filter;
mod list;
mod manage;
pub mod order;
mod remove;
mod row;
mod set;
mod sort;
#[cfg(test)]
mod tests;

pub use bulk::Bulk;
pub use change::{Change, CustomMode};
pub use cursor::{Edge, Position};
pub use filter::Filter;
pub use list::{List, ListKind, Query, Range, include};
pub use manage::{Entry, Manage, Managed};
pub use remove::{Remove, Removed};
pub use row::{Field, Item, Of, Row, Value};
pub use set::{Condition, Effect, Refused, Set, Written, record_id};
pub use sort::{Direction, Key, Sort};
