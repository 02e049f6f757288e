//! The promises of presence and of publish/subscribe, checked: in simulated time against the real rules and the real
//! node, and in real time against the real program. `docs/reliability.md` says what is promised.
//!
//! - [`presence`]: clients that renew, stall, crash and return, and an observer that believes the events alone.
//! - [`catch_up`]: publishers, and subscribers that stay away, over timelines that restart and a clock that steps.
//! - [`punctual`]: how late timeouts are told, in real time, with very many members.
//! - [`load`]: real connections to a real server, and the truth about them.
//! - [`attack`]: an attack on a real server, and an honest client in its midst.
//! - Everything random comes from a seed, and a violation says it.

pub mod attack;
pub mod automaton;
pub mod catch_up;
pub mod dice;
pub mod load;
pub mod presence;
mod process;
pub mod punctual;
pub mod report;
pub mod violation;
