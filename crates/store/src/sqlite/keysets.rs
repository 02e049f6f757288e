//! Key sets in SQLite, and forgetting what is kept under a key.

use rusqlite::{Connection, named_params, params};
use wire::SubscribeKey;

use super::Sqlite;
use super::memory::Memory;
use crate::keysets::{SecretRow, keyset, put_secret};
use crate::{Keysets, Reply, StoreError, StoredKeyset};

/// Rows that are forgotten in one job: some milliseconds in which no other call is served.
const ROWS_AT_ONCE: u32 = 1000;

/// What is kept under a key, row by row. The numbers of its spaces stay: they were given once and for all.
const FORGET: [&str; 7] = [
    "DELETE FROM group_channels WHERE (subscribe_key, group_name, channel) IN
     (SELECT subscribe_key, group_name, channel FROM group_channels WHERE subscribe_key = ?1 LIMIT ?2)",
    "DELETE FROM revocations WHERE (subscribe_key, token) IN
     (SELECT subscribe_key, token FROM revocations WHERE subscribe_key = ?1 LIMIT ?2)",
    "DELETE FROM key_grants WHERE (subscribe_key, kind, name, auth) IN
     (SELECT subscribe_key, kind, name, auth FROM key_grants WHERE subscribe_key = ?1 LIMIT ?2)",
    "DELETE FROM outbox WHERE sequence IN (SELECT sequence FROM outbox WHERE subscribe_key = ?1 LIMIT ?2)",
    "DELETE FROM custom_values WHERE (custom_index, value_key, name_key, id_key) IN
     (SELECT custom_index, value_key, name_key, id_key FROM custom_values WHERE custom_index IN
      (SELECT custom_index FROM custom_indexes WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = ?1)) LIMIT ?2)",
    "DELETE FROM records WHERE record IN
     (SELECT record FROM records WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = ?1) LIMIT ?2)",
    "DELETE FROM memberships WHERE membership IN
     (SELECT membership FROM memberships WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = ?1) LIMIT ?2)",
];

impl Keysets for Sqlite {
    fn keysets(&self) -> Reply<'_, Vec<StoredKeyset>> {
        Box::pin(self.readers.read(keysets))
    }

    fn put_keyset(&self, keyset: &StoredKeyset) -> Reply<'_, ()> {
        let keyset = keyset.clone();
        Box::pin(self.writer.write(move |db| put(db, &keyset)))
    }

    fn remove_keyset(&self, key: &SubscribeKey) -> Reply<'_, ()> {
        let key = key.clone();
        Box::pin(self.writer.write(move |db| remove(db, &key)))
    }

    fn forget_data(&self, key: &SubscribeKey) -> Reply<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            for statement in FORGET {
                let forget = |key: SubscribeKey| move |db: &Connection| forget_some(db, statement, &key);
                while self.writer.write(forget(key.clone())).await? >= ROWS_AT_ONCE as usize {}
            }
            let forget = move |db: &Connection, memory: &mut Memory| {
                memory.forget_indexes();
                forget_spaces(db, &key)
            };
            self.writer.write_then(forget, |_| {}).await
        })
    }
}

fn keysets(db: &Connection) -> Result<Vec<StoredKeyset>, StoreError> {
    // A read sees one snapshot, so the two go together.
    let mut statement =
        db.prepare_cached("SELECT subscribe_key, name, publish_key, settings FROM keysets ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column| row.get::<_, String>(column);
        all.push(keyset(&text(0)?, &text(1)?, &text(2)?, &text(3)?)?);
    }
    let mut statement = db.prepare_cached(
        "SELECT subscribe_key, secret, from_file, expires FROM keyset_secrets ORDER BY subscribe_key, place",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, secret): (String, String) = (row.get(0)?, row.get(1)?);
        put_secret(&mut all, &key, &secret, row.get(2)?, row.get(3)?);
    }
    Ok(all)
}

fn put(db: &Connection, keyset: &StoredKeyset) -> Result<(), StoreError> {
    let StoredKeyset { subscribe_key, name, publish_key, secrets, settings } = keyset;
    db.prepare_cached(
        "INSERT INTO keysets (subscribe_key, name, publish_key, settings) VALUES (:key, :name, :publish_key, :settings)
         ON CONFLICT (subscribe_key) DO UPDATE SET
         name = excluded.name, publish_key = excluded.publish_key, settings = excluded.settings",
    )?
    .execute(named_params! {
        ":key": subscribe_key.as_str(), ":name": name, ":publish_key": publish_key.as_str(), ":settings": settings,
    })?;
    remove_secrets(db, subscribe_key)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO keyset_secrets (subscribe_key, place, secret, from_file, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (place, secret) in (0_i64..).zip(secrets) {
        let SecretRow { secret, from_file, expires } = SecretRow::of(secret);
        insert.execute(params![subscribe_key.as_str(), place, secret, from_file, expires])?;
    }
    Ok(())
}

fn remove(db: &Connection, key: &SubscribeKey) -> Result<(), StoreError> {
    remove_secrets(db, key)?;
    db.prepare_cached("DELETE FROM keysets WHERE subscribe_key = ?1")?.execute([key.as_str()])?;
    Ok(())
}

fn remove_secrets(db: &Connection, key: &SubscribeKey) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM keyset_secrets WHERE subscribe_key = ?1")?.execute([key.as_str()])?;
    Ok(())
}

fn forget_some(db: &Connection, statement: &str, key: &SubscribeKey) -> Result<usize, StoreError> {
    Ok(db.prepare_cached(statement)?.execute(params![key.as_str(), ROWS_AT_ONCE])?)
}

/// What was counted, and which entries of `custom` had an index.
fn forget_spaces(db: &Connection, key: &SubscribeKey) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE spaces SET records = 0 WHERE subscribe_key = ?1")?.execute([key.as_str()])?;
    for table in ["statuses", "custom_indexes"] {
        let forget = format!("DELETE FROM {table} WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = ?1)");
        db.prepare_cached(&forget)?.execute([key.as_str()])?;
    }
    Ok(())
}
