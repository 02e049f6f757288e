//! The edge: configuration, the admin API, routes, the lean HTTP/1.1 loop and the framework behind it.
//!
//! [`Server`] is the life of the process in order: open the data, listen, serve, drain, save.

pub mod config;

mod admin;
mod api;
mod budget;
mod edge;
mod keysets;
mod metrics;
mod serve;

pub use admin::{AdminError, StoredError};
pub use edge::TlsError;
pub use serve::{Reload, ServeError, Server};
