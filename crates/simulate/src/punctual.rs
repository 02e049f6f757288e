//! How late timeouts are told, in real time, by a real node with very many members (R5).
//!
//! Everyone joins once and is never heard of again. Each timeout event carries the moment at which it entered its stream;
//! some streams have a subscriber that waits, which tells when it arrived. Nothing else is simulated.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::pubsub::Limits;
use node::acts::{Heartbeat, Leave, Listen};
use node::{Batch, Caller, Clock, Keyset, Node, Places, SystemClock};
use store::{DataDirectory, Settings, Sqlite};
use wire::{ChannelName, InstanceId, Refusal, Timetoken, UserId};

use crate::dice::Dice;
use crate::presence::{event, keyset_options, observer, permit};
use crate::report::Millis;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Where the deadlines come from.
    pub seed: u64,
    /// How many members there are.
    pub members: usize,
    /// How many members a channel has.
    pub a_channel: usize,
    /// Over how many seconds the deadlines are spread, from 30 seconds after the last join. 0: all of one second.
    pub spread: u64,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How long the joins took.
    pub joining: Duration,
    /// From the deadline to the moment at which the event entered its stream.
    pub told: Millis,
    /// From the deadline to its arrival at a subscriber that waited.
    pub heard: Millis,
    /// How late a heartbeat of somebody else was answered meanwhile.
    pub others: Millis,
}

/// Channels with a subscriber that waits.
const WATCHED: usize = 50;

/// Joins everyone, and waits until all are gone.
///
/// # Errors
/// What cannot be set up, and timeouts that are not told.
pub async fn run(options: Options) -> anyhow::Result<Seen> {
    let files = tempfile::tempdir()?;
    let directory = DataDirectory::open(files.path())?;
    let store = Arc::new(Sqlite::open(&directory, &Settings::default())?);
    let clock = Arc::new(SystemClock::default());
    let mut keyset_options = keyset_options(&crate::presence::Options::default());
    keyset_options.presence.rules.announce_max = usize::MAX;
    keyset_options.pubsub.queue =
        Limits { messages: 4 * options.a_channel, age: Duration::from_secs(1200), bytes: usize::MAX / 2 };
    let node = Node::start(vec![keyset_options], directory, store, Arc::clone(&clock) as Arc<dyn Clock>).await?;
    let Some(keyset) = node.keyset("demo") else { anyhow::bail!("no such key set") };

    let channels: Vec<ChannelName> = (0..options.members.div_ceil(options.a_channel))
        .map(|number| ChannelName::new(format!("room-{number}")))
        .collect::<Result<_, _>>()?;
    let start = node.now();
    let (deadlines, joining) = join_everyone(&options, &keyset, &channels, clock.as_ref())?;
    let deadlines = Arc::new(deadlines);
    let mut seen = Seen { joining, ..Seen::default() };

    let watchers: Vec<_> = channels
        .iter()
        .take(WATCHED)
        .map(|channel| {
            let (keyset, clock, deadlines) = (Arc::clone(&keyset), Arc::clone(&clock), Arc::clone(&deadlines));
            tokio::spawn(watch(keyset, clock, channel.clone(), start, deadlines))
        })
        .collect();
    while keyset.occupancy() > 0 {
        let begun = Instant::now();
        let (other, place) = (caller(usize::MAX)?, places("elsewhere")?);
        keyset
            .heartbeat(permit(&keyset, Heartbeat(place.clone())), &other, &[], Duration::from_secs(5))
            .map_err(refused)?;
        keyset.leave(permit(&keyset, Leave(place)), &other);
        seen.others.record(begun.elapsed().as_millis() as u64);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for watcher in watchers {
        watcher.await??.into_iter().for_each(|late| seen.heard.record(late));
    }
    for channel in &channels {
        let mut cursor = start;
        loop {
            let batch = poll(&keyset, channel, cursor).await?;
            for item in &batch.items {
                if let Some(deadline) = deadline_of(item, &deadlines) {
                    seen.told.record(item.timetoken().timestamp().millis().saturating_sub(deadline));
                }
            }
            cursor = batch.cursor;
            // The last timeout leaves nobody.
            if batch.items.last().is_some_and(|item| occupancy(item) == 0) {
                break;
            }
        }
    }
    node.stop().await;
    let (told, members) = (seen.told.len(), options.members);
    anyhow::ensure!(told == members as u64, "{told} timeouts were told of {members}");
    Ok(seen)
}

/// Answers with the deadline of each, in milliseconds of the wall clock, and how long it took.
fn join_everyone(
    options: &Options,
    keyset: &Keyset,
    channels: &[ChannelName],
    clock: &SystemClock,
) -> anyhow::Result<(Vec<u64>, Duration)> {
    let mut dice = Dice::new(options.seed, 0);
    // Enough for all to join, on any machine that can be measured.
    let joining_seconds = 10 + options.members as u64 / 50_000;
    let (begun, begun_at) = (Instant::now(), clock.now());
    let mut deadlines = Vec::with_capacity(options.members);
    for number in 0..options.members {
        let channel = &channels[number / options.a_channel];
        let spread = if options.spread == 0 { 0 } else { dice.below(options.spread) };
        let timeout = joining_seconds + 30 + spread - begun.elapsed().as_secs();
        let places = Places { channels: vec![channel.clone()], groups: Vec::new() };
        let permit = permit(keyset, Heartbeat(places));
        keyset.heartbeat(permit, &caller(number)?, &[], Duration::from_secs(timeout)).map_err(refused)?;
        deadlines.push(clock.now().timestamp().millis() + timeout * 1000);
    }
    let joining = begun.elapsed();
    anyhow::ensure!(joining.as_secs() < joining_seconds, "joining took {joining:?}: too long to measure");
    anyhow::ensure!(clock.now() >= begun_at, "the clock was set back meanwhile");
    Ok((deadlines, joining))
}

async fn watch(
    keyset: Arc<Keyset>,
    clock: Arc<SystemClock>,
    channel: ChannelName,
    mut cursor: Timetoken,
    deadlines: Arc<Vec<u64>>,
) -> anyhow::Result<Vec<u64>> {
    let mut heard = Vec::new();
    loop {
        let batch = poll(&keyset, &channel, cursor).await?;
        let now = clock.now().timestamp().millis();
        let late = batch.items.iter().filter_map(|item| Some(now.saturating_sub(deadline_of(item, &deadlines)?)));
        heard.extend(late);
        cursor = batch.cursor;
        if batch.items.last().is_some_and(|item| occupancy(item) == 0) {
            return Ok(heard);
        }
    }
}

fn payload(item: &node::Item) -> serde_json::Value {
    let mut out = Vec::new();
    item.write_payload(&mut out);
    serde_json::from_slice(&out).unwrap_or_default()
}

fn occupancy(item: &node::Item) -> u64 {
    payload(item)["occupancy"].as_u64().unwrap_or(u64::MAX)
}

/// The deadline of the user whose timeout this is.
fn deadline_of(item: &node::Item, deadlines: &[u64]) -> Option<u64> {
    let event = event(item.channel().base(), &payload(item));
    let wire::presence::What::Timeout(user, _) = &event.what else { return None };
    let number: usize = user.as_str().strip_prefix("user-")?.parse().ok()?;
    deadlines.get(number).copied()
}

async fn poll(keyset: &Arc<Keyset>, channel: &ChannelName, cursor: Timetoken) -> anyhow::Result<Batch> {
    let listen = Listen { channels: vec![channel.presence()], groups: Vec::new() };
    keyset.subscribe(permit(keyset, listen), observer(cursor)).map_err(refused)?.held().await.map_err(refused)
}

#[allow(clippy::needless_pass_by_value, reason = "it maps errors")]
fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("{refusal:?}")
}

fn caller(number: usize) -> anyhow::Result<Caller> {
    Ok(Caller { user: UserId::new(format!("user-{number}"))?, instance: InstanceId::unnamed() })
}

fn places(channel: &str) -> anyhow::Result<Places> {
    Ok(Places { channels: vec![ChannelName::new(channel)?], groups: Vec::new() })
}
