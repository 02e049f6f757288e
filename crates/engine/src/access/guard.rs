//! The decision.

use std::sync::Arc;

use wire::access::{GrantFault, Permissions, Resource, TOKEN_MAX_BYTES, Token};
use wire::context::Kind;
use wire::{PublishKey, Refusal, SubscribeKey, Timestamp};

use super::acts::{Act, GrantToken, RevokeToken};
use super::permit::Ground;
use super::secret::SecretId;
use super::{
    Credentials, Family, Grounds, Ledger, Operation, Permit, Rule, Secret, SignatureFault, Verified, signature,
    verified,
};

/// Whether a key set asks for permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everyone may do everything.
    Open,
    /// Nobody may do anything without a signature, a token or a grant.
    Guarded,
}

/// What an operator leaves to everybody on a guarded key set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Listing all users.
    pub all_users: bool,
    /// Listing all channels.
    pub all_channels: bool,
}

/// Decides for one key set.
#[derive(Clone, Debug)]
pub struct Guard {
    mode: Mode,
    policy: Policy,
    subscribe_key: SubscribeKey,
    publish_key: PublishKey,
    secrets: Vec<Secret>,
}

impl Guard {
    /// The guard of a key set. Any of the `secrets` is good until it ends; the first one signs. Without one, nothing is ever
    /// signed.
    #[must_use]
    pub fn new(
        mode: Mode,
        policy: Policy,
        subscribe_key: SubscribeKey,
        publish_key: PublishKey,
        secrets: Vec<Secret>,
    ) -> Self {
        Self { mode, policy, subscribe_key, publish_key, secrets }
    }

    /// Whether it lets everyone do everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.mode == Mode::Open
    }

    /// The same guard in another mode.
    #[must_use]
    pub fn with_mode(&self, mode: Mode, policy: Policy) -> Self {
        Self { mode, policy, ..self.clone() }
    }

    /// The same guard with other secrets.
    #[must_use]
    pub fn with_secrets(&self, secrets: Vec<Secret>) -> Self {
        Self { secrets, ..self.clone() }
    }

    /// The secrets that are still good.
    #[must_use]
    pub fn holding(&self, now: Timestamp) -> Vec<Secret> {
        self.secrets.iter().filter(|secret| secret.holds(now)).cloned().collect()
    }

    /// Whether one of its secrets has ended.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.secrets.iter().any(|secret| !secret.holds(now))
    }

    fn holds(&self, id: SecretId, now: Timestamp) -> bool {
        self.secrets.iter().any(|secret| secret.id() == id && secret.holds(now))
    }

    pub(super) fn subscribe_key(&self) -> &SubscribeKey {
        &self.subscribe_key
    }

    pub(super) fn publish_key(&self) -> &PublishKey {
        &self.publish_key
    }

    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// What the caller's claims rest on. `token` finds the token of a text, as [`Guard::verify`] does.
    ///
    /// # Errors
    /// [`Refusal::InvalidTimestamp`] or [`Refusal::WrongSignature`] for a request that is signed and should not be;
    /// what `token` answers.
    pub fn grounds(
        &self,
        shown: &Credentials<'_>,
        now: Timestamp,
        token: impl FnOnce(&str) -> Result<Option<Arc<Verified>>, Refusal>,
    ) -> Result<Grounds, Refusal> {
        if self.is_open() {
            return Ok(Grounds(Ground::Open));
        }
        if shown.signature().is_some() {
            return match signature::check(self, shown, now) {
                Ok(secret) => Ok(Grounds(Ground::Signed(secret))),
                Err(SignatureFault::Timestamp) => Err(Refusal::InvalidTimestamp),
                Err(SignatureFault::Missing | SignatureFault::Wrong) => Err(Refusal::WrongSignature),
            };
        }
        let auth = shown.auth();
        if let Some(token) = auth.map(token).transpose()?.flatten() {
            let anothers = token.is_anothers(shown.user().as_deref());
            return Ok(Grounds(Ground::Token { token, anothers }));
        }
        let auth = auth.and_then(|text| wire::decode(text).ok());
        Ok(Grounds(Ground::Key(auth.as_deref().map(Into::into))))
    }

    /// Reads a token as it stands in a request, and checks its signature. None for what is an auth key.
    ///
    /// # Errors
    /// [`Refusal::TokenInvalid`] for a token that this key set has not signed.
    pub fn verify(&self, sent: &str) -> Result<Option<Verified>, Refusal> {
        match wire::decode(sent) {
            Ok(text) => Verified::of(&text, self),
            Err(_) => Ok(None),
        }
    }

    /// Decides where everyone may do everything, which needs neither a time nor a ledger.
    ///
    /// # Errors
    /// The act, where there is something to decide.
    pub fn decide_open<A: Act>(&self, act: A) -> Result<Permit<A>, A> {
        if self.is_open() { Ok(Permit { act, grounds: Grounds(Ground::Open) }) } else { Err(act) }
    }

    /// Decides on an act.
    ///
    /// # Errors
    /// The refusal, in the form of the operation, with the names that are refused in the order of the request.
    pub fn decide<A: Act>(
        &self,
        grounds: Grounds,
        act: A,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<Permit<A>, Refusal> {
        self.check(&grounds, &act, ledger, now)?;
        Ok(Permit { act, grounds })
    }

    /// Whether an act that goes on is still permitted on the grounds that it was permitted on.
    ///
    /// # Errors
    /// As [`Guard::decide`].
    pub fn recheck<A: Act>(&self, grounds: &Grounds, act: &A, ledger: &Ledger, now: Timestamp) -> Result<(), Refusal> {
        match &grounds.0 {
            // What it permits is in the token and stays there; that it holds does not.
            Ground::Open | Ground::Signed(_) | Ground::Token { .. } => self.permitted(grounds, ledger, now).map(drop),
            Ground::Key(_) => self.check(grounds, act, ledger, now),
        }
    }

    fn check<A: Act>(&self, grounds: &Grounds, act: &A, ledger: &Ledger, now: Timestamp) -> Result<(), Refusal> {
        let Some(permitted) = self.permitted(grounds, ledger, now)? else { return Ok(()) };
        let operation = act.operation();
        let names = act.names();
        let refused: Vec<_> = match operation.rule() {
            Rule::Free => return Ok(()),
            // A token that is another's is good for nothing, not even for what needs no permission.
            Rule::Anyone if permitted.anothers() => names.iter().collect(),
            Rule::Anyone => return Ok(()),
            Rule::Known if permitted.is_token() && !permitted.anothers() => return Ok(()),
            Rule::Known => names.iter().filter(|(kind, name)| permitted.on(*kind, name).is_none()).collect(),
            Rule::Listing(Kind::User) if self.policy.all_users && !permitted.anothers() => return Ok(()),
            Rule::Listing(Kind::Channel) if self.policy.all_channels && !permitted.anothers() => return Ok(()),
            Rule::Listing(_) => {
                names.iter().filter(|(kind, name)| !permitted.on(*kind, name).has_any(Permissions::GET)).collect()
            }
            Rule::SecretKey | Rule::Signed => return Err(refusal(operation, [])),
            Rule::Names { channel, group, user } => {
                let needed = |kind| match kind {
                    Resource::Channel => channel,
                    Resource::Group => group,
                    Resource::User => user,
                    Resource::Category => Permissions::NONE,
                };
                let refused = names.iter().filter(|(kind, name)| !permitted.on(*kind, name).has_any(needed(*kind)));
                refused.collect()
            }
        };
        // An act without names is one on nothing; but who may do nothing may not do that either.
        if refused.is_empty() && !(names.is_empty() && permitted.is_nobody()) && !permitted.anothers() {
            return Ok(());
        }
        Err(refusal(operation, refused.into_iter().map(|(kind, name)| (*kind, name.as_ref()))))
    }

    /// Decides on a request whose names cannot be read, so that no act can be made of it: who may do nothing is told so,
    /// everyone else may hear what is wrong with it.
    ///
    /// # Errors
    /// The refusal, in the form of the operation.
    pub fn check_unreadable(
        &self,
        grounds: &Grounds,
        operation: Operation,
        ledger: &Ledger,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match self.permitted(grounds, ledger, now)? {
            None => Ok(()),
            Some(permitted) if !permitted.is_nobody() && !permitted.anothers() => Ok(()),
            Some(_) => Err(refusal(operation, [])),
        }
    }

    /// Decides on a call that needs a signature whatever the key set is like.
    ///
    /// # Errors
    /// What is wrong with the signature.
    pub fn decide_signed<A: Act>(
        &self,
        shown: &Credentials<'_>,
        act: A,
        now: Timestamp,
    ) -> Result<Permit<A>, SignatureFault> {
        let secret = signature::check(self, shown, now)?;
        Ok(Permit { act, grounds: Grounds(Ground::Signed(secret)) })
    }

    /// Signs a token.
    ///
    /// # Errors
    /// [`GrantFault::TooLarge`] when no request could carry it.
    pub fn sign(&self, _permit: &Permit<GrantToken>, token: &Token) -> Result<String, GrantFault> {
        // Whoever has a permit has shown a secret.
        let secret = self.secrets.first().ok_or(GrantFault::Signature)?;
        let text = verified::sign(token, &self.subscribe_key, secret);
        if text.len() > TOKEN_MAX_BYTES { Err(GrantFault::TooLarge) } else { Ok(text) }
    }

    /// The token that is to be revoked.
    ///
    /// # Errors
    /// [`GrantFault::NoToken`] for what this key set has not signed, [`GrantFault::Expired`].
    pub fn revocable(&self, _permit: &Permit<RevokeToken>, text: &str, now: Timestamp) -> Result<Verified, GrantFault> {
        let token = Verified::of(text, self).ok().flatten().filter(|token| self.holds(token.secret(), now));
        let token = token.ok_or(GrantFault::NoToken)?;
        if token.expires() <= now { Err(GrantFault::Expired) } else { Ok(token) }
    }

    /// What grounds permit at one moment; none when they permit everything.
    fn permitted<'g>(
        &self,
        grounds: &'g Grounds,
        ledger: &'g Ledger,
        now: Timestamp,
    ) -> Result<Option<Permitted<'g>>, Refusal> {
        match &grounds.0 {
            Ground::Open => Ok(None),
            Ground::Signed(secret) if self.holds(*secret, now) => Ok(None),
            Ground::Signed(_) => Err(Refusal::WrongSignature),
            Ground::Token { token, .. } if !self.holds(token.secret(), now) => Err(Refusal::TokenInvalid),
            Ground::Token { token, .. } if token.expires() <= now => Err(Refusal::TokenExpired),
            Ground::Token { token, .. } if ledger.is_revoked(token.id()) => Err(Refusal::TokenRevoked),
            Ground::Token { .. } | Ground::Key(_) => Ok(Some(Permitted { ground: &grounds.0, ledger, now })),
        }
    }
}

struct Permitted<'g> {
    ground: &'g Ground,
    ledger: &'g Ledger,
    now: Timestamp,
}

impl Permitted<'_> {
    fn on(&self, kind: Resource, name: &str) -> Permissions {
        match self.ground {
            Ground::Open | Ground::Signed(_) => Permissions::from_bits(u8::MAX),
            Ground::Token { anothers: true, .. } => Permissions::NONE,
            Ground::Token { token, .. } => token.permissions(kind, name),
            Ground::Key(auth) => self.ledger.keys.permissions(kind, name, auth.as_deref(), self.now),
        }
    }

    fn is_token(&self) -> bool {
        matches!(self.ground, Ground::Token { .. })
    }

    fn anothers(&self) -> bool {
        matches!(self.ground, Ground::Token { anothers: true, .. })
    }

    /// Whether it has neither a token nor a share in what is granted for the whole key set. Grants for names say nothing of
    /// a request that names nothing.
    fn is_nobody(&self) -> bool {
        match self.ground {
            Ground::Open | Ground::Signed(_) | Ground::Token { .. } => false,
            Ground::Key(auth) => self.ledger.keys.of_everything(auth.as_deref(), self.now).is_none(),
        }
    }
}

/// The refusal of an operation for want of permission on these names.
fn refusal<'n>(operation: Operation, names: impl IntoIterator<Item = (Resource, &'n str)>) -> Refusal {
    match operation.family() {
        Family::Context => Refusal::ContextForbidden,
        Family::Manager => {
            let (mut channels, mut groups) = (Vec::new(), Vec::new());
            for (kind, name) in names {
                match kind {
                    Resource::Channel => channels.push(name.to_owned()),
                    Resource::Group => groups.push(name.to_owned()),
                    Resource::User | Resource::Category => {}
                }
            }
            Refusal::Forbidden { channels, groups }
        }
    }
}
