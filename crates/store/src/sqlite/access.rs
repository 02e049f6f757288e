//! Access control in SQLite.

use engine::access::{Revocation, StoredGrant};
use rusqlite::{Connection, named_params};
use wire::{SubscribeKey, Timestamp};

use super::Sqlite;
use crate::access::{GrantRow, expires, grant, revocation};
use crate::{Access, Reply, StoreError};

impl Access for Sqlite {
    fn revocations(&self, key: &SubscribeKey) -> Reply<'_, Vec<Revocation>> {
        let key = key.clone();
        Box::pin(self.readers.read(move |db| revocations(db, &key)))
    }

    fn revoke(&self, key: &SubscribeKey, revocation: Revocation) -> Reply<'_, ()> {
        let key = key.clone();
        Box::pin(self.writer.write(move |db| revoke(db, &key, revocation)))
    }

    fn key_grants(&self, key: &SubscribeKey) -> Reply<'_, Vec<StoredGrant>> {
        let key = key.clone();
        Box::pin(self.readers.read(move |db| key_grants(db, &key)))
    }

    fn set_key_grants(&self, key: &SubscribeKey, grants: &[StoredGrant]) -> Reply<'_, ()> {
        let (key, rows) = (key.clone(), grants.iter().map(GrantRow::of).collect::<Vec<_>>());
        Box::pin(self.writer.write(move |db| set_key_grants(db, &key, &rows)))
    }

    fn forget_expired(&self, now: Timestamp) -> Reply<'_, ()> {
        Box::pin(self.writer.write(move |db| forget_expired(db, now)))
    }
}

fn revocations(db: &Connection, key: &SubscribeKey) -> Result<Vec<Revocation>, StoreError> {
    let text = "SELECT token, expires FROM revocations WHERE subscribe_key = :key ORDER BY token";
    let mut statement = db.prepare_cached(text)?;
    let mut rows = statement.query(named_params! { ":key": key.as_str() })?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(revocation(&row.get::<_, Vec<u8>>(0)?, row.get(1)?)?);
    }
    Ok(all)
}

fn revoke(db: &Connection, key: &SubscribeKey, revocation: Revocation) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO revocations (subscribe_key, token, expires) VALUES (:key, :token, :expires) ON CONFLICT DO NOTHING",
    )?
    .execute(named_params! {
        ":key": key.as_str(), ":token": revocation.token.as_bytes(), ":expires": expires(revocation.until),
    })?;
    Ok(())
}

fn key_grants(db: &Connection, key: &SubscribeKey) -> Result<Vec<StoredGrant>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT kind, name, auth, permissions, expires FROM key_grants WHERE subscribe_key = :key ORDER BY kind, name, auth",
    )?;
    let mut rows = statement.query(named_params! { ":key": key.as_str() })?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, name, auth): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        all.push(grant(&kind, &name, &auth, row.get(3)?, row.get(4)?)?);
    }
    Ok(all)
}

fn set_key_grants(db: &Connection, key: &SubscribeKey, rows: &[GrantRow]) -> Result<(), StoreError> {
    let mut put = db.prepare_cached(
        "INSERT INTO key_grants (subscribe_key, kind, name, auth, permissions, expires)
         VALUES (:key, :kind, :name, :auth, :permissions, :expires)
         ON CONFLICT DO UPDATE SET permissions = excluded.permissions, expires = excluded.expires",
    )?;
    let mut remove = db.prepare_cached(
        "DELETE FROM key_grants WHERE subscribe_key = :key AND kind = :kind AND name = :name AND auth = :auth",
    )?;
    for GrantRow { kind, name, auth, permissions, expires } in rows {
        let key = key.as_str();
        if *permissions == 0 {
            remove.execute(named_params! { ":key": key, ":kind": kind, ":name": name, ":auth": auth })?;
        } else {
            put.execute(named_params! {
                ":key": key, ":kind": kind, ":name": name, ":auth": auth, ":permissions": permissions, ":expires": expires,
            })?;
        }
    }
    Ok(())
}

fn forget_expired(db: &Connection, now: Timestamp) -> Result<(), StoreError> {
    let now = named_params! { ":now": expires(now) };
    db.prepare_cached("DELETE FROM revocations WHERE expires <= :now")?.execute(now)?;
    db.prepare_cached("DELETE FROM key_grants WHERE expires <= :now AND expires <> 0")?.execute(now)?;
    db.prepare_cached("DELETE FROM keyset_secrets WHERE expires <= :now AND expires <> 0")?.execute(now)?;
    Ok(())
}
