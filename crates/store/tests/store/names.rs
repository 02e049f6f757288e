//! Words for the scenarios.

use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use store::{DataDirectory, Group, Settings, Sqlite, Store};
use wire::{ChannelName, GroupName, SubscribeKey};

pub(crate) fn key(text: &str) -> SubscribeKey {
    SubscribeKey::new(text).unwrap()
}

pub(crate) fn group(text: &str) -> GroupName {
    GroupName::new(text).unwrap()
}

pub(crate) fn channel(text: &str) -> ChannelName {
    ChannelName::new(text).unwrap()
}

pub(crate) fn channels<const N: usize>(texts: [&str; N]) -> Vec<ChannelName> {
    texts.map(channel).to_vec()
}

/// Channels of the longest names, `number` of them, some 2 KB each.
pub(crate) fn long_channels(number: usize) -> Vec<ChannelName> {
    (0..number).map(|n| channel(&format!("{n:0>width$}", width = ChannelName::MAX_BYTES))).collect()
}

/// `family: kitchen porch`, a group a line.
pub(crate) fn show(groups: &[Group]) -> String {
    let line = |group: &Group| {
        let channels: Vec<&str> = group.channels.iter().map(ChannelName::as_str).collect();
        format!("{}: {}", group.name, channels.join(" "))
    };
    groups.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn open(path: &Path) -> Arc<dyn Store> {
    Arc::new(open_sqlite(path, &Settings::default()))
}

pub(crate) fn open_sqlite(path: &Path, settings: &Settings) -> Sqlite {
    Sqlite::open(&DataDirectory::open(path).unwrap(), settings).unwrap()
}

/// The answers of calls that are under way at once: all are begun before any is waited for.
pub(crate) async fn all<T>(calls: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.into_iter().map(|call| (Box::pin(call), None)).collect();
    std::future::poll_fn(|context| {
        for (call, answer) in calls.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(ready) = call.as_mut().poll(context) {
                *answer = Some(ready);
            }
        }
        match calls.iter().all(|(_, answer)| answer.is_some()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    calls.into_iter().filter_map(|(_, answer)| answer).collect()
}
