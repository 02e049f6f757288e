//! The rules of access, and the tables of `vectors/access/tables/tokens.json` that need a secret.

mod decisions;
mod keys;
mod model;
mod patterns;
mod signatures;
mod table;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wire::access::{Grant, Signed};
use wire::route::Method;
use wire::target::Target;
use wire::{PublishKey, Refusal, SubscribeKey, Timestamp};

use super::acts::GrantToken;
use super::*;

const SECRET: &str = "sec-c-one";

fn tables(name: &str) -> Vec<Value> {
    let text = include_str!("../../../../vectors/access/tables/tokens.json");
    let tables: Value = serde_json::from_str(text).unwrap();
    tables[name].as_array().unwrap().clone()
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap_or_else(|| panic!("{key} in {case}"))
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Duration::from_secs(seconds)
}

fn guard_of(subscribe: &str, publish: &str, secrets: &[&str]) -> Guard {
    guard_with(Mode::Guarded, Policy::default(), subscribe, publish, secrets)
}

fn guard_with(mode: Mode, policy: Policy, subscribe: &str, publish: &str, secrets: &[&str]) -> Guard {
    let secrets = secrets.iter().map(|secret| Secret::new(secret)).collect();
    let (subscribe, publish) = (SubscribeKey::new(subscribe).unwrap(), PublishKey::new(publish).unwrap());
    Guard::new(mode, policy, subscribe, publish, secrets)
}

fn guard() -> Guard {
    guard_of("sub", "pub", &[SECRET])
}

fn shown<'r>(target: &'r str) -> Credentials<'r> {
    Credentials::of(Signed {
        method: Method::Get,
        target: Target::new(target),
        body: b"",
        decompressed: None,
        publishes: false,
    })
}

/// A GET target with its signature by a key set's secret.
fn signed(guard: &Guard, path_and_query: &str, timestamp: u64) -> String {
    let target =
        format!("{path_and_query}{}timestamp={timestamp}", if path_and_query.contains('?') { '&' } else { '?' });
    let (head, body) = shown(&target).signed().second(guard.publish_key().as_str()).remove(0);
    let signature = guard.secrets()[0].sign(&[head.as_bytes(), body]);
    use base64::Engine;
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature);
    format!("{target}&signature=v2.{signature}")
}

/// A token of these permissions: `{"resources": {"channels": {"room": 1}}}`.
#[allow(clippy::needless_pass_by_value, reason = "tests write it in place")]
fn token(guard: &Guard, permissions: Value, now: Timestamp, ttl: u64) -> String {
    let grant = Grant::parse(json!({"ttl": ttl, "permissions": permissions}).to_string().as_bytes()).unwrap();
    let request = signed(guard, "/grant", now.seconds());
    let permit = guard.decide_signed(&shown(&request), GrantToken, now).unwrap();
    guard.sign(&permit, &grant.token(now)).unwrap()
}

fn judge<A: acts::Act>(guard: &Guard, ledger: &Ledger, target: &str, act: A, now: Timestamp) -> Result<(), Refusal> {
    let grounds = guard.grounds(&shown(target), now, |text| Ok(guard.verify(text)?.map(Arc::new)))?;
    guard.decide(grounds, act, ledger, now).map(drop)
}
