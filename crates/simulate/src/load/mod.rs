//! Real connections to a real server: clients that come, go, stall, are reset and return, and at the end a comparison of
//! what the server says, what an observer heard, and what the clients know, user by user.
//!
//! Two key sets: `single` tells each join and end, `crowd` is in interval mode with deltas above five.

mod client;
mod observer;
pub mod restart;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::Connection;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use wire::{ChannelName, UserId};

use crate::process::Server;
use client::{Account, Client, Shared};
use observer::Record;
use truth::agree;

pub use client::Deeds;

/// What is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program.
    pub server: PathBuf,
    /// Where all choices come from; when things happen is the machine's choice.
    pub seed: u64,
    /// Clients, each with two connections at a time.
    pub clients: usize,
    /// How long they come and go.
    pub time: Duration,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// What the clients did, all together.
    pub deeds: Deeds,
    /// Clients that were present in the end.
    pub present: u64,
    /// Users on rooms that were compared one by one, with their states, and those whose story was.
    pub compared: u64,
    /// Stories of a user on a channel that were compared, event by event.
    pub stories: u64,
    /// Presence events that the observers heard.
    pub events: u64,
    /// Users in the lists of interval events.
    pub listed: u64,
    /// Times that an observer was sent to here now.
    pub refreshes: u64,
}

const KEYSETS: [&str; 2] = ["single", "crowd"];
const ROOMS: usize = 8;
const GROUPS: [(&str, &[usize]); 2] = [("team-a", &[0, 1]), ("team-b", &[2, 3, 4])];
/// How long a poll waits.
const HOLD: Duration = Duration::from_secs(2);
/// Longer than anything takes that tells of the last change: an interval is a second.
const QUIET: Duration = Duration::from_secs(3);

const CONFIGURATION: &str = r#"
edge.poll_hold_seconds = 2
pubsub.queue_messages = 100000

[[keyset]]
name = "single"
subscribe_key = "single"
publish_key = "single"
[keyset.presence]
announce_max = 1000000

[[keyset]]
name = "crowd"
subscribe_key = "crowd"
publish_key = "crowd"
[keyset.presence]
announce_max = 5
interval_seconds = 1
deltas = true
"#;

#[expect(clippy::unwrap_used, reason = "names made here are names")]
fn room(number: usize) -> ChannelName {
    ChannelName::new(format!("room-{number}")).unwrap()
}

/// Starts the server, loads it, and compares.
///
/// # Errors
/// What does not agree, or what went wrong.
pub async fn run(options: &Options) -> Result<Seen> {
    let files = tempfile::tempdir()?;
    let server = Server::start(&options.server, files.path(), CONFIGURATION).await?;
    let mut calls = Connection::open(server.address).await?;
    for keyset in KEYSETS {
        for (group, rooms) in GROUPS {
            let rooms = rooms.iter().map(|number| room(*number).to_string()).collect::<Vec<_>>().join(",");
            ask(&mut calls, &format!("/v1/channel-registration/sub-key/{keyset}/channel-group/{group}?add={rooms}"))
                .await?;
        }
    }
    let (until, until_of_observers) = watch::channel(u64::MAX);
    let mut observers = Vec::new();
    for keyset in KEYSETS {
        let cursor = calls.get(&format!("/v2/subscribe/{keyset}/nowhere/0?tt=0")).await?.timetoken();
        observers.push(tokio::spawn(observer::listen(server.address, keyset, cursor, until_of_observers.clone())));
    }

    let (tell, mut told) = mpsc::unbounded_channel();
    let (compared, compared_of_clients) = watch::channel(false);
    let end = Instant::now() + options.time;
    let shared = Shared { address: server.address, until: end, compared: compared_of_clients, accounts: tell };
    for number in 0..options.clients {
        tokio::spawn(Client::new(shared.clone(), options.seed, number).live());
    }
    drop(shared);
    let mut accounts = Vec::new();
    while let Some(account) = told.recv().await {
        accounts.push(account?);
        if accounts.len() == options.clients {
            break;
        }
    }
    ensure!(accounts.len() == options.clients, "a client said nothing");

    sleep(QUIET).await;
    // A connection of its own: the first one has been idle for longer than the server allows.
    let mut calls = Connection::open(server.address).await?;
    let comparison = Comparison { accounts: &accounts, calls: &mut calls };
    let mut seen = comparison.with_server().await?;
    until.send_replace(stamp(&mut calls).await?);
    for (keyset, observer) in KEYSETS.into_iter().zip(observers) {
        let record = observer.await??;
        compare_with_record(keyset, &accounts, &record, &mut seen)?;
    }
    compared.send_replace(true);
    for account in &accounts {
        seen.add(&account.deeds);
    }
    server.stop().await?;
    Ok(seen)
}

async fn ask(calls: &mut Connection, target: &str) -> Result<serde_json::Value> {
    let reply = calls.get(target).await.with_context(|| format!("GET {target}"))?;
    ensure!(reply.status == 200, "GET {target}: {} {}", reply.status, reply.text());
    Ok(reply.json())
}

/// A timetoken above all that were given.
async fn stamp(calls: &mut Connection) -> Result<u64> {
    Ok(calls.get("/publish/single/single/0/nowhere/0/1").await?.timetoken())
}

struct Comparison<'a> {
    accounts: &'a [Account],
    calls: &'a mut Connection,
}

impl Comparison<'_> {
    /// Here now with states, and where now, of everyone.
    async fn with_server(self) -> Result<Seen> {
        let mut seen = Seen::default();
        for keyset in KEYSETS {
            for number in 0..ROOMS {
                let room = room(number);
                let target = format!("/v2/presence/sub-key/{keyset}/channel/{room}?state=1&limit=1000");
                let here = ask(self.calls, &target).await?;
                let mut listed: BTreeMap<&str, Option<String>> = BTreeMap::new();
                for entry in here["uuids"].as_array().into_iter().flatten() {
                    let state = entry.get("state").map(ToString::to_string);
                    listed.insert(entry["uuid"].as_str().unwrap_or_default(), state);
                }
                let there = self.accounts.iter().filter(|account| account.keyset == keyset);
                let there = there.filter_map(|account| Some((account.user.as_str(), account.places.get(&room)?)));
                let expected: BTreeMap<&str, _> = there.collect();
                let names = |users: BTreeSet<&str>| users.into_iter().collect::<Vec<_>>().join(" ");
                let (shown, truth) = (listed.keys().copied().collect(), expected.keys().copied().collect());
                ensure!(shown == truth, "{keyset} {room} shows {}; there are {}", names(shown), names(truth));
                ensure!(here["occupancy"] == expected.len(), "{keyset} {room}: {here}");
                for (user, known) in expected {
                    seen.compared += 1;
                    if let Some(state) = known {
                        let shown = &listed[user];
                        ensure!(state == shown, "{keyset} {room}: {user} has {shown:?}, and set {state:?}");
                    }
                }
            }
        }
        for account in self.accounts {
            seen.present += u64::from(!account.places.is_empty());
            let target = format!("/v2/presence/sub-key/{}/uuid/{}", account.keyset, account.user);
            let places = ask(self.calls, &target).await?;
            let shown =
                places["payload"]["channels"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            let (shown, truth): (BTreeSet<&str>, BTreeSet<&str>) =
                (shown.collect(), account.places.keys().map(ChannelName::as_str).collect());
            ensure!(shown == truth, "where now of {}: {shown:?} in place of {truth:?}", account.user);
        }
        Ok(seen)
    }
}

/// What was heard leads to who is there, and tells each user's story on each room.
fn compare_with_record(keyset: &str, accounts: &[Account], record: &Record, seen: &mut Seen) -> Result<()> {
    let own = || accounts.iter().filter(|account| account.keyset == keyset);
    for number in 0..ROOMS {
        let room = room(number);
        let heard: BTreeSet<&UserId> = record.automaton.here(&room).collect();
        let truth: BTreeSet<&UserId> =
            own().filter(|account| account.places.contains_key(&room)).map(|account| &account.user).collect();
        ensure!(heard == truth, "{keyset} {room}: the events lead to {heard:?}, and there are {truth:?}");
    }
    seen.events += record.events;
    seen.listed += record.listed;
    seen.refreshes += record.refreshes;
    if keyset != "single" {
        // An interval event tells the difference that it made, and not each step.
        return Ok(());
    }
    let mut stories = 0;
    for account in own() {
        for (room, marks) in &account.marks {
            stories += 1;
            let heard = record.heard.get(&(room.clone(), account.user.clone())).map_or(&[][..], Vec::as_slice);
            ensure!(agree(marks, heard), "{} on {room}: {heard:?} was told, and {marks:?} was so", account.user);
        }
    }
    ensure!(stories == record.heard.len(), "{} stories were told, and there were {stories}", record.heard.len());
    seen.stories += stories as u64;
    Ok(())
}

impl Seen {
    fn add(&mut self, deeds: &Deeds) {
        let sum = &mut self.deeds;
        sum.calls += deeds.calls;
        sum.leaves += deeds.leaves;
        sum.closes += deeds.closes;
        sum.resets += deeds.resets;
        sum.stalls += deeds.stalls;
        sum.returns += deeds.returns;
        sum.unsure += deeds.unsure;
    }
}
