//! Who may do what here: decisions, tokens, grants and revocations (`docs/protocol/access.md`).
//!
//! - A decision is made from memory: the ledger of revocations and grants, and tokens that were verified before.
//! - A change is in the store first, then in the ledger, then told to the polls that it concerns.
//! - A parked poll that rests on a token, a grant or a signature is registered, and wakes when that ends.
//! - The secrets may change at any time. Whoever decides takes the guard of that moment.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use engine::access::acts::{Act, AuditKeys, GrantKeys, GrantToken, RevokeToken};
use engine::access::{
    Credentials, Ends, Grounds, Guard, KeyPlace, Ledger, Mode, Operation, Permit, Policy, Revocation, Secret,
    SignatureFault, StoredGrant, TokenId, Verified, check_patterns,
};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use store::StoreError;
use wire::access::{Audited, Grant, GrantFault, KeyGrant, Token};
use wire::{Refusal, Timestamp};

use crate::keyset::Keyset;
use crate::waiter::{Waiter, wake};

/// Tokens that are kept verified, each with its patterns compiled, by about how many bytes they take: room for some
/// 50,000 ordinary ones. Who shows a token that is not among them waits a few microseconds longer.
const TOKENS_BYTES: u64 = 32 << 20;
/// The tokens that the cache is laid out for.
const TOKENS_EXPECTED: usize = 10_000;

/// Why something was not granted or not revoked.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It cannot be.
    #[error("the request is not allowed")]
    Refused(GrantFault),
    /// The store could not keep it, so it did not happen.
    #[error("the store could not keep the change")]
    Store(#[from] StoreError),
    /// The server is stopping, and it may or may not have happened.
    #[error("the server is stopping")]
    Stopping,
}

/// What a key set knows of who may do what.
#[derive(Debug)]
pub(crate) struct Access {
    guard: ArcSwap<Guard>,
    ledger: RwLock<Ledger>,
    tokens: Cache<Box<str>, Arc<Verified>, ByBytes>,
    holders: Mutex<Holders>,
    /// Orders the changes: the store's order must be memory's.
    changes: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Box<str>, Arc<Verified>> for ByBytes {
    fn weight(&self, text: &Box<str>, token: &Arc<Verified>) -> u64 {
        text.len() as u64 + token.weight()
    }
}

/// Parked polls by what can end them.
#[derive(Debug, Default)]
struct Holders {
    tokens: BTreeMap<(Timestamp, u64, u64), Waiter>,
    keys: HashMap<u64, Waiter>,
    signed: HashMap<u64, Waiter>,
    /// Tells the polls of one token from each other.
    count: u64,
}

/// What tells the polls of one token from others when it is revoked: as much of its id as is compared at once. Two tokens may
/// share it; then polls of both are woken, and those of the other go on.
fn in_short(token: TokenId) -> u64 {
    token.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A poll's place among the holders. Must be given back to [`Access::let_go`].
#[derive(Debug)]
#[must_use = "a poll stays among the holders until its place is given back"]
pub(crate) struct Held {
    ends: Ends,
    number: u64,
}

impl Access {
    pub(crate) fn new(guard: Guard) -> Self {
        Self {
            guard: ArcSwap::from_pointee(guard),
            ledger: RwLock::default(),
            tokens: Cache::with_weighter(TOKENS_EXPECTED, TOKENS_BYTES, ByBytes),
            holders: Mutex::default(),
            changes: tokio::sync::Mutex::default(),
        }
    }

    fn grounds(&self, shown: &Credentials<'_>, now: Timestamp) -> Result<Grounds, Refusal> {
        let guard = self.guard.load();
        guard.grounds(shown, now, |sent| {
            let bare = Token::bare(sent);
            if let Some(known) = bare.and_then(|bare| self.tokens.get(bare)) {
                return Ok(Some(known));
            }
            let Some(token) = guard.verify(sent)?.map(Arc::new) else { return Ok(None) };
            // Only what was signed is kept, and once, however it is spelled: nobody can fill the cache but who grants.
            if let Some(bare) = bare {
                self.tokens.insert(bare.into(), Arc::clone(&token));
            }
            Ok(Some(token))
        })
    }

    /// Whether an act that goes on still may.
    pub(crate) fn check<A: Act>(&self, grounds: &Grounds, act: &A, now: Timestamp) -> Result<(), Refusal> {
        match grounds.ends() {
            None => Ok(()),
            Some(_) => self.guard.load().recheck(grounds, act, &self.read_ledger(), now),
        }
    }

    /// Wakes the waiter when the grounds end.
    pub(crate) fn hold(&self, grounds: &Grounds, waiter: &Waiter) -> Option<Held> {
        let ends = grounds.ends()?;
        let mut holders = self.lock_holders();
        holders.count += 1;
        let number = holders.count;
        match ends {
            Ends::Token(token, expires) => {
                drop(holders.tokens.insert((expires, in_short(token), number), waiter.clone()));
            }
            Ends::Keys => drop(holders.keys.insert(number, waiter.clone())),
            Ends::Secret => drop(holders.signed.insert(number, waiter.clone())),
        }
        Some(Held { ends, number })
    }

    /// Takes a poll's place back.
    #[allow(clippy::needless_pass_by_value, reason = "the place is void afterwards")]
    pub(crate) fn let_go(&self, held: Held) {
        let mut holders = self.lock_holders();
        let waiter = match held.ends {
            Ends::Token(token, expires) => holders.tokens.remove(&(expires, in_short(token), held.number)),
            Ends::Keys => holders.keys.remove(&held.number),
            Ends::Secret => holders.signed.remove(&held.number),
        };
        // What a waiter does when it is dropped is its own affair, and not done under the lock.
        drop(holders);
        drop(waiter);
    }

    /// Asks for permission from now on, or no longer. Polls that are parked are not told.
    pub(crate) fn set_mode(&self, mode: Mode, policy: Policy) {
        self.guard.rcu(|guard| guard.with_mode(mode, policy));
    }

    pub(crate) fn is_open(&self) -> bool {
        self.guard.load().is_open()
    }

    /// Puts a secret before those that there are, which end at `end` unless they do so before; wakes the polls that may rest
    /// on one that has ended.
    pub(crate) fn rotate(&self, secret: &Secret, end: Timestamp, now: Timestamp) {
        self.guard.rcu(|guard| {
            let ending = |old: Secret| {
                let until = old.until().map_or(end, |until| until.min(end));
                old.ending(until)
            };
            let old = guard.holding(now).into_iter().map(ending).filter(|old| old.holds(now));
            guard.with_secrets(std::iter::once(secret.clone()).chain(old).collect())
        });
        self.wake_whom_secrets_hold();
    }

    fn wake_whom_secrets_hold(&self) {
        let holders = self.lock_holders();
        let woken = holders.signed.values().chain(holders.tokens.values()).cloned().collect();
        drop(holders);
        wake(woken);
    }

    /// Lets secrets and tokens expire and grants run out: wakes the polls that rest on them.
    pub(crate) fn lapse(&self, now: Timestamp) {
        if self.guard.load().is_due(now) {
            // Not the guard that was asked: it may have been replaced by one with a new secret since.
            self.guard.rcu(|guard| guard.with_secrets(guard.holding(now)));
            self.wake_whom_secrets_hold();
        }
        if self.read_ledger().keys.is_due(now) {
            self.write_ledger().prune(now);
            wake(self.lock_holders().keys.values().cloned().collect());
        }
        let mut woken = Vec::new();
        let mut holders = self.lock_holders();
        while let Some(first) = holders.tokens.first_entry().filter(|entry| entry.key().0 <= now) {
            // It gives its place back as well, when it wakes.
            woken.push(first.remove());
        }
        drop(holders);
        wake(woken);
    }

    fn tell_revoked(&self, revocation: Revocation) {
        let Revocation { token, until } = revocation;
        let holders = self.lock_holders();
        let token = in_short(token);
        let woken = holders.tokens.range((until, token, 0)..=(until, token, u64::MAX));
        let woken = woken.map(|(_, waiter)| waiter.clone()).collect();
        drop(holders);
        wake(woken);
    }

    fn read_ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        self.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_ledger(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.ledger.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_holders(&self) -> MutexGuard<'_, Holders> {
        self.holders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keyset {
    /// Decides on an act.
    ///
    /// # Errors
    /// The refusal, in the form of the operation, with the names that the caller may not use.
    pub fn decide<A: Act>(&self, shown: &Credentials<'_>, act: A) -> Result<Permit<A>, Refusal> {
        let act = match self.access.guard.load().decide_open(act) {
            Ok(permit) => return Ok(permit),
            Err(act) => act,
        };
        let now = self.now().timestamp();
        let grounds = self.access.grounds(shown, now)?;
        self.access.guard.load().decide(grounds, act, &self.access.read_ledger(), now)
    }

    /// Decides on a request whose names cannot be read: whether its sender may hear what is wrong with it.
    ///
    /// # Errors
    /// The refusal, in the form of the operation.
    pub fn decide_unreadable(&self, shown: &Credentials<'_>, operation: Operation) -> Result<(), Refusal> {
        let now = self.now().timestamp();
        let grounds = self.access.grounds(shown, now)?;
        self.access.guard.load().check_unreadable(&grounds, operation, &self.access.read_ledger(), now)
    }

    /// Decides on a call that needs a signature, on open key sets as well.
    ///
    /// # Errors
    /// What is wrong with the signature.
    pub fn decide_signed<A: Act>(&self, shown: &Credentials<'_>, act: A) -> Result<Permit<A>, SignatureFault> {
        self.access.guard.load().decide_signed(shown, act, self.now().timestamp())
    }

    /// Grants a token, from now on.
    ///
    /// # Errors
    /// [`GrantFault::Pattern`] for a pattern that cannot be used, [`GrantFault::TooLarge`].
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn grant_token(&self, permit: Permit<GrantToken>, grant: Grant) -> Result<String, GrantFault> {
        for (kind, patterns) in grant.patterns() {
            check_patterns(patterns).map_err(|(pattern, why)| {
                let at = format!("permissions.patterns.{kind}.{pattern}");
                GrantFault::Pattern { at, why: why.0 }
            })?;
        }
        self.access.guard.load().sign(&permit, &grant.token(self.now().timestamp()))
    }

    /// Revokes a token: the next request with it fails, and so does every poll that waits. Once begun it is finished, even
    /// if nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`AccessError`]; the token still holds then, unless the server is stopping.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn revoke_token(self: &Arc<Self>, permit: Permit<RevokeToken>, text: &str) -> Result<(), AccessError> {
        let now = self.now().timestamp();
        let token = self.access.guard.load().revocable(&permit, text, now).map_err(AccessError::Refused)?;
        let revocation = Revocation { token: token.id(), until: token.expires() };
        let keyset = Arc::clone(self);
        finish(async move {
            let _order = keyset.access.changes.lock().await;
            keyset.store.revoke(&keyset.subscribe_key, revocation).await?;
            keyset.access.write_ledger().revoke(revocation);
            keyset.access.tell_revoked(revocation);
            Ok(())
        })
        .await
    }

    /// Grants permissions to auth keys, in place of what was granted to them before; polls that they no longer suffice for
    /// are ended. Once begun it is finished, even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`AccessError`]; what was granted before holds then, unless the server is stopping.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub async fn grant_keys(self: &Arc<Self>, _permit: Permit<GrantKeys>, grant: &KeyGrant) -> Result<(), AccessError> {
        let until = grant.ttl.map(|minutes| self.now().timestamp() + std::time::Duration::from_secs(60 * minutes));
        let place = |(resource, name, auth): (Option<_>, &str, Option<&str>)| StoredGrant {
            place: KeyPlace { resource, name: name.to_owned(), auth: auth.map(str::to_owned) },
            permissions: grant.permissions,
            until,
        };
        let grants: Vec<StoredGrant> = grant.places().map(place).collect();
        let keyset = Arc::clone(self);
        finish(async move {
            let _order = keyset.access.changes.lock().await;
            keyset.store.set_key_grants(&keyset.subscribe_key, &grants).await?;
            let mut ledger = keyset.access.write_ledger();
            grants.iter().for_each(|grant| ledger.keys.set(grant));
            drop(ledger);
            wake(keyset.access.lock_holders().keys.values().cloned().collect());
            Ok(())
        })
        .await
    }

    /// What is granted to auth keys at this moment.
    #[allow(clippy::needless_pass_by_value, reason = "a permit is for one act")]
    pub fn audit_keys(&self, _permit: Permit<AuditKeys>) -> Vec<Audited> {
        self.access.read_ledger().keys.audit(self.now().timestamp())
    }

    pub(crate) async fn load_access(&self) -> Result<(), StoreError> {
        let key = &self.subscribe_key;
        let (revocations, grants) = (self.store.revocations(key).await?, self.store.key_grants(key).await?);
        let mut ledger = self.access.write_ledger();
        revocations.into_iter().for_each(|revocation| ledger.revoke(revocation));
        grants.iter().for_each(|grant| ledger.keys.set(grant));
        ledger.prune(self.now().timestamp());
        Ok(())
    }

    /// Forgets in memory what holds no longer.
    pub(crate) fn forget_expired(&self) {
        self.access.write_ledger().prune(self.now().timestamp());
    }
}

async fn finish(change: impl Future<Output = Result<(), AccessError>> + Send + 'static) -> Result<(), AccessError> {
    tokio::spawn(change).await.unwrap_or(Err(AccessError::Stopping))
}
