//! Access control in PostgreSQL. Each call is one statement, which is a transaction of its own.

use std::collections::BTreeMap;

use engine::access::{Revocation, StoredGrant};
use wire::{SubscribeKey, Timestamp};

use super::Postgres;
use crate::access::{GrantRow, expires, grant, revocation};
use crate::{Access, Reply};

impl Access for Postgres {
    fn revocations(&self, key: &SubscribeKey) -> Reply<'_, Vec<Revocation>> {
        let key = key.clone();
        Box::pin(async move {
            let text = "SELECT token, expires FROM revocations WHERE subscribe_key = $1 ORDER BY token";
            let rows = self.reader().await?.query(text, &[&key.as_str()]).await?;
            rows.iter().map(|row| revocation(row.try_get(0)?, row.try_get(1)?)).collect()
        })
    }

    fn revoke(&self, key: &SubscribeKey, revocation: Revocation) -> Reply<'_, ()> {
        let key = key.clone();
        Box::pin(async move {
            let text =
                "INSERT INTO revocations (subscribe_key, token, expires) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
            let (token, expires) = (revocation.token.as_bytes().as_slice(), expires(revocation.until));
            self.change(text, &[&key.as_str(), &token, &expires]).await
        })
    }

    fn key_grants(&self, key: &SubscribeKey) -> Reply<'_, Vec<StoredGrant>> {
        let key = key.clone();
        Box::pin(async move {
            let text = "SELECT kind, name, auth, permissions, expires FROM key_grants WHERE subscribe_key = $1
                        ORDER BY kind, name, auth";
            let rows = self.reader().await?.query(text, &[&key.as_str()]).await?;
            let read = |row: &tokio_postgres::Row| {
                grant(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?)
            };
            rows.iter().map(read).collect()
        })
    }

    fn set_key_grants(&self, key: &SubscribeKey, grants: &[StoredGrant]) -> Reply<'_, ()> {
        let key = key.clone();
        // Each place once, and in one order: two calls that touch the same rows must not wait for each other for ever.
        let rows: BTreeMap<_, _> = grants.iter().map(|grant| (grant.place.clone(), GrantRow::of(grant))).collect();
        let rows: Vec<GrantRow> = rows.into_values().collect();
        Box::pin(async move {
            // Rows that permit nothing are removed; the others replace what is there.
            let text = "WITH given AS (
                            SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
                            AS given (kind, name, auth, permissions, expires)
                        ), removed AS (
                            DELETE FROM key_grants k USING given g WHERE g.permissions = 0
                            AND k.subscribe_key = $1 AND k.kind = g.kind AND k.name = g.name AND k.auth = g.auth
                        )
                        INSERT INTO key_grants (subscribe_key, kind, name, auth, permissions, expires)
                        SELECT $1, kind, name, auth, permissions, expires FROM given WHERE permissions <> 0
                        ON CONFLICT (subscribe_key, kind, name, auth)
                        DO UPDATE SET permissions = excluded.permissions, expires = excluded.expires";
            let kinds: Vec<&str> = rows.iter().map(|row| row.kind).collect();
            let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            let auths: Vec<&str> = rows.iter().map(|row| row.auth.as_str()).collect();
            let permissions: Vec<i64> = rows.iter().map(|row| row.permissions).collect();
            let expires: Vec<i64> = rows.iter().map(|row| row.expires).collect();
            self.change(text, &[&key.as_str(), &kinds, &names, &auths, &permissions, &expires]).await
        })
    }

    fn forget_expired(&self, now: Timestamp) -> Reply<'_, ()> {
        Box::pin(async move {
            let now = expires(now);
            let text = "WITH old AS (DELETE FROM revocations WHERE expires <= $1),
                        ended AS (DELETE FROM keyset_secrets WHERE expires <= $1 AND expires <> 0)
                        DELETE FROM key_grants WHERE expires <= $1 AND expires <> 0";
            self.change(text, &[&now]).await
        })
    }
}
