//! Twenty seconds of what `cargo xtask load` does for ten minutes.

use std::path::PathBuf;
use std::time::Duration;

use simulate::load::{Options, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_200_clients_came_and_went_server_observer_and_clients_agree_on_everyone() {
    let server = PathBuf::from(env!("CARGO_BIN_EXE_hereabouts"));
    let options = Options { server, seed: 1, clients: 200, time: Duration::from_secs(20) };
    let seen = run(&options).await.unwrap_or_else(|why| panic!("seed {}: {why:#}", options.seed));
    for (what, count) in [
        ("leaves", seen.deeds.leaves),
        ("closed connections", seen.deeds.closes),
        ("reset connections", seen.deeds.resets),
        ("hanging connections", seen.deeds.stalls),
        ("returns", seen.deeds.returns),
        ("users compared", seen.compared),
        ("stories", seen.stories),
    ] {
        assert!(count > 10, "this run shows nothing: {count} {what}");
    }
}
