//! What was acknowledged survives `kill -9`.
//!
//! This shows that nothing is acknowledged that is still in the process. It cannot show that the disk itself has it;
//! that rests on `synchronous=FULL` and on the disk.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

use crate::child;
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
