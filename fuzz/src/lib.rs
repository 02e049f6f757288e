//! What targets share: a server in this process, and a client that holds its replies to account.
//!
//! - A target is a file in `src/bin`. `cargo xtask fuzz` finds it there, and in its head the line `Seeds:` with the kinds
//!   of seeds that it begins with.
//! - A panic on any thread, of the server as well, ends the run: the fuzzer's hook sees to it.
//! - Everything here panics when the server does what it must never do.

mod guard;
mod request;
mod server;

pub use guard::{GUARD, NOW, SECRET, base64};
pub use request::Request;
pub use server::{Server, check, seconds};
