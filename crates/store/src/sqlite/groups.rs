//! Channel groups in SQLite.

use rusqlite::{Connection, named_params};
use wire::{ChannelName, GroupName, SubscribeKey};

use super::Sqlite;
use crate::{Group, Groups, Reply, StoreError};

impl Groups for Sqlite {
    fn groups(&self, key: &SubscribeKey) -> Reply<'_, Vec<Group>> {
        let key = key.clone();
        Box::pin(self.readers.read(move |db| groups(db, &key)))
    }

    fn add_to_group(&self, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Reply<'_, ()> {
        let (key, group, channels) = (key.clone(), group.clone(), channels.to_vec());
        Box::pin(self.writer.write(move |db| add(db, &key, &group, &channels)))
    }

    fn remove_from_group(&self, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Reply<'_, ()> {
        let (key, group, channels) = (key.clone(), group.clone(), channels.to_vec());
        Box::pin(self.writer.write(move |db| remove(db, &key, &group, &channels)))
    }

    fn delete_group(&self, key: &SubscribeKey, group: &GroupName) -> Reply<'_, ()> {
        let (key, group) = (key.clone(), group.clone());
        Box::pin(self.writer.write(move |db| delete(db, &key, &group)))
    }
}

fn groups(db: &Connection, key: &SubscribeKey) -> Result<Vec<Group>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT group_name, channel FROM group_channels WHERE subscribe_key = :key ORDER BY group_name, channel",
    )?;
    let mut rows = statement.query(named_params! { ":key": key.as_str() })?;
    let mut groups: Vec<Group> = Vec::new();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(0)?.as_str().map_err(damaged)?;
        let channel = ChannelName::new(row.get_ref(1)?.as_str().map_err(damaged)?).map_err(damaged)?;
        match groups.last_mut() {
            Some(group) if group.name.as_str() == name => group.channels.push(channel),
            _ => groups.push(Group { name: GroupName::new(name).map_err(damaged)?, channels: vec![channel] }),
        }
    }
    Ok(groups)
}

fn add(db: &Connection, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "INSERT INTO group_channels (subscribe_key, group_name, channel) VALUES (:key, :group, :channel)
         ON CONFLICT DO NOTHING",
    )?;
    for channel in channels {
        statement
            .execute(named_params! { ":key": key.as_str(), ":group": group.as_str(), ":channel": channel.as_str() })?;
    }
    Ok(())
}

fn remove(db: &Connection, key: &SubscribeKey, group: &GroupName, channels: &[ChannelName]) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "DELETE FROM group_channels WHERE subscribe_key = :key AND group_name = :group AND channel = :channel",
    )?;
    for channel in channels {
        statement
            .execute(named_params! { ":key": key.as_str(), ":group": group.as_str(), ":channel": channel.as_str() })?;
    }
    Ok(())
}

fn delete(db: &Connection, key: &SubscribeKey, group: &GroupName) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM group_channels WHERE subscribe_key = :key AND group_name = :group")?
        .execute(named_params! { ":key": key.as_str(), ":group": group.as_str() })?;
    Ok(())
}

/// A name in the data that is none by the rules it was written under.
fn damaged(error: impl std::error::Error) -> StoreError {
    StoreError::Damaged(format!("a channel group: {error}"))
}
