//! Channel groups in PostgreSQL. Each call is one statement, which is a transaction of its own. Done twice it does the
//! same, so it is done again when its connection was lost and nobody knows whether it was done.

use wire::{ChannelName, GroupName, SubscribeKey};

use super::Postgres;
use crate::{Group, Groups, Reply, StoreError};

impl Groups for Postgres {
    fn groups(&self, key: &SubscribeKey) -> Reply<'_, Vec<Group>> {
        let key = key.clone();
        Box::pin(async move {
            let db = self.reader().await?;
            let statement = db
                .prepare_cached(
                    "SELECT group_name, channel FROM group_channels WHERE subscribe_key = $1 ORDER BY group_name, channel",
                )
                .await?;
            let mut groups: Vec<Group> = Vec::new();
            for row in db.query(&statement, &[&key.as_str()]).await? {
                let (name, channel): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
                let channel = ChannelName::new(channel).map_err(damaged)?;
                match groups.last_mut() {
                    Some(group) if group.name.as_str() == name => group.channels.push(channel),
                    _ => groups.push(Group { name: GroupName::new(name).map_err(damaged)?, channels: vec![channel] }),
                }
            }
            Ok(groups)
        })
    }

    fn add_to_group(&self, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Reply<'_, ()> {
        self.change_group(
            "INSERT INTO group_channels (subscribe_key, group_name, channel) SELECT $1, $2, unnest($3::text[])
             ON CONFLICT DO NOTHING",
            key,
            group,
            channels,
        )
    }

    fn remove_from_group(&self, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Reply<'_, ()> {
        self.change_group(
            "DELETE FROM group_channels WHERE subscribe_key = $1 AND group_name = $2 AND channel = ANY ($3::text[])",
            key,
            group,
            channels,
        )
    }

    fn delete_group(&self, key: &SubscribeKey, group: &GroupName) -> Reply<'_, ()> {
        let statement = "DELETE FROM group_channels WHERE subscribe_key = $1 AND group_name = $2";
        let (key, group) = (key.clone(), group.clone());
        Box::pin(async move { self.change(statement, &[&key.as_str(), &group.as_str()]).await })
    }
}

impl Postgres {
    fn change_group(
        &self,
        statement: &'static str,
        key: &SubscribeKey,
        group: &GroupName,
        channels: &[ChannelName],
    ) -> Reply<'_, ()> {
        let (key, group) = (key.clone(), group.clone());
        let mut channels: Vec<String> = channels.iter().map(|channel| channel.as_str().to_owned()).collect();
        // Two calls that touch the same rows take them in the same order, so neither waits for the other for ever.
        channels.sort_unstable();
        Box::pin(async move { self.change(statement, &[&key.as_str(), &group.as_str(), &channels]).await })
    }
}

/// A name in the data that is none by the rules it was written under.
fn damaged(error: impl std::error::Error) -> StoreError {
    StoreError::Damaged(format!("a channel group: {error}"))
}
