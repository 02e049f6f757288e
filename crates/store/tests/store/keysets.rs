//! What a store promises of key sets that are added while the server runs.

use std::path::PathBuf;

use engine::context::List;
use serde_json::json;
use store::{SecretSource, Store, StoredKeyset, StoredSecret};
use wire::access::Resource;
use wire::context::Kind;
use wire::{PublishKey, SubscribeKey, Timestamp};

use crate::access::{at, grant, revocation};
use crate::context::{id, manage, put, query};
use crate::contract::Place;
use crate::names::{channels, group, key};

fn text(secret: &str, until: Option<Timestamp>) -> StoredSecret {
    StoredSecret { source: SecretSource::Text(secret.to_owned()), until }
}

fn file(path: &str) -> StoredSecret {
    StoredSecret { source: SecretSource::File(PathBuf::from(path)), until: None }
}

fn keyset(subscribe: &str, name: &str, secrets: Vec<StoredSecret>) -> StoredKeyset {
    StoredKeyset {
        subscribe_key: key(subscribe),
        name: name.to_owned(),
        publish_key: PublishKey::new(format!("pub-{name}")).unwrap(),
        secrets,
        settings: "{}".to_owned(),
    }
}

pub(crate) async fn a_key_set_is_what_was_put_until_it_is_removed(place: &impl Place) {
    let store = place.open().await;
    assert_eq!(store.keysets().await.unwrap(), []);
    let chat = keyset("s-2", "chat", vec![text("new", None), text("old", Some(at(10))), file("/run/secrets/chat")]);
    let game = keyset("s-1", "game", vec![]);
    store.put_keyset(&chat).await.unwrap();
    store.put_keyset(&game).await.unwrap();
    drop(store);

    let store = place.open().await;
    assert_eq!(store.keysets().await.unwrap(), [chat.clone(), game.clone()]);
    let chat = StoredKeyset {
        secrets: vec![text("newest", None), text("new", Some(at(5)))],
        settings: r#"{"presence":{"announce_max":5}}"#.to_owned(),
        ..chat
    };
    store.put_keyset(&chat).await.unwrap();
    assert_eq!(store.keysets().await.unwrap(), [chat.clone(), game.clone()]);

    // No two have one name, and whoever fails to take it leaves things as they are.
    assert!(store.put_keyset(&keyset("s-3", "chat", vec![text("another", None)])).await.is_err());
    assert_eq!(store.keysets().await.unwrap(), [chat.clone(), game.clone()]);

    store.remove_keyset(&chat.subscribe_key).await.unwrap();
    store.remove_keyset(&chat.subscribe_key).await.unwrap();
    assert_eq!(store.keysets().await.unwrap(), std::slice::from_ref(&game));
    // Of the secrets nothing has stayed.
    store.put_keyset(&keyset("s-2", "chat", vec![])).await.unwrap();
    assert_eq!(store.keysets().await.unwrap(), [keyset("s-2", "chat", vec![]), game]);
}

pub(crate) async fn a_secret_is_forgotten_when_it_has_ended(place: &impl Place) {
    let store = place.open().await;
    let all = vec![text("new", None), text("a", Some(at(10))), text("b", Some(at(5)))];
    store.put_keyset(&keyset("s", "chat", all)).await.unwrap();
    store.forget_expired(at(5)).await.unwrap();
    let left = vec![text("new", None), text("a", Some(at(10)))];
    assert_eq!(store.keysets().await.unwrap(), [keyset("s", "chat", left)]);
    store.forget_expired(at(10)).await.unwrap();
    assert_eq!(store.keysets().await.unwrap(), [keyset("s", "chat", vec![text("new", None)])]);
}

pub(crate) async fn a_key_set_is_values_whatever_they_hold(place: &impl Place) {
    let store = place.open().await;
    let strange = "'; DROP TABLE keysets; -- \u{e9}\u{1f980} %_\"\\$1 ?1 :key";
    let odd = StoredKeyset {
        name: strange.to_owned(),
        settings: strange.to_owned(),
        ..keyset("';--", "chat", vec![text(strange, None), file(strange)])
    };
    store.put_keyset(&odd).await.unwrap();
    assert_eq!(store.keysets().await.unwrap(), [odd]);
}

/// More than is forgotten at once.
const MANY: usize = 5100;

async fn fill(store: &dyn Store, key: &SubscribeKey) {
    let many = (0..MANY).map(|n| wire::ChannelName::new(format!("channel-{n}")).unwrap()).collect::<Vec<_>>();
    store.add_to_group(key, &group("all"), &many).await.unwrap();
    store.add_to_group(key, &group("family"), &channels(["kitchen"])).await.unwrap();
    store.revoke(key, revocation(1, 60)).await.unwrap();
    let room = grant(Some(Resource::Channel), "room", Some("k"), 255, None);
    store.set_key_grants(key, &[room]).await.unwrap();
    put(store, key, Kind::User, "ann", json!({"name": "Ann", "custom": {"team": "x", "age": 7}}), 1).await;
    put(store, key, Kind::Channel, "lobby", json!({"name": "Lobby"}), 2).await;
    let joined = manage(Kind::User, &id("ann"), &[&id("lobby"), &id("attic")], &[]);
    store.manage(key, joined, wire::context::Moment::from_micros(3)).await.unwrap().outcome.unwrap();
}

/// How much there is: channels in groups, revocations, grants, users, channels, memberships.
async fn size(store: &dyn Store, key: &SubscribeKey) -> [usize; 6] {
    let groups = store.groups(key).await.unwrap();
    let mut sizes = [groups.iter().map(|group| group.channels.len()).sum(), 0, 0, 0, 0, 0];
    sizes[1] = store.revocations(key).await.unwrap().len();
    sizes[2] = store.key_grants(key).await.unwrap().len();
    for (place, kind) in [(3, Kind::User), (4, Kind::Channel)] {
        let mut all = query(List::Records(kind), "", "");
        all.count = true;
        let page = store.records(key, &all).await.unwrap();
        assert_eq!(page.total.unwrap(), page.items.len() as u64);
        let found = query(List::Records(kind), "custom.team == \"x\"", "");
        assert!(store.records(key, &found).await.unwrap().items.len() <= page.items.len());
        sizes[place] = page.items.len();
    }
    let memberships = query(List::Memberships { owner: Kind::User, id: id("ann") }, "", "");
    sizes[5] = store.memberships(key, &memberships).await.unwrap().items.len();
    sizes
}

pub(crate) async fn what_is_kept_under_a_key_is_forgotten_whole_and_nothing_else(place: &impl Place) {
    let (store, gone, stays) = (place.open().await, key("gone"), key("stays"));
    fill(&*store, &gone).await;
    fill(&*store, &stays).await;
    store.put_keyset(&keyset("gone", "gone", vec![text("secret", None)])).await.unwrap();
    let full = [MANY + 1, 1, 1, 1, 1, 2];
    assert_eq!((size(&*store, &gone).await, size(&*store, &stays).await), (full, full));

    store.forget_data(&gone).await.unwrap();
    assert_eq!((size(&*store, &gone).await, size(&*store, &stays).await), ([0; 6], full));
    assert_eq!(store.keysets().await.unwrap().len(), 1, "the key set itself is not what is kept under it");
    store.forget_data(&gone).await.unwrap();

    // What comes later under the same key is kept as if nothing had been there.
    fill(&*store, &gone).await;
    assert_eq!(size(&*store, &gone).await, full);
    store.forget_data(&gone).await.unwrap();
    drop(store);
    let store = place.open().await;
    assert_eq!((size(&*store, &gone).await, size(&*store, &stays).await), ([0; 6], full));
    let mut events = store.events().await.unwrap();
    let mut untold = 0;
    while let Ok(event) = events.try_recv() {
        assert_eq!(event.key, stays);
        untold += 1;
    }
    assert_eq!(untold, 4, "events of others are told");
}
