//! Key sets as they are kept. The same for every database.

use std::fmt;
use std::path::PathBuf;

use wire::{PublishKey, SubscribeKey, Timestamp};

use crate::StoreError;

/// A key set that was added while the server ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeyset {
    /// What identifies it, in requests and here.
    pub subscribe_key: SubscribeKey,
    /// What people call it; no other has the name.
    pub name: String,
    /// What its publishers show.
    pub publish_key: PublishKey,
    /// Its secret keys; the first one signs.
    pub secrets: Vec<StoredSecret>,
    /// What it was given that is not the default, as a JSON object.
    pub settings: String,
}

/// A secret key and how long it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    /// Where it is.
    pub source: SecretSource,
    /// When it is good no longer; none for one that is good until it is replaced.
    pub until: Option<Timestamp>,
}

/// Where a secret key is.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Here.
    Text(String),
    /// In a file, of which only the path is here.
    File(PathBuf),
}

/// Not the secret.
impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("[secret]"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// A row of `keysets`, with the secrets that belong to it still to come.
pub(crate) fn keyset(
    subscribe_key: &str,
    name: &str,
    publish_key: &str,
    settings: &str,
) -> Result<StoredKeyset, StoreError> {
    Ok(StoredKeyset {
        subscribe_key: SubscribeKey::new(subscribe_key).map_err(|_| damaged())?,
        name: name.to_owned(),
        publish_key: PublishKey::new(publish_key).map_err(|_| damaged())?,
        secrets: Vec::new(),
        settings: settings.to_owned(),
    })
}

/// Puts a row of `keyset_secrets` to its key set. The rows come in the order of places.
pub(crate) fn put_secret(all: &mut [StoredKeyset], key: &str, secret: &str, from_file: bool, expires: i64) {
    // One whose key set was removed between two statements belongs to nobody.
    let Some(keyset) = all.iter_mut().find(|keyset| keyset.subscribe_key.as_str() == key) else { return };
    let source = match from_file {
        true => SecretSource::File(secret.into()),
        false => SecretSource::Text(secret.to_owned()),
    };
    let until = (expires != 0).then(|| Timestamp::from_millis(expires.unsigned_abs()));
    keyset.secrets.push(StoredSecret { source, until });
}

/// A row of `keyset_secrets` without its key set and its place.
pub(crate) struct SecretRow {
    pub(crate) secret: String,
    pub(crate) from_file: bool,
    pub(crate) expires: i64,
}

impl SecretRow {
    pub(crate) fn of(secret: &StoredSecret) -> Self {
        let (text, from_file) = match &secret.source {
            SecretSource::Text(text) => (text.clone(), false),
            SecretSource::File(path) => (path.to_string_lossy().into_owned(), true),
        };
        Self { secret: text, from_file, expires: secret.until.map_or(0, crate::access::expires) }
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged("a key set".to_owned())
}
