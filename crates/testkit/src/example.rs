//! A server for examples in documentation: one for the whole process, with the open key set `demo` and the guarded one.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::OnceLock;

use tokio::runtime::Runtime;

use crate::TestServer;

/// The key sets: what a server has that was started without settings, and the guarded one of all tests.
const KEYSETS: &str = r#"
[[keyset]]
name = "demo"
subscribe_key = "demo"
publish_key = "demo"

[[keyset]]
name = "guarded"
subscribe_key = "guarded-sub"
publish_key = "guarded-pub"
secret_key = "guarded-secret"
access_manager = true
"#;

static SERVER: OnceLock<(Runtime, SocketAddr)> = OnceLock::new();

/// Where the server is, as an origin. It is started when it is first asked for, and ends with the process.
///
/// # Panics
/// When it does not start.
#[must_use]
pub fn origin() -> String {
    // On a thread of its own: an example may ask from inside a runtime, where none can be waited for.
    let (_, address) = SERVER.get_or_init(|| std::thread::spawn(start).join().expect("the server starts"));
    format!("http://{address}")
}

fn start() -> (Runtime, SocketAddr) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let server = runtime.block_on(TestServer::builder().settings(KEYSETS).start());
    let address = server.address();
    // Its directory is left to the system: nothing of a static is ever dropped.
    std::mem::forget(server);
    (runtime, address)
}

/// Runs an example with the origin of the server.
///
/// # Panics
/// When the example fails.
pub fn run<E: Debug>(example: impl AsyncFnOnce(String) -> Result<(), E>) {
    let origin = origin();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(example(origin)).expect("an example works");
}
