//! Every vector of the protocol, over every way in.

use std::sync::Arc;

use testkit::vectors::{Client, Runner, Vector};
use testkit::{Edge, Http2, TestServer};
use tokio::task::JoinSet;

use crate::postgres;

#[tokio::test]
async fn the_lean_loop_passes_every_vector() {
    let server = TestServer::builder().edge(Edge::Lean).start().await;
    replay(Client::Http1(server.address())).await;
}

#[tokio::test]
async fn the_framework_passes_every_vector() {
    let server = TestServer::builder().edge(Edge::Framework).start().await;
    replay(Client::Http1(server.address())).await;
}

#[tokio::test]
async fn http_2_passes_every_vector() {
    let server = TestServer::builder().edge(Edge::Lean).start().await;
    replay(Client::Http2(Http2::open(server.address()).await.unwrap())).await;
}

#[tokio::test]
async fn both_paths_pass_every_vector_on_postgres() {
    for edge in Edge::ALL {
        let Some(server) = postgres::on(TestServer::builder().edge(edge)) else { return };
        replay(Client::Http1(server.start().await.address())).await;
    }
}

/// All at once: a vector makes its own names, so none gets in the way of another.
async fn replay(client: Client) {
    let runner = Runner::new(client);
    let mut running = JoinSet::new();
    let mut count = 0;
    for vector in ["pubsub", "presence", "groups", "app-context"].into_iter().flat_map(Vector::of_area) {
        let (runner, vector) = (runner.clone(), Arc::new(vector));
        running.spawn(async move { (runner.run(&vector).await, vector) });
        count += 1;
    }
    let mut failed = Vec::new();
    for (outcome, vector) in running.join_all().await {
        if let Err(mismatch) = outcome {
            failed.push(format!("{} ({}): {mismatch}", vector.file.display(), vector.name));
        }
    }
    failed.sort();
    assert!(failed.is_empty(), "{} of {count} vectors failed\n{}", failed.len(), failed.join("\n"));
}
