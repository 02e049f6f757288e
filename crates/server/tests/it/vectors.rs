//! Every vector of the protocol, over every way in.

use std::path::Path;
use std::sync::Arc;

use testkit::vectors::{Client, KeysetKind, Runner, Vector};
use testkit::{Edge, Http2, ManualClock, TestServer};
use tokio::task::JoinSet;
use wire::route::{Method, Route};
use wire::target::Target;

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
async fn tls_passes_every_vector_whatever_is_spoken_over_it() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).tls().start().await;
        replay(Client::Tls(server.address(), server.authority().clone())).await;
    }
    let server = TestServer::builder().tls().start().await;
    replay(Client::Http2(Http2::open_tls(server.address(), server.authority()).await.unwrap())).await;
}

#[tokio::test]
async fn both_paths_pass_every_vector_on_postgres() {
    for edge in Edge::ALL {
        let Some(server) = postgres::on(TestServer::builder().edge(edge)) else { return };
        replay(Client::Http1(server.start().await.address())).await;
    }
}

#[tokio::test]
async fn vectors_that_pause_for_long_pass_on_a_clock_that_is_moved() {
    for edge in Edge::ALL {
        let clock = ManualClock::default();
        let server = TestServer::builder().edge(edge).clock(clock.clone()).start().await;
        let runner = Runner::on_clock(Client::Http1(server.address()), clock);
        // One after the other: each moves the clock of all.
        for vector in AREAS.into_iter().chain(["access"]).flat_map(Vector::of_area).filter(|vector| vector.slow) {
            let shows_itself = vector.shows_itself() || vector.keys == KeysetKind::Guarded;
            if !shows_itself {
                run(runner.clone().with_tokens(), [vector.clone()].into_iter()).await;
            }
            run(runner.clone(), [vector].into_iter()).await;
        }
    }
}

#[tokio::test]
async fn every_vector_passes_on_a_guarded_key_set_with_what_it_needs_and_is_refused_without() {
    for edge in Edge::ALL {
        let server = TestServer::builder().edge(edge).start().await;
        let vectors = AREAS
            .into_iter()
            .flat_map(Vector::of_area)
            .filter(|vector| !vector.slow && vector.keys == KeysetKind::Open && !vector.shows_itself());
        run(Runner::new(Client::Http1(server.address())).with_tokens(), vectors).await;
    }
}

/// Areas whose vectors stand for themselves; those of access control are added to them.
const AREAS: [&str; 4] = ["pubsub", "presence", "groups", "app-context"];

/// Vectors of access control that ask for areas which the server does not speak: with those requests they wait for them.
const WAITING: [&str; 4] = ["actions.json", "history-delete.json", "push-needs-read.json", "signed-everything.json"];

/// What of a vector can be asked by now.
fn spoken(vector: Vector) -> Vector {
    if !WAITING.iter().any(|file| vector.file.ends_with(Path::new("access").join(file))) {
        return vector;
    }
    let unknown = |method: &str, path: &str| Route::of(Method::of(method), &Target::new(path)).is_err();
    // One that no longer has to wait must not go on waiting.
    assert!(vector.paths().any(|(method, path)| unknown(method, path)), "{} need not wait", vector.file.display());
    vector.without(unknown)
}

/// All at once: a vector makes its own names, so none gets in the way of another.
async fn replay(client: Client) {
    run(
        Runner::new(client),
        AREAS.into_iter().chain(["access"]).flat_map(Vector::of_area).filter(|vector| !vector.slow).map(spoken),
    )
    .await;
}

async fn run(runner: Runner, vectors: impl Iterator<Item = Vector>) {
    let mut running = JoinSet::new();
    let mut count = 0;
    for vector in vectors {
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
