//! A token whose signature was found right.

use std::fmt;

use sha2::{Digest, Sha256};
use wire::access::{Permissions, Resource, Token, category};
use wire::{Refusal, SubscribeKey, Timestamp};

use super::pattern::Patterns;
use super::secret::SecretId;
use super::{Guard, Secret};

/// What a revocation is about: one token, whatever its text looked like. A digest, so that nothing that is kept of a token
/// can be used in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId([u8; 32]);

impl TokenId {
    /// The id that a store kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What a store keeps.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, ..] = self.0;
        write!(f, "TokenId({first:02x}{second:02x}{third:02x}{fourth:02x}…)")
    }
}

/// A token that this key set has signed, ready to be asked. Whether it still holds is asked each time.
pub struct Verified {
    id: TokenId,
    token: Token,
    secret: SecretId,
    channels: Option<Patterns>,
    groups: Option<Patterns>,
    users: Option<Patterns>,
}

impl Verified {
    /// Reads a token and checks its signature. None for a text that is no token at all: then it is an auth key.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`] for a token that this key set has not signed.
    pub(super) fn of(text: &str, guard: &Guard) -> Result<Option<Self>, Refusal> {
        let Ok(bytes) = Token::bytes_of(text) else { return Ok(None) };
        let Ok((token, _)) = Token::decode(&bytes) else { return Ok(None) };
        let (covered, signature) = Token::parts(&bytes).ok_or(Refusal::TokenInvalid)?;
        let pieces = pieces(guard.subscribe_key(), &covered);
        let signed = guard.secrets().iter().find(|secret| secret.verifies(&pieces, signature));
        let secret = signed.ok_or(Refusal::TokenInvalid)?.id();
        let patterns = |map: &std::collections::BTreeMap<String, Permissions>| {
            Patterns::new(map.iter()).map_err(|_| Refusal::TokenInvalid)
        };
        let (channels, groups) = (patterns(&token.patterns.channels)?, patterns(&token.patterns.groups)?);
        let users = patterns(&token.patterns.uuids)?;
        Ok(Some(Self { id: TokenId(Sha256::digest(&bytes).into()), token, secret, channels, groups, users }))
    }

    /// What it is called in revocations.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// What it was signed with.
    pub(super) fn secret(&self) -> SecretId {
        self.secret
    }

    /// When it holds no longer.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.token.expires()
    }

    /// About how many bytes it takes, for whoever keeps many.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let Token { resources, patterns, .. } = &self.token;
        let entries = |maps: [&std::collections::BTreeMap<String, Permissions>; 3]| -> u64 {
            maps.iter().flat_map(|map| map.keys()).map(|name| name.len() as u64 + ENTRY_BYTES).sum()
        };
        let named = entries([&resources.channels, &resources.groups, &resources.uuids]);
        let compiled: u64 =
            [&self.channels, &self.groups, &self.users].into_iter().flatten().map(Patterns::weight).sum();
        let patterns = entries([&patterns.channels, &patterns.groups, &patterns.uuids]);
        TOKEN_BYTES + named + patterns + compiled
    }

    /// Whether only another user than this may use it.
    pub(super) fn is_anothers(&self, user: Option<&str>) -> bool {
        self.token.user.is_some() && self.token.user.as_deref() != user
    }

    /// What it permits on a name. A name that it lists has what stands there; any other what the patterns say together.
    pub(super) fn permissions(&self, kind: Resource, name: &str) -> Permissions {
        let resources = &self.token.resources;
        let (listed, patterns) = match kind {
            Resource::Channel => (&resources.channels, &self.channels),
            Resource::Group => (&resources.groups, &self.groups),
            Resource::User => (&resources.uuids, &self.users),
            Resource::Category => return self.on_category(name),
        };
        if let Some(listed) = listed.get(name) {
            return *listed;
        }
        let Some(patterns) = patterns else { return Permissions::NONE };
        let plain = patterns.permissions(name);
        // Patterns of groups may be written with the namespace before the name, which is empty.
        if kind == Resource::Group { plain | patterns.permissions(&format!(":{name}")) } else { plain }
    }

    fn on_category(&self, name: &str) -> Permissions {
        let granted = self.token.categories.iter().find(|(kind, _)| category(**kind) == name);
        granted.map_or(Permissions::NONE, |(_, permissions)| *permissions)
    }
}

/// Not what it permits.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verified").field(&self.id).finish()
    }
}

/// A guess at what a token takes beside its names.
const TOKEN_BYTES: u64 = 512;
/// The same for a map entry.
const ENTRY_BYTES: u64 = 48;

/// What the signature of a token covers.
fn pieces<'p>(key: &'p SubscribeKey, covered: &'p [u8]) -> [&'p [u8]; 3] {
    [key.as_str().as_bytes(), b"\n", covered]
}

/// The text of a token with its signature.
pub(super) fn sign(token: &Token, key: &SubscribeKey, secret: &Secret) -> String {
    token.signed(&secret.sign(&pieces(key, &token.unsigned())))
}
