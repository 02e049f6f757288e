//! The load generator: one thread, many connections, every message counted.
//!
//! - `Swarm` is the loop over connections; it knows bytes and times, and nothing of what is said.
//! - What is said is a `talk::Talk` each: the same scenario drives every server in that server's own language.
//! - A scenario is a function from servers and numbers to an `Outcome`, with its own share of a core beside it.

mod beside;
mod calls;
mod crowd;
mod fanout;
mod outcome;
mod paced;
mod probe;
mod sequence;
mod swarm;

pub(crate) use beside::{Beside, beside};
pub(crate) use calls::{Calls, calls};
pub(crate) use crowd::{Crowd, crowd};
pub(crate) use fanout::{Fanout, fanout};
pub(crate) use outcome::Outcome;
pub(crate) use paced::{Paced, paced};
pub(crate) use probe::longest_wait;
pub(crate) use sequence::Faults;

#[cfg(test)]
mod tests;
