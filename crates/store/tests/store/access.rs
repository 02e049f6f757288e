//! What a store promises of revocations and of grants to auth keys.

use engine::access::{KeyPlace, Revocation, StoredGrant, TokenId};
use wire::Timestamp;
use wire::access::{Permissions, Resource};

use crate::contract::Place;
use crate::names::key;

pub(crate) fn at(minutes: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + minutes * 60_000)
}

pub(crate) fn revocation(number: u8, minutes: u64) -> Revocation {
    Revocation { token: TokenId::from_bytes([number; 32]), until: at(minutes) }
}

pub(crate) fn grant(
    resource: Option<Resource>,
    name: &str,
    auth: Option<&str>,
    bits: u8,
    minutes: Option<u64>,
) -> StoredGrant {
    StoredGrant {
        place: KeyPlace { resource, name: name.to_owned(), auth: auth.map(str::to_owned) },
        permissions: Permissions::from_bits(bits),
        until: minutes.map(at),
    }
}

const CHANNEL: Option<Resource> = Some(Resource::Channel);

pub(crate) async fn what_was_revoked_stays_revoked_until_it_expires(place: &impl Place) {
    let (store, demo, other) = (place.open().await, key("demo"), key("other"));
    assert_eq!(store.revocations(&demo).await.unwrap(), []);
    store.revoke(&demo, revocation(2, 10)).await.unwrap();
    store.revoke(&demo, revocation(1, 5)).await.unwrap();
    store.revoke(&demo, revocation(1, 5)).await.unwrap();
    store.revoke(&other, revocation(3, 10)).await.unwrap();
    drop(store);
    let store = place.open().await;
    assert_eq!(store.revocations(&demo).await.unwrap(), [revocation(1, 5), revocation(2, 10)]);
    store.forget_expired(at(5)).await.unwrap();
    assert_eq!(store.revocations(&demo).await.unwrap(), [revocation(2, 10)]);
    assert_eq!(store.revocations(&other).await.unwrap(), [revocation(3, 10)]);
}

pub(crate) async fn a_grant_replaces_the_one_before_and_one_of_nothing_removes_it(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let everyone = grant(CHANNEL, "room", None, 1, None);
    let user = grant(Some(Resource::User), "ann", Some("k"), 32, Some(10));
    let listing = grant(Some(Resource::Category), "uuids", Some("k"), 32, Some(10));
    let whole = grant(None, "", None, 2, Some(20));
    let of = |bits| grant(CHANNEL, "room", Some("k"), bits, Some(5));
    store
        .set_key_grants(&demo, &[of(3), listing.clone(), user.clone(), whole.clone(), everyone.clone()])
        .await
        .unwrap();
    store.set_key_grants(&demo, &[of(7), of(1)]).await.unwrap();
    store.set_key_grants(&key("other"), &[of(255)]).await.unwrap();
    drop(store);
    let store = place.open().await;
    let expected = [whole.clone(), listing.clone(), everyone.clone(), of(1), user.clone()];
    assert_eq!(store.key_grants(&demo).await.unwrap(), expected);

    store.set_key_grants(&demo, &[of(0), grant(CHANNEL, "never", None, 0, None)]).await.unwrap();
    assert_eq!(store.key_grants(&demo).await.unwrap(), [whole.clone(), listing, everyone.clone(), user]);
    store.forget_expired(at(10)).await.unwrap();
    assert_eq!(store.key_grants(&demo).await.unwrap(), [whole, everyone]);
    assert_eq!(store.key_grants(&key("other")).await.unwrap(), []);
}

pub(crate) async fn an_auth_key_is_a_value_whatever_it_holds(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let strange = "'; DROP TABLE key_grants; -- \u{e9}\u{1f980} %_\"\\";
    let given = grant(CHANNEL, strange, Some(strange), 255, None);
    store.set_key_grants(&demo, std::slice::from_ref(&given)).await.unwrap();
    assert_eq!(store.key_grants(&demo).await.unwrap(), [given]);
}
