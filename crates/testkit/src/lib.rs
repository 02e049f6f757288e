//! A server on a free port, a clock moved by hand, and the vector runner.
//!
//! - A [`TestServer`] is the whole server in this process, on a data directory of its own, and can be stopped and
//!   started again on it.
//! - [`Connection`] sends bytes exactly as they are given and returns what came: it corrects nothing.
//! - Everything that waits gives up after [`PATIENCE`]. A test that waits for ever says nothing.
//! - What goes wrong panics: it is a failed test. Only [`vectors`] returns it, so that all failing vectors can be shown.

mod clock;
pub mod example;
pub mod frames;
mod http;
mod http2;
pub mod postgres;
mod server;
mod tls;
pub mod vectors;

use std::time::Duration;

pub use clock::ManualClock;
pub use http::{Connection, Reply};
pub use http2::Http2;
pub use server::{Builder, Edge, GUARDED, Keys, OPEN, Stopped, TestServer, address_of};
pub use tls::{Authority, Certificate};

/// How long anything may take that should happen at once. Far more than a busy machine needs, so that a test that fails
/// here has something to say.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what should happen soon.
///
/// # Panics
/// When it does not happen within [`PATIENCE`]; `what` is what was waited for.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("waited {} s in vain: {what}", PATIENCE.as_secs()),
    }
}

/// Asks again and again until the answer is there: for what happens by itself, and tells nobody.
///
/// # Panics
/// When there is none within [`PATIENCE`].
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    soon(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    })
    .await
}

/// Long enough to leave the server the processor, short enough not to be noticed.
const ASK_AGAIN: Duration = Duration::from_millis(5);
