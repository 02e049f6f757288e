//! Channel groups that were named, copied: the interface has no events about them, and one list a group.

use std::collections::BTreeSet;

use anyhow::Result;
use hereabouts::Error;

use super::Copying;
use super::end::End;
use super::records::fail;
use super::report::{Became, Kind};

/// How many channels one request adds or removes: so many names fit into a URL.
const NAMES: usize = 50;

pub(super) async fn copy(copying: &Copying) -> Result<()> {
    copying.report.progress().begin("channel groups");
    for group in &copying.groups {
        let (source, target) = (channels(&copying.from, group).await?, channels(&copying.to, group).await?);
        for channel in source.intersection(&target) {
            copying.report.note(Kind::GroupChannel, Became::Unchanged, &name(group, channel), &[])?;
        }
        change(copying, group, source.difference(&target), Became::Created).await?;
        if copying.delete {
            change(copying, group, target.difference(&source), Became::Deleted).await?;
        }
        copying.report.progress().done(1);
    }
    copying.report.progress().end();
    Ok(())
}

async fn channels(end: &End, group: &str) -> Result<BTreeSet<String>, Error> {
    let listed = end.ask(|client| client.list_channels_in_channel_group().channel_group(group)).await?;
    Ok(listed.channels.into_iter().collect())
}

async fn change(copying: &Copying, group: &str, channels: impl Iterator<Item = &String>, became: Became) -> Result<()> {
    let channels: Vec<&String> = channels.collect();
    for part in channels.chunks(NAMES) {
        let done = match became {
            _ if copying.dry_run => Ok(()),
            Became::Deleted => {
                let call = copying
                    .to
                    .ask(|client| client.remove_channel_from_channel_group().channels(part).channel_group(group));
                call.await.map(drop)
            }
            _ => {
                let call =
                    copying.to.ask(|client| client.add_channel_to_channel_group().channels(part).channel_group(group));
                call.await.map(drop)
            }
        };
        match done {
            Ok(()) => {
                for channel in part {
                    copying.report.note(Kind::GroupChannel, became, &name(group, channel), &[])?;
                }
            }
            Err(error) => fail(copying, Kind::GroupChannel, &name(group, &format!("{} channels", part.len())), error)?,
        }
    }
    Ok(())
}

fn name(group: &str, channel: &str) -> String {
    format!("{channel} in {group}")
}
