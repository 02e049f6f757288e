//! A small version of `cargo xtask attack`, against a debug build.

use std::path::PathBuf;
use std::time::Duration;

use simulate::attack::{Options, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_attack_the_honest_client_is_served_and_everything_else_is_refused_and_bounded() {
    let server = PathBuf::from(env!("CARGO_BIN_EXE_hereabouts"));
    let seconds = Duration::from_secs;
    let options = Options { server, idle: 300, slow: 60, workers: 1, quiet: seconds(1), attack: seconds(12) };
    // An error is what the honest client met: a refusal, a lost message, a server that is gone.
    let seen = run(&options).await.unwrap_or_else(|why| panic!("{why:#}"));
    for (name, outcome) in &seen.attacks {
        assert!(outcome.tried > 0, "{name} was not tried");
        assert!(outcome.wrong.is_empty(), "{name}: {:?}", outcome.wrong);
        assert!(!outcome.answers.keys().any(|status| *status >= 500), "{name}: {:?}", outcome.answers);
    }
    assert!(seen.attacks.len() > 30, "{:?}", seen.attacks.keys());
    let [before, during, after] = seen.server;
    assert!(during.connections >= 300, "{during:?}");
    assert!(after.connections < 50, "attackers are still there: {after:?}");
    assert!(after.used < before.used + 1_000_000, "something is left behind: {before:?}, {after:?}");
    assert!(seen.phases.iter().all(|phase| phase.count() > 0), "{:?}", seen.phases);
    for limit in ["request_target_bytes", "head_bytes", "body_bytes", "message_bytes", "address.connections_max"] {
        assert!(seen.refused.get(limit).is_some_and(|count| *count > 0), "{limit} is not counted: {:?}", seen.refused);
    }
}
