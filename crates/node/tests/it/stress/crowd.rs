//! What everybody does, at random.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use node::{Batch, Keyset, acts};
use wire::pubsub::Kind;
use wire::{Json, Timetoken};

use super::CHANGES;
use super::check::{Change, Heard, Post, Reply};
use crate::support::{Dice, add, caller, listen, message, payload, permit, places, remove, seconds, stamp, to_publish};

/// Where publishers publish.
pub(super) const CHANNELS: [&str; 8] = ["room", "hall", "lone", "a.x", "a.y", "a.b.x", "a.b.y", "b.x"];

/// What subscribers listen to.
const STREAMS: [&str; 22] = [
    "room",
    "hall",
    "lone",
    "a.x",
    "a.b.x",
    "a.b.y",
    "a.*",
    "a.*",
    "a.b.*",
    "b.*",
    "room-pnpres",
    "a.x-pnpres",
    "a.*-pnpres",
    "a.b.*-pnpres",
    "@family",
    "@friends",
    "@family-pnpres",
    "@friends-pnpres",
    "@moving",
    "@moving",
    "@moving-pnpres",
    "nothing-here",
];

/// The groups and their channels at the beginning. The last one changes.
pub(super) const GROUPS: [(&str, &str); 3] =
    [("family", "room a.b.x hall-pnpres"), ("friends", "room hall a.x b.x"), ("moving", "hall")];

/// The channels that come to `moving` and go.
pub(super) const MOVING: &str = "room lone a.y b.x a.b.y";

/// How far everything is.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) messages: AtomicUsize,
    pub(super) changes: AtomicUsize,
    /// Nothing more will be published.
    pub(super) silence: AtomicBool,
}

/// What a run is about.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    /// How many messages each publisher publishes.
    pub(super) messages: usize,
    /// Whether subscribers say who they are.
    pub(super) present: bool,
    /// Whether a group changes.
    pub(super) moving: bool,
    /// For how many messages a subscriber stays away now and then.
    pub(super) away: usize,
}

/// Publishes, and writes down what was answered.
///
/// Publishers keep step with the changes of the group, so that these happen among messages and not after them.
pub(super) fn publish(keyset: &Keyset, mut dice: Dice, who: usize, habits: Habits, progress: &Progress) -> Vec<Post> {
    (0..habits.messages)
        .map(|n| {
            while habits.moving && n * CHANGES > (progress.changes.load(Ordering::SeqCst) + 1) * habits.messages {
                std::thread::yield_now();
            }
            for _ in 0..dice.below(60) {
                std::thread::yield_now();
            }
            let (channel, id, even) = (dice.pick(&CHANNELS), who * 10_000 + n, dice.one_in(2));
            let mut message = message(channel, &id.to_string());
            message.meta = Json::parse(&format!(r#"{{"even":{even}}}"#));
            message.kind = if dice.one_in(5) { Kind::Signal } else { Kind::Message };
            let timetoken = keyset.publish(to_publish(keyset, message.channel.as_str()), message, true).timetoken;
            progress.messages.fetch_add(1, Ordering::SeqCst);
            Post { timetoken, channel: channel.to_owned(), payload: id.to_string(), even: Some(even) }
        })
        .collect()
}

/// Changes a group, and writes down between which timetokens each change happened.
pub(super) async fn change(
    keyset: Arc<Keyset>,
    mut dice: Dice,
    habits: Habits,
    progress: Arc<Progress>,
) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..if habits.moving { CHANGES } else { 0 } {
        for _ in 0..dice.below(200) {
            tokio::task::yield_now().await;
        }
        let channel = dice.pick(&MOVING.split(' ').collect::<Vec<_>>());
        let member = changes.iter().rev().find(|change| change.channel == channel).is_some_and(|change| change.added);
        let before = stamp(&keyset);
        match member {
            true => remove(&keyset, "moving", channel).await,
            false => add(&keyset, "moving", channel).await,
        }
        changes.push(Change { channel: channel.to_owned(), added: !member, before, after: stamp(&keyset) });
        progress.changes.fetch_add(1, Ordering::SeqCst);
    }
    changes
}

/// Listens until all is silent and everything is read. Writes down each answer.
pub(super) async fn subscribe(
    keyset: Arc<Keyset>,
    mut dice: Dice,
    who: usize,
    habits: Habits,
    progress: Arc<Progress>,
) -> Vec<Reply> {
    let name = format!("u{who}/{}", dice.below(2));
    let mut log: Vec<Reply> = Vec::new();
    let mut names = choose(&mut dice, habits);
    let even_only = dice.one_in(4);
    let ask = |names: &str, cursor: Option<Timetoken>| {
        let mut call = listen(names).timeout(seconds(3600));
        if habits.present {
            call = call.by(&name);
        }
        if even_only {
            call = call.filter("even == true");
        }
        call.0.cursor = cursor;
        let keyset = Arc::clone(&keyset);
        async move { keyset.subscribe(permit(&keyset, call.1), call.0).unwrap().held().await.unwrap() }
    };
    let mut cursor = ask(&names, None).await.cursor;
    loop {
        let is_silent = progress.silence.load(Ordering::SeqCst);
        if !is_silent && dice.one_in(6) {
            names = choose(&mut dice, habits);
        }
        if !is_silent && habits.present && dice.one_in(20) {
            keyset.leave(permit(&keyset, acts::Leave(places(dice.pick(&CHANNELS)))), &caller(&name));
        }
        if habits.away > 0 && dice.one_in(20) {
            let back = progress.messages.load(Ordering::SeqCst) + habits.away;
            while progress.messages.load(Ordering::SeqCst) < back && !progress.silence.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
        }
        let asked = stamp(&keyset);
        let poll = ask(&names, Some(cursor));
        let batch: Option<Batch> = if !is_silent && dice.one_in(3) {
            // The connection closes in the middle, sooner or later.
            tokio::select! {
                batch = poll => Some(batch),
                () = pause(dice.below(100)) => None,
            }
        } else {
            Some(poll.await)
        };
        let Some(batch) = batch else { continue };
        let is_end = is_silent && batch.items.is_empty();
        log.push(Reply {
            names: names.clone(),
            even_only,
            after: cursor,
            until: batch.cursor,
            asked,
            answered: stamp(&keyset),
            gap: batch.gap,
            items: batch
                .items
                .iter()
                .map(|item| Heard {
                    timetoken: item.timetoken(),
                    channel: item.channel().to_string(),
                    matched: item.matched().to_owned(),
                    payload: payload(item),
                })
                .collect(),
        });
        cursor = batch.cursor;
        if is_end {
            return log;
        }
    }
}

fn choose(dice: &mut Dice, habits: Habits) -> String {
    let mut names: Vec<&str> = Vec::new();
    let count = 1 + dice.below(5);
    while names.len() < count {
        let name = dice.pick(&STREAMS);
        if (habits.moving || !name.starts_with("@moving")) && !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" ")
}

async fn pause(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}
