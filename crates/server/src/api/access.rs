//! Granting and revoking (`docs/protocol/access.md`).

use std::borrow::Cow;
use std::sync::Arc;

use node::acts::{AuditKeys, GrantKeys, GrantToken, RevokeToken};
use node::{AccessError, SignatureFault};
use wire::access::{self as shape, Grant, GrantFault, KeyGrant, Selection};
use wire::target::Target;
use wire::{Refusal, decode};

use super::body::{self, BadBody};
use super::door::Door;
use super::{Answer, App, Request, refuse};
use crate::edge::{ContentType, Reply};

pub(super) fn grant_token(app: &App, door: &Door<'_>, request: &Request<'_>) -> Result<Reply, Refusal> {
    let permit = door.keyset.decide_signed(&door.shown, GrantToken).map_err(fault).map_err(Refusal::NotGranted)?;
    let body: Cow<'_, [u8]> = body::plain(request.body, request.headers.content_encoding, app.edge.body_bytes)
        .map_err(|bad| match bad {
            BadBody::TooLarge => Refusal::BodyTooLarge,
            BadBody::Malformed => Refusal::NotGranted(GrantFault::Json("It cannot be decompressed.")),
        })?;
    let token = Grant::parse(&body).and_then(|grant| door.keyset.grant_token(permit, grant));
    Ok(script(shape::granted(&token.map_err(Refusal::NotGranted)?)))
}

pub(super) fn revoke_token(app: &Arc<App>, door: &Door<'_>, token: &str) -> Result<Answer, Refusal> {
    let permit = door.keyset.decide_signed(&door.shown, RevokeToken).map_err(fault).map_err(Refusal::NotRevoked)?;
    let token = decode(token).map_err(|_| Refusal::NotRevoked(GrantFault::NoToken))?.into_owned();
    let (app, keyset) = (Arc::clone(app), Arc::clone(door.keyset));
    Ok(Answer::soon(async move {
        match keyset.revoke_token(permit, &token).await {
            Ok(()) => Reply::json(ContentType::Script, shape::revoked()),
            Err(AccessError::Refused(fault)) => refuse(&app, &Refusal::NotRevoked(fault)),
            Err(error) => failed(&app, &error),
        }
    }))
}

pub(super) fn grant_keys(app: &Arc<App>, door: &Door<'_>, target: &Target<'_>) -> Result<Answer, Refusal> {
    let permit = door.keyset.decide_signed(&door.shown, GrantKeys).map_err(refusal)?;
    let grant = KeyGrant::parse(target)?;
    let (app, keyset) = (Arc::clone(app), Arc::clone(door.keyset));
    Ok(Answer::soon(async move {
        match keyset.grant_keys(permit, &grant).await {
            Ok(()) => script(grant.answer(&keyset.options().subscribe_key)),
            Err(error) => failed(&app, &error),
        }
    }))
}

pub(super) fn audit_keys(door: &Door<'_>, target: &Target<'_>) -> Result<Reply, Refusal> {
    let permit = door.keyset.decide_signed(&door.shown, AuditKeys).map_err(refusal)?;
    let selection = Selection::of_audit(target)?;
    let grants = door.keyset.audit_keys(permit);
    Ok(script(shape::audited(&selection, &door.keyset.options().subscribe_key, &grants)))
}

/// What is wrong with a signature, in the words of the calls for tokens.
fn fault(fault: SignatureFault) -> GrantFault {
    match fault {
        SignatureFault::Timestamp => GrantFault::Timestamp,
        SignatureFault::Missing => GrantFault::Unsigned,
        SignatureFault::Wrong => GrantFault::Signature,
    }
}

/// The same in the words of the older calls.
fn refusal(fault: SignatureFault) -> Refusal {
    match fault {
        SignatureFault::Timestamp => Refusal::InvalidTimestamp,
        SignatureFault::Missing | SignatureFault::Wrong => Refusal::WrongSignature,
    }
}

fn failed(app: &App, error: &AccessError) -> Reply {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(%error, cause, "nothing was granted or revoked");
    refuse(app, &Refusal::Unavailable)
}

fn script(body: String) -> Reply {
    Reply::json(ContentType::Script, body)
}
