//! The servers that are measured, each a process of its own with its own data, on a free port and on one core.

mod kind;
mod start;

pub(crate) use kind::Kind;
pub(crate) use start::{Place, Running, Settings};
