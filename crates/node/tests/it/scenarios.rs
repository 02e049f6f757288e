//! One rule a test, one thread, every step in its place.

mod context;
mod fan_out;
mod groups;
mod keysets;
mod presence;
mod restart;
mod subscribe;
