//! How many files, and so connections, the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beside connections: the database with its readers, snapshots, what listens.
const OTHERS: u64 = 64;

/// Raises what is allowed to what the system lets us raise it to: the lower limit is for programs that cannot count so
/// far, and 1024 in many places. Says so when it is less than `connections` need.
pub(crate) fn allow(connections: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
    let allowed = getrlimit(Resource::Nofile).current;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < connections as u64 + OTHERS) {
        tracing::warn!(
            allowed,
            connections_max = connections,
            "fewer files may be open than edge.connections_max says connections; raise ulimit -Hn, or lower it"
        );
    }
}
