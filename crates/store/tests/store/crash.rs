//! What was acknowledged survives `kill -9`.
//!
//! This shows that nothing is acknowledged that is still in the process. It cannot show that the disk itself has it;
//! that rests on `synchronous=FULL` and on the disk.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

use engine::context::{CustomMode, List, Query, Set};
use wire::RecordId;
use wire::context::{Kind, Moment};

use crate::child;
use crate::context::{id, manage};
use crate::contract::Place;
use crate::names::{channel, group, key, open};

const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_under_8_writers() {
    if let Some(directory) = child::directory() {
        return write_until_killed(open(&directory)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    // The second child meets the log and the lock file that the first one left behind, and so on.
    for (round, kill_after) in [400, 1, 150].into_iter().enumerate() {
        let test = "crash::what_was_acknowledged_survives_kill_9_under_8_writers";
        let mut child = child::command(&[], test, directory.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut acknowledged = [0; WRITERS];
        let mut total = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            // A line is one write to the pipe, so it is there whole or not at all.
            let Some((writer, count)) = line.strip_prefix("written ").and_then(|rest| rest.split_once(' ')) else {
                continue;
            };
            let (writer, count): (usize, usize) = (writer.parse().unwrap(), count.parse().unwrap());
            acknowledged[writer] = acknowledged[writer].max(count);
            total += 1;
            if total == kill_after {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success() && total >= kill_after, "round {round} ended by itself");

        let store = open(directory.path());
        let groups = store.groups(&key("demo")).await.unwrap();
        for (writer, acknowledged) in acknowledged.into_iter().enumerate() {
            let name = group(&format!("writer-{writer}"));
            let found = groups.iter().find(|group| group.name == name);
            let found = found.map(|group| group.channels.clone()).unwrap_or_default();
            // Each writer waits for its answer, so at most one write more than the acknowledged ones was under way.
            assert!(
                (acknowledged..=acknowledged + 1).contains(&found.len()),
                "round {round}, writer {writer}: {acknowledged} acknowledged, {} found",
                found.len()
            );
            assert!(found.iter().enumerate().all(|(n, channel)| channel.as_str() == format!("{n:08}")));
            store.delete_group(&key("demo"), &name).await.unwrap();
        }
    }
}

async fn write_until_killed(store: Arc<dyn store::Store>) {
    // The test runner may have begun a line of its own.
    println!();
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0.. {
                let channels = [channel(&format!("{n:08}"))];
                store.add_to_group(&key("demo"), &group(&format!("writer-{writer}")), &channels).await.unwrap();
                println!("written {writer} {}", n + 1);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// How often the child is killed. `HEREABOUTS_KILLS=1000` for the gate; each kill is after another number of writes.
fn kills() -> usize {
    std::env::var("HEREABOUTS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(4)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_context_survives_kill_9_in_sqlite() {
    if let Some(directory) = child::directory() {
        return change_until_killed(open(&directory)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    kill_and_compare("crash::app_context_survives_kill_9_in_sqlite", &directory, directory.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_context_survives_kill_9_of_a_server_with_postgres() {
    if let Some(directory) = child::directory() {
        let address = std::fs::read_to_string(directory.join("address")).unwrap();
        return change_until_killed(crate::postgres::Database { address }.open().await).await;
    }
    let Some(place) = crate::postgres::place() else { return };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("address"), &place.address).unwrap();
    let test = "crash::app_context_survives_kill_9_of_a_server_with_postgres";
    kill_and_compare(test, &place, directory.path()).await;
}

fn user(writer: usize) -> RecordId {
    id(&format!("writer-{writer}"))
}

fn room(writer: usize, n: usize) -> RecordId {
    id(&format!("room-{writer}-{n:08}"))
}

/// Each writer counts in its own user, and joins that user to another channel each time.
async fn change_until_killed(store: Arc<dyn store::Store>) {
    println!();
    let writers = (0..WRITERS).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let first = counted(&*store, writer).await;
            for n in first.. {
                let (demo, now) = (key("demo"), Moment::from_micros(n as i64));
                let body = format!(r#"{{"name":"{}","custom":{{"n":{n}}}}}"#, "x".repeat(1 + n % 500));
                let set =
                    Set::parse(Kind::User, user(writer), body.as_bytes(), CustomMode::Replace, Default::default());
                store.set(&demo, set.unwrap(), now).await.unwrap().outcome.unwrap();
                println!("set {writer} {n}");
                let joined = manage(Kind::User, &user(writer), &[&room(writer, n)], &[]);
                store.manage(&demo, joined, now).await.unwrap().outcome.unwrap();
                println!("joined {writer} {n}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// What comes after the number in a writer's user.
async fn counted(store: &dyn store::Store, writer: usize) -> usize {
    let Some(record) = store.record(&key("demo"), Kind::User, &user(writer)).await.unwrap() else { return 1 };
    let custom = record.content.custom.unwrap();
    serde_json::from_str::<serde_json::Value>(custom.as_str()).unwrap()["n"].as_u64().unwrap() as usize + 1
}

async fn kill_and_compare(test: &str, place: &impl Place, directory: &std::path::Path) {
    for round in 0..kills() {
        let kill_after = 1 + round * 97 % 400;
        let mut child = child::command(&[], test, directory).stdout(Stdio::piped()).spawn().unwrap();
        let (mut set, mut joined, mut total) = ([0; WRITERS], [0; WRITERS], 0);
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            let (acknowledged, writer, n) = match words[..] {
                ["set", writer, n] => (&mut set, writer, n),
                ["joined", writer, n] => (&mut joined, writer, n),
                _ => continue,
            };
            acknowledged[writer.parse::<usize>().unwrap()] = n.parse().unwrap();
            total += 1;
            if total == kill_after {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success() && total >= kill_after, "round {round} ended by itself");

        let store = place.open().await;
        let mut events = store.events().await.unwrap();
        let mut told = Vec::new();
        while let Ok(event) = events.try_recv() {
            told.push(event);
        }
        assert!(told.windows(2).all(|pair| pair[0].number < pair[1].number));
        for writer in 0..WRITERS {
            let found = counted(&*store, writer).await - 1;
            let range = set[writer]..=set[writer].max(found);
            // One more may have been under way than was acknowledged.
            assert!(
                range.contains(&found) && (set[writer] == 0 || found <= set[writer] + 1),
                "{round}: {found} {range:?}"
            );
            if joined[writer] > 0 {
                let mut query = Query::new(List::Memberships { owner: Kind::User, id: user(writer) });
                query.filter = engine::context::Filter::parse(
                    &format!("channel.id == '{}'", room(writer, joined[writer])),
                    query.list.kind(),
                )
                .unwrap();
                assert_eq!(store.memberships(&key("demo"), &query).await.unwrap().items.len(), 1, "round {round}");
            }
            // What is there has its event, which nobody was told of.
            if set[writer] > 0 {
                let etag = store.record(&key("demo"), Kind::User, &user(writer)).await.unwrap().unwrap().etag;
                let kept = |event: &store::Numbered| event.event.payload.as_str().contains(etag.as_str());
                assert!(told.iter().any(kept), "round {round}: the event of the last change is lost");
            }
        }
        let last = told.last().map_or(0, |event| event.number);
        store.told(last).await.unwrap();
    }
}
