//! The edge: configuration, routes, the lean HTTP/1.1 loop and the framework behind it.

pub mod config;
