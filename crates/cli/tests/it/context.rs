//! App context past a crash: what was answered is there, and is told.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use testkit::postgres::Postgres;
use testkit::{Connection, eventually, soon};
use tokio::task::JoinSet;

use crate::program::{Running, command};

const WRITERS: usize = 8;
const ROUNDS: usize = 3;
const CALLS: &str = "/v2/objects/demo/uuids";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_and_is_told() {
    let place = tempfile::tempdir().unwrap();
    kill_and_compare(place.path(), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_kill_9_and_is_told_with_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let place = tempfile::tempdir().unwrap();
    kill_and_compare(place.path(), Some(&postgres.new_database())).await;
}

async fn start(data: &Path, database: Option<&str>) -> Running {
    let mut command = command(&[]);
    command.envs(database.map(|address| ("HEREABOUTS_DATABASE", address)));
    Running::from(command, data).await
}

/// Each writer counts in its own user, over and over, until the server is killed; each listener hears one of them.
async fn kill_and_compare(data: &Path, database: Option<&str>) {
    let mut server = start(data, database).await;
    let mut answered = [0; WRITERS];
    let mut listeners: Vec<Listener> = Vec::new();
    for writer in 0..WRITERS {
        let cursor = server.get(&format!("/v2/subscribe/demo/{}/0?tt=0", user(writer))).await.timetoken();
        listeners.push(Listener { writer, cursor, heard: Vec::new() });
    }
    for round in 0..ROUNDS {
        let answers = Arc::new(AtomicUsize::new(0));
        let (mut writers, mut hearing) = (JoinSet::new(), JoinSet::new());
        for (writer, first) in answered.into_iter().enumerate() {
            let (connection, answers) = (server.connect().await, Arc::clone(&answers));
            writers.spawn(async move { (writer, count_until_killed(connection, writer, first, &answers).await) });
        }
        for listener in listeners.drain(..) {
            hearing.spawn(listener.listen_until_killed(server.connect().await));
        }
        eventually("writers are answered", async || (answers.load(Ordering::SeqCst) >= 40 + 60 * round).then_some(()))
            .await;
        server.kill().await.unwrap();
        for (writer, last) in soon("writers end", writers.join_all()).await {
            answered[writer] = last;
        }
        listeners = soon("listeners end", hearing.join_all()).await;
        listeners.sort_by_key(|listener| listener.writer);

        server = start(data, database).await;
        for writer in 0..WRITERS {
            let user = server.ask(&format!("{CALLS}/{}?include=custom", user(writer))).await;
            let kept = user["data"]["custom"]["n"].as_u64().unwrap();
            let last = answered[writer];
            // One more may have been under way than was answered.
            assert!((last..=last + 1).contains(&kept), "round {round}, writer {writer}: {kept} after {last}");
            answered[writer] = kept;
            listeners[writer].catch_up(&server, kept).await;
        }
    }
}

fn user(writer: usize) -> String {
    format!("writer-{writer}")
}

/// The last number that was answered.
async fn count_until_killed(mut connection: Connection, writer: usize, first: u64, answers: &AtomicUsize) -> u64 {
    for n in first + 1.. {
        let body = json!({"name": "x".repeat(1 + n as usize % 300), "custom": {"n": n}}).to_string();
        let head = format!("PATCH {CALLS}/{} HTTP/1.1\r\nHost: here\r\nContent-Length: {}", user(writer), body.len());
        let sent = connection.send(format!("{head}\r\n\r\n{body}")).await;
        let Ok(reply) = (match sent {
            Ok(()) => connection.receive().await,
            Err(gone) => Err(gone),
        }) else {
            return n - 1;
        };
        assert_eq!(reply.status, 200, "{}", reply.text());
        answers.fetch_add(1, Ordering::SeqCst);
    }
    u64::MAX
}

struct Listener {
    writer: usize,
    cursor: u64,
    heard: Vec<u64>,
}

impl Listener {
    async fn listen_until_killed(mut self, mut connection: Connection) -> Self {
        while let Ok(reply) = connection.get(&self.target()).await {
            self.take(&reply);
        }
        self
    }

    fn target(&self) -> String {
        format!("/v2/subscribe/demo/{}/0?tt={}", user(self.writer), self.cursor)
    }

    fn take(&mut self, reply: &testkit::Reply) {
        self.cursor = reply.timetoken();
        let numbers = reply.payloads().into_iter().map(|event| event["data"]["custom"]["n"].as_u64().unwrap());
        self.heard.extend(numbers);
    }

    /// Hears everything up to a number: each at least once, and the first time in order.
    async fn catch_up(&mut self, server: &Running, last: u64) {
        while self.heard.last() != Some(&last) {
            let reply = tokio::time::timeout(Duration::from_secs(10), server.get(&self.target())).await;
            let Ok(reply) = reply else { panic!("{last} is never heard; heard {:?}", self.heard) };
            self.take(&reply);
        }
        let mut highest = 0;
        for number in &self.heard {
            assert!(*number <= highest + 1, "{number} after {highest}: {:?}", self.heard);
            highest = highest.max(*number);
        }
    }
}
