//! Disks that fail: what was answered stays, what failed is said, and work goes on when the disk does.
//!
//! - SQLite: system calls on its files fail for a while, from the first, the second, the third… on. `strace` makes them fail;
//!   where it is missing or may not trace, the test says so and shows nothing. `HEREABOUTS_FAULTS=120` tries them all.
//! - PostgreSQL: a table space on a small file system that is full.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use testkit::postgres::Postgres;
use testkit::{Connection, eventually};

use crate::program::{Running, command};
use crate::random::Random;
use crate::records::{USER_FIELDS, USERS, patch, user_of, whole};

/// The calls by which SQLite changes files.
const CALLS: &str = "write,pwrite64,fdatasync,fsync,ftruncate";

/// How many calls fail, one after the other, before the disk works again.
const FAILING: usize = 6;

/// Changes a user until `enough`, and compares after each one that failed. Answers the last number and how many failed.
async fn change(server: &Running, first: u64, mut enough: impl FnMut(u64, usize) -> bool) -> (u64, usize) {
    let mut connection = server.connect().await;
    let (mut last, mut failed) = (first, 0);
    while !enough(last, failed) {
        match patch(&mut connection, &format!("{USERS}/ann"), &user_of(last + 1)).await.expect("there is an answer") {
            200 => last += 1,
            500 => {
                failed += 1;
                assert_eq!(found(&mut connection).await, last, "what failed was not done");
            }
            status => panic!("{status}"),
        }
    }
    (last, failed)
}

async fn found(connection: &mut Connection) -> u64 {
    let reply = connection.get(&format!("{USERS}/ann?include=custom")).await.unwrap();
    if reply.status == 404 { 0 } else { whole(&reply.json()["data"], &USER_FIELDS) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_call_that_fails_loses_nothing_that_was_answered_wherever_it_is() {
    let place = tempfile::tempdir().unwrap();
    let tried = std::process::Command::new("strace").args(["-D", "-f", "-o", "/dev/null", "true"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        eprintln!("not shown: there is no strace here, or it may not trace");
        return;
    }
    Running::on(place.path()).await.terminate("TERM").await;
    let points: usize = std::env::var("HEREABOUTS_FAULTS").ok().and_then(|points| points.parse().ok()).unwrap_or(8);
    let (mut last, mut all_failed) = (0, 0);
    for point in 0..points {
        // A plain run tries some that are far apart.
        let first = 1 + point * (120 / points).max(1);
        let error = if point % 2 == 0 { "EIO" } else { "ENOSPC" };
        let server = failing(place.path(), error, first).await;
        // Enough to come to the calls that fail, and past them: the last one is answered.
        let (reached, failed) = change(&server, last, |now, _| now >= last + 40).await;
        (last, all_failed) = (reached, all_failed + failed);
        server.kill().await.unwrap();
        let server = Running::on(place.path()).await;
        assert_eq!(found(&mut server.connect().await).await, last, "{error} from call {first} on");
        server.kill().await.unwrap();
    }
    assert!(all_failed > 0, "no call failed");
    println!("{points} points of failure, {last} answered changes, none lost; {all_failed} refused");
}

/// A server some of whose system calls on the files of SQLite fail, from the `first` of them on.
async fn failing(data: &Path, error: &str, first: usize) -> Running {
    let database = data.join("hereabouts.sqlite");
    let (database, log) = (database.display().to_string(), format!("{}-wal", database.display()));
    let inject = format!("inject={CALLS}:error={error}:when={first}..{}", first + FAILING - 1);
    let trace = format!("trace={CALLS}");
    let wrapper =
        ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", &database, "-P", &log, "-e", &trace, "-e", &inject];
    Running::from(command(&wrapper), data).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_postgres_refuses_changes_until_there_is_space() {
    let Some(postgres) = Postgres::start_on_small_disk("32m") else { return };
    let (named, way) = postgres.small_disk();
    postgres.sql(&format!("CREATE TABLESPACE small LOCATION '{}'", named.display()));
    postgres.sql("CREATE DATABASE chat TABLESPACE small");
    let place = tempfile::tempdir().unwrap();
    let mut command = command(&[]);
    command.env("HEREABOUTS_DATABASE", postgres.url("chat"));
    let server = Running::from(command, place.path()).await;
    let (last, failed) = change(&server, 0, |last, _| last >= 20).await;
    assert_eq!(failed, 0);

    let mut ballast = File::create(way.join("ballast")).unwrap();
    while ballast.write_all(&[7; 4096]).is_ok() {}
    let mut connection = server.connect().await;
    let (mut fitted, mut refused) = (0, 0);
    while refused < 3 {
        // Text that cannot be compressed needs new pages soon.
        let mut random = Random::of_run(fitted);
        let text: String = (0..20_000).map(|_| char::from(b'0' + random.below(75) as u8)).collect();
        let body = serde_json::json!({"custom": {"text": text.replace('\\', "/")}});
        match patch(&mut connection, &format!("{USERS}/large-{fitted}"), &body).await {
            Some(200) => fitted += 1,
            Some(500) => refused += 1,
            status => panic!("{status:?}"),
        }
    }
    assert_eq!(server.get(&format!("{USERS}/large-{fitted}")).await.status, 404, "what was refused was not done");
    assert_eq!(server.get("/ready").await.status, 200, "reads go on");

    drop(ballast);
    std::fs::remove_file(way.join("ballast")).unwrap();
    let (last, failed) = change(&server, last, |now, _| now >= last + 20).await;
    assert_eq!(failed, 0, "there is space again");
    server.kill().await.unwrap();
    let mut command = crate::program::command(&[]);
    command.env("HEREABOUTS_DATABASE", postgres.url("chat"));
    let server = Running::from(command, place.path()).await;
    assert_eq!(found(&mut server.connect().await).await, last);
    for large in 0..fitted {
        server.ask(&format!("{USERS}/large-{large}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_told_and_used_again_when_it_is_back() {
    let Some(mut postgres) = Postgres::start() else { return };
    let place = tempfile::tempdir().unwrap();
    let mut command = command(&[]);
    command.env("HEREABOUTS_DATABASE", postgres.new_database());
    let server = Running::from(command, place.path()).await;
    let (last, _) = change(&server, 0, |last, _| last >= 3).await;
    assert_eq!(server.get("/ready").await.status, 200);

    postgres.kill();
    eventually("the server is not ready", async || (server.get("/ready").await.status == 503).then_some(())).await;
    let refused = patch(&mut server.connect().await, &format!("{USERS}/ann"), &user_of(last + 1)).await;
    assert_eq!(refused, Some(500));
    assert_eq!(server.get(&format!("{USERS}/ann")).await.status, 500);
    assert_eq!(server.get("/v1/channel-registration/sub-key/demo/channel-group/family?add=kitchen").await.status, 503);
    // Who is here and what is said needs no database.
    server.ask("/publish/demo/demo/0/kitchen/0/1").await;
    server.ask("/v2/presence/sub-key/demo/channel/kitchen/heartbeat?uuid=ann").await;

    postgres.start_again();
    eventually("the server is ready", async || (server.get("/ready").await.status == 200).then_some(())).await;
    assert_eq!(found(&mut server.connect().await).await, last);
    change(&server, last, |now, failed| failed == 0 && now >= last + 3).await;
    server.ask("/v1/channel-registration/sub-key/demo/channel-group/family?add=kitchen").await;
}
