//! App context for both databases: what a command reads and writes ([`apply`]), lists as SQL ([`list`], [`filter`]) and
//! their indexes ([`order_index`], [`entry_index`]), and how records lie in rows ([`rows`]). What differs is in `sqlite::context` and
//! `postgres::context`.

pub(crate) mod apply;
pub(crate) mod cut;
pub(crate) mod entry_index;
pub(crate) mod filter;
pub(crate) mod list;
pub(crate) mod order_index;
pub(crate) mod outbox;
pub(crate) mod rows;
pub(crate) mod sql;
