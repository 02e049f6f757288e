//! What the tables of access control hold, in the words of the engine. The same for every database.

use engine::access::{KeyPlace, Revocation, StoredGrant, TokenId};
use wire::Timestamp;
use wire::access::{Permissions, Resource};

use crate::StoreError;

/// A row of `key_grants` without its key set.
pub(crate) struct GrantRow {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) auth: String,
    pub(crate) permissions: i64,
    pub(crate) expires: i64,
}

impl GrantRow {
    pub(crate) fn of(grant: &StoredGrant) -> Self {
        let KeyPlace { resource, name, auth } = &grant.place;
        Self {
            kind: kind(*resource),
            name: name.clone(),
            auth: auth.clone().unwrap_or_default(),
            permissions: grant.permissions.bits().into(),
            expires: grant.until.map_or(0, expires),
        }
    }
}

fn kind(resource: Option<Resource>) -> &'static str {
    match resource {
        None => "",
        Some(Resource::Channel) => "channel",
        Some(Resource::Group) => "group",
        Some(Resource::User) => "user",
        Some(Resource::Category) => "category",
    }
}

pub(crate) fn grant(
    kind: &str,
    name: &str,
    auth: &str,
    permissions: i64,
    expires: i64,
) -> Result<StoredGrant, StoreError> {
    let resource = match kind {
        "" => None,
        "channel" => Some(Resource::Channel),
        "group" => Some(Resource::Group),
        "user" => Some(Resource::User),
        "category" => Some(Resource::Category),
        _ => return Err(damaged()),
    };
    let auth = Some(auth).filter(|auth| !auth.is_empty()).map(str::to_owned);
    Ok(StoredGrant {
        place: KeyPlace { resource, name: name.to_owned(), auth },
        permissions: Permissions::from_bits(u8::try_from(permissions).map_err(|_| damaged())?),
        until: Some(expires).filter(|expires| *expires != 0).map(until),
    })
}

pub(crate) fn revocation(token: &[u8], expires: i64) -> Result<Revocation, StoreError> {
    let token = TokenId::from_bytes(token.try_into().map_err(|_| damaged())?);
    Ok(Revocation { token, until: until(expires) })
}

/// Milliseconds since the epoch, as the databases count.
pub(crate) fn expires(until: Timestamp) -> i64 {
    i64::try_from(until.millis()).unwrap_or(i64::MAX)
}

fn until(expires: i64) -> Timestamp {
    Timestamp::from_millis(expires.unsigned_abs())
}

fn damaged() -> StoreError {
    StoreError::Damaged("a revocation or grant".to_owned())
}
