//! Key sets in PostgreSQL, and forgetting what is kept under a key. Each change is one statement that does the same when it is
//! done twice.

use wire::SubscribeKey;

use super::{Postgres, custom_index, soon};
use crate::keysets::{SecretRow, keyset, put_secret};
use crate::{Keysets, Reply, StoredKeyset};

/// Rows that are forgotten by one statement: quick, and few locks.
const ROWS_AT_ONCE: i64 = 5000;

/// What is kept under a key, row by row. The numbers of its spaces stay: they were given once and for all.
const FORGET: [&str; 7] = [
    "DELETE FROM group_channels WHERE ctid = ANY (ARRAY
     (SELECT ctid FROM group_channels WHERE subscribe_key = $1 LIMIT $2))",
    "DELETE FROM revocations WHERE ctid = ANY (ARRAY
     (SELECT ctid FROM revocations WHERE subscribe_key = $1 LIMIT $2))",
    "DELETE FROM key_grants WHERE ctid = ANY (ARRAY
     (SELECT ctid FROM key_grants WHERE subscribe_key = $1 LIMIT $2))",
    "DELETE FROM outbox WHERE ctid = ANY (ARRAY (SELECT ctid FROM outbox WHERE subscribe_key = $1 LIMIT $2))",
    "DELETE FROM records WHERE ctid = ANY (ARRAY
     (SELECT ctid FROM records WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = $1) LIMIT $2))",
    "DELETE FROM memberships WHERE ctid = ANY (ARRAY
     (SELECT ctid FROM memberships WHERE space IN (SELECT space FROM spaces WHERE subscribe_key = $1) LIMIT $2))",
    "DELETE FROM custom_values WHERE ctid = ANY (ARRAY
     (SELECT ctid FROM custom_values WHERE custom_index IN (SELECT custom_index FROM custom_indexes WHERE space IN
     (SELECT space FROM spaces WHERE subscribe_key = $1)) LIMIT $2))",
];

impl Keysets for Postgres {
    fn keysets(&self) -> Reply<'_, Vec<StoredKeyset>> {
        Box::pin(async move {
            // One statement, and so one snapshot, for both tables.
            let text = "SELECT k.subscribe_key, k.name, k.publish_key, k.settings, s.secret, s.from_file, s.expires
                        FROM keysets k LEFT JOIN keyset_secrets s ON s.subscribe_key = k.subscribe_key
                        ORDER BY k.name, s.place";
            let rows = soon(async { Ok(self.reader().await?.query(text, &[]).await?) }).await?;
            let mut all: Vec<StoredKeyset> = Vec::new();
            for row in &rows {
                let key: &str = row.try_get(0)?;
                if all.last().is_none_or(|last| last.subscribe_key.as_str() != key) {
                    all.push(keyset(key, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)?);
                }
                if let Some(secret) = row.try_get::<_, Option<&str>>(4)? {
                    put_secret(&mut all, key, secret, row.try_get(5)?, row.try_get(6)?);
                }
            }
            Ok(all)
        })
    }

    fn put_keyset(&self, keyset: &StoredKeyset) -> Reply<'_, ()> {
        let (keyset, rows) = (keyset.clone(), keyset.secrets.iter().map(SecretRow::of).collect::<Vec<_>>());
        Box::pin(async move {
            // The secrets that are replaced and those that are removed are different rows.
            let text = "WITH put AS (
                            INSERT INTO keysets (subscribe_key, name, publish_key, settings) VALUES ($1, $2, $3, $4)
                            ON CONFLICT (subscribe_key) DO UPDATE SET
                            name = excluded.name, publish_key = excluded.publish_key, settings = excluded.settings
                        ), removed AS (
                            DELETE FROM keyset_secrets WHERE subscribe_key = $1 AND place >= $5
                        )
                        INSERT INTO keyset_secrets (subscribe_key, place, secret, from_file, expires)
                        SELECT $1, place - 1, secret, from_file, expires
                        FROM unnest($6::text[], $7::boolean[], $8::bigint[])
                        WITH ORDINALITY AS given (secret, from_file, expires, place)
                        ON CONFLICT (subscribe_key, place) DO UPDATE SET
                        secret = excluded.secret, from_file = excluded.from_file, expires = excluded.expires";
            let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let secrets: Vec<&str> = rows.iter().map(|row| row.secret.as_str()).collect();
            let from_file: Vec<bool> = rows.iter().map(|row| row.from_file).collect();
            let expires: Vec<i64> = rows.iter().map(|row| row.expires).collect();
            let (key, publish_key) = (keyset.subscribe_key.as_str(), keyset.publish_key.as_str());
            let (name, settings) = (&keyset.name, &keyset.settings);
            self.change(text, &[&key, name, &publish_key, settings, &count, &secrets, &from_file, &expires]).await
        })
    }

    fn remove_keyset(&self, key: &SubscribeKey) -> Reply<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let text = "WITH removed AS (DELETE FROM keyset_secrets WHERE subscribe_key = $1)
                        DELETE FROM keysets WHERE subscribe_key = $1";
            self.change(text, &[&key.as_str()]).await
        })
    }

    fn forget_data(&self, key: &SubscribeKey) -> Reply<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            for statement in FORGET {
                let some = || {
                    soon(async {
                        let db = self.reader().await?;
                        Ok(db.execute(statement, &[&key.as_str(), &ROWS_AT_ONCE]).await?)
                    })
                };
                while some().await? == ROWS_AT_ONCE.unsigned_abs() {}
            }
            soon(async {
                let mut db = self.reader().await?;
                custom_index::forget(&mut db, &key).await
            })
            .await?;
            self.change("UPDATE spaces SET records = 0 WHERE subscribe_key = $1", &[&key.as_str()]).await
        })
    }
}
