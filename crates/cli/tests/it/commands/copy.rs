//! `copy`: what is copied, what is not written, and that it goes on after it was killed.
//!
//! `HEREABOUTS_COPY=50000` is the number of users; there are a tenth as many channels, and twice as many memberships. A plain run
//! copies some hundred.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Connection, OPEN, PATIENCE, TestServer};
use tokio::io::AsyncReadExt;

use super::{Said, ask, said, words};
use crate::program::command;

/// A copy from one server's open key set to another's.
fn copying(from: &TestServer, to: &TestServer, line: &str) -> tokio::process::Command {
    let place = |server: &TestServer| format!("http://{}/{}", server.address(), OPEN.subscribe);
    let mut command = command(&[]);
    command.args(["copy", "--from", &place(from), "--to", &place(to)]);
    command.args(words(line).into_iter().filter(|word| !word.is_empty()));
    command
}

async fn copy(from: &TestServer, to: &TestServer, line: &str) -> Said {
    said(copying(from, to, line)).await
}

/// The counts of a report, by kind: created, updated, unchanged, deleted, failed.
fn counts(said: &Said) -> BTreeMap<String, [u64; 5]> {
    let report: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    let kinds = report["report"].as_object().unwrap_or_else(|| panic!("no report: {report} {}", said.err));
    let count = |counts: &Value, what: &str| counts[what].as_u64().unwrap();
    let counts =
        |counts: &Value| ["created", "updated", "unchanged", "deleted", "failed"].map(|what| count(counts, what));
    kinds.iter().map(|(kind, found)| (kind.clone(), counts(found))).collect()
}

async fn patch(server: &TestServer, path: &str, body: &Value) {
    write(&mut server.connect().await, "PATCH", path, body).await;
}

/// Writes to the open key set's app context, on a connection that is kept: large copies need thousands of them.
async fn write(connection: &mut Connection, method: &str, path: &str, body: &Value) {
    let body = body.to_string();
    let target = format!("/v2/objects/{}/{path}", OPEN.subscribe);
    let request = format!("{method} {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    connection.send(request).await.unwrap();
    let reply = connection.receive().await.unwrap();
    assert_eq!(reply.status, 200, "{target}: {}", reply.text());
}

/// Fills a server: so many users, a tenth as many channels, twice as many memberships; some of them of channels without metadata.
async fn fill(server: &TestServer, users: usize) {
    let mut connection = server.connect().await;
    let channels = users / 10;
    let numbers: Vec<usize> = (0..users).collect();
    for part in numbers.chunks(1000) {
        let records = part.iter().map(|n| {
            let custom =
                if n % 3 == 0 { Value::Null } else { json!({"team": format!("t{}", n % 7), "n": n, "f": 1.5}) };
            json!({"id": format!("user {n:06} é"), "name": format!("Näme {n}"), "email": format!("u{n}@example.org"),
                   "status": if n % 2 == 0 { "active" } else { "" }, "custom": custom})
        });
        write(&mut connection, "POST", "uuids", &records.collect()).await;
    }
    for part in numbers[..channels].chunks(1000) {
        let records = part
            .iter()
            .map(|n| json!({"id": format!("c{n:05}"), "description": format!("Channel {n}"), "type": "room"}));
        write(&mut connection, "POST", "channels", &records.collect()).await;
    }
    for channel in 0..channels {
        // Twenty members each, which overlap with those of the next channels.
        let members = (0..20).map(|n| {
            let user = (channel * 10 + n) % users;
            json!({"uuid": {"id": format!("user {user:06} é")}, "status": "in", "custom": {"seat": n}})
        });
        let path = format!("channels/{}/uuids?limit=1", with_members(channel));
        write(&mut connection, "PATCH", &path, &json!({"set": members.collect::<Vec<_>>()})).await;
    }
}

/// The channel that has the members of this number: one in fifty has no metadata.
fn with_members(number: usize) -> String {
    if number % 50 == 7 { format!("bare{number}") } else { format!("c{number:05}") }
}

/// All that a server has, without what is its own.
async fn contents(server: &TestServer, users: usize) -> BTreeMap<String, Value> {
    let (mut contents, mut connection) = (BTreeMap::new(), server.connect().await);
    let all = "include=custom,status,type&limit=100";
    for kind in ["uuids", "channels"] {
        for record in pages(&mut connection, &format!("{kind}?{all}")).await {
            contents.insert(format!("{kind} {}", record["id"]), record);
        }
    }
    for channel in (0..users / 10).map(with_members) {
        for member in pages(&mut connection, &format!("channels/{channel}/uuids?{all}")).await {
            contents.insert(format!("{} in {channel}", member["uuid"]["id"]), member);
        }
    }
    contents
}

async fn pages(connection: &mut Connection, target: &str) -> Vec<Value> {
    let (mut records, mut start) = (Vec::new(), String::new());
    loop {
        let page = connection.get(&format!("/v2/objects/{}/{target}{start}", OPEN.subscribe)).await.unwrap().json();
        for record in page["data"].as_array().unwrap() {
            let mut record = record.clone();
            record.as_object_mut().unwrap().retain(|key, _| key != "updated" && key != "eTag");
            records.push(record);
        }
        match page["next"].as_str() {
            Some(next) if page["data"].as_array().unwrap().len() == 100 => start = format!("&start={next}"),
            _ => return records,
        }
    }
}

async fn both() -> (TestServer, TestServer) {
    (TestServer::start().await, TestServer::start().await)
}

#[tokio::test]
async fn everything_arrives_and_what_is_equal_is_not_written_again() {
    let (from, to) = both().await;
    fill(&from, 200).await;
    ask(&from, "group add house kitchen hall").await.lines();
    let first = copy(&from, &to, "--json --quiet --group house").await;
    let expected = BTreeMap::from(
        [("users", 200), ("channels", 20), ("memberships", 400), ("group_channels", 2)]
            .map(|(kind, count)| (kind.to_owned(), [count, 0, 0, 0, 0])),
    );
    assert_eq!((first.code, counts(&first)), (0, expected), "{}", first.err);
    assert_eq!(contents(&to, 200).await, contents(&from, 200).await);
    assert_eq!(ask(&to, "group list house").await.lines(), ["hall", "kitchen"]);

    let before = to.ask("/v2/objects/sub/uuids?limit=100").await;
    let again = copy(&from, &to, "--json --quiet --group house").await;
    assert!(counts(&again).values().all(|counts| counts[2] > 0 && counts.iter().sum::<u64>() == counts[2]));
    assert_eq!(to.ask("/v2/objects/sub/uuids?limit=100").await, before, "eTags and times as well");
}

#[tokio::test]
async fn what_differs_is_told_and_written_and_nothing_is_deleted_unless_asked() {
    let (from, to) = both().await;
    for server in [&from, &to] {
        patch(server, "uuids/ann", &json!({"name": "Ann", "email": "a@b", "custom": {"a": 1}})).await;
        patch(server, "uuids/same", &json!({"name": "Same"})).await;
        patch(server, "channels/lobby/uuids", &json!({"set": [{"uuid": {"id": "ann"}, "status": "old"}]})).await;
        patch(server, "channels/lobby", &json!({"name": "Lobby"})).await;
    }
    patch(&from, "uuids/ann", &json!({"email": null, "custom": {"a": 2}})).await;
    patch(&from, "uuids/new", &json!({"name": "New"})).await;
    patch(&from, "channels/lobby/uuids", &json!({"set": [{"uuid": {"id": "ann"}, "status": "new"}]})).await;
    patch(&to, "uuids/surplus", &json!({"name": "Surplus"})).await;
    patch(&to, "channels/surplus", &json!({"name": "Surplus"})).await;
    patch(&to, "channels/lobby/uuids", &json!({"set": [{"uuid": {"id": "surplus"}}]})).await;

    let differs = ["updated user ann custom, email", "created user new name", "updated membership ann in lobby status"];
    let report = [
        "             CREATED  UPDATED  UNCHANGED  DELETED  FAILED",
        "users        1        1        1          0        0",
        "channels     0        0        1          0        0",
        "memberships  0        1        0          0        0",
    ];
    let dry = copy(&from, &to, "--dry-run --verbose --quiet").await;
    assert_eq!(dry.lines()[..3], differs);
    assert_eq!(dry.lines()[3..7], report);
    assert_eq!(dry.lines()[7], "a dry run: nothing was written");
    assert_eq!(to.get("/v2/objects/sub/uuids/new").await.status, 404);

    let done = copy(&from, &to, "--verbose --quiet").await;
    assert_eq!(done.lines()[..3], differs);
    assert_eq!(to.ask("/v2/objects/sub/uuids/ann?include=custom").await["data"]["custom"], json!({"a": 2}));
    assert_eq!(to.get("/v2/objects/sub/uuids/surplus").await.status, 200);

    let deleting = copy(&from, &to, "--delete --verbose --quiet").await;
    assert_eq!(
        deleting.lines()[..3],
        ["deleted membership surplus in lobby", "deleted channel surplus", "deleted user surplus"]
    );
    let equal = copy(&from, &to, "--delete --json --quiet").await;
    assert!(counts(&equal).values().all(|counts| counts.iter().sum::<u64>() == counts[2]), "{}", equal.out);
}

#[tokio::test]
async fn a_record_that_the_target_does_not_take_is_named_and_the_others_arrive() {
    let from = TestServer::start().await;
    let small = "edge.message_bytes = 1024\nedge.large_message_bytes = 1024\nedge.body_bytes = 2048";
    let to = TestServer::builder().settings(small).start().await;
    patch(&from, "uuids/fine", &json!({"name": "Fine"})).await;
    patch(&from, "uuids/large", &json!({"custom": {"text": "x".repeat(3000)}})).await;
    patch(&from, "channels/lobby", &json!({"name": "Lobby"})).await;
    let set: Vec<Value> = ["a", "b", "c", "d", "e"]
        .iter()
        .map(|id| json!({"uuid": {"id": id}, "custom": {"text": if *id == "c" { "x".repeat(3000) } else { String::new() }}}))
        .collect();
    patch(&from, "channels/lobby/uuids", &json!({"set": set})).await;
    let said = copy(&from, &to, "--quiet --json").await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("2 could not be copied"), "{}", said.err);
    let counts = counts(&said);
    assert_eq!((counts["users"], counts["memberships"]), ([1, 0, 0, 0, 1], [4, 0, 0, 0, 1]));
    for id in ["large", "c in lobby"] {
        let failed = said.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let failed = failed.filter(|line| line["result"] == "failed").find(|line| line["id"] == id);
        assert!(failed.is_some_and(|line| !line["why"].as_str().unwrap().is_empty()), "{id}: {}", said.out);
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let (from, to) = both().await;
    let place = format!("http://{}", from.address());
    for (line, words) in [
        (format!("copy --from {place}/sub --to {place}/sub"), &["same"][..]),
        (format!("copy --from {place} --to {place}/sub"), &["SUBSCRIBE-KEY"]),
        (format!("copy --from ftp://x/sub --to {place}/sub"), &["origin"]),
        (format!("copy --from {place}/sub --to {place}/other --from-token @nowhere"), &["token", "nowhere"]),
    ] {
        let mut command = command(&[]);
        command.args(super::words(&line));
        said(command).await.fails(2, words);
    }
    let denied = {
        let mut command = command(&[]);
        let to = format!("http://{}/guarded-sub", to.address());
        patch(&from, "uuids/ann", &json!({"name": "Ann"})).await;
        command.args(["copy", "--quiet", "--json", "--from", &format!("{place}/sub"), "--to", &to]);
        said(command).await
    };
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.err.contains("403") && denied.err.contains("same command goes on"), "{}", denied.err);
}

#[tokio::test]
async fn a_secret_key_copies_into_a_guarded_key_set() {
    let (from, to) = both().await;
    patch(&from, "uuids/ann", &json!({"name": "Ann"})).await;
    patch(&from, "channels/lobby/uuids", &json!({"set": [{"uuid": {"id": "ann"}}]})).await;
    let mut command = command(&[]);
    let place = |server: &TestServer, keys| format!("http://{}/{keys}", server.address());
    command.args([
        "copy",
        "--from",
        &place(&from, "sub"),
        "--to",
        &place(&to, "guarded-pub/guarded-sub"),
        "--json",
        "-q",
    ]);
    command.env("HEREABOUTS_COPY_TO_SECRET_KEY", "guarded-secret");
    let said = said(command).await;
    assert_eq!((said.code, counts(&said)["users"][0], counts(&said)["memberships"][0]), (0, 1, 1), "{said:?}");
}

/// How many requests a server has answered.
async fn requests(server: &TestServer) -> f64 {
    server.metric("hereabouts_requests_total").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_twice_goes_on_and_ends_equal() {
    let wanted = std::env::var("HEREABOUTS_COPY").ok().and_then(|users| users.parse().ok());
    let users = wanted.unwrap_or(300);
    // For each part of it.
    let patience = PATIENCE * if wanted.is_some() { 30 } else { 2 };
    let (from, to) = both().await;
    fill(&from, users).await;
    let before = requests(&from).await + requests(&to).await;
    let started = std::time::Instant::now();
    // Among the users first, then among the memberships.
    let middle = format!("/v2/objects/sub/channels/c{:05}/uuids?limit=1", users / 20);
    for (target, enough) in [("/v2/objects/sub/uuids?limit=1&count=1", users / 4), (&middle, 1)] {
        // Slow enough in a plain run to be killed on the way.
        let slowly = if wanted.is_none() { "--rate 20 --concurrency 1 --quiet" } else { "--quiet" };
        let mut child = copying(&from, &to, slowly).stdout(Stdio::null()).spawn().unwrap();
        let (mut there, mut complaints) = (0, String::new());
        let arriving = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                ticks.tick().await;
                let found = to.ask(target).await;
                there = found["totalCount"].as_u64().unwrap_or(found["data"].as_array().unwrap().len() as u64);
                assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
                if there >= enough as u64 {
                    return;
                }
            }
        };
        let arrived = tokio::time::timeout(patience, arriving).await.is_ok();
        // SIGKILL
        child.kill().await.unwrap();
        child.stderr.take().unwrap().read_to_string(&mut complaints).await.unwrap();
        assert!(arrived, "{there} of {enough} arrived at {target}; it says: {complaints}");
    }
    let last = tokio::time::timeout(patience, copying(&from, &to, "--json --quiet").output());
    let output = last.await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let last = Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
    let counts = counts(&last);
    assert_eq!(last.code, 0, "{}", last.err);
    assert!(counts["users"][2] >= users as u64 / 2, "what was there is not written again: {counts:?}");
    let (seconds, asked) = (started.elapsed().as_secs_f64(), requests(&from).await + requests(&to).await - before);
    println!("{users} users, killed twice, copied in {seconds:.1} s with {asked} requests; the last run: {counts:?}");
    let (found, wanted) = tokio::join!(contents(&to, users), contents(&from, users));
    assert!(found == wanted, "they differ");
    assert_eq!(wanted.len(), users + users / 10 + users * 2, "and are complete");
}
