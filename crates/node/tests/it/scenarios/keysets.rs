//! Key sets that come and go while the node runs.

use std::sync::Arc;
use std::time::Duration;

use node::{Data, Keyset, KeysetError, KeysetOptions, Mode, Secret, acts};
use store::{SecretSource, StoredKeyset, StoredSecret};
use wire::{PublishKey, Refusal, SubscribeKey};

use crate::support::{
    Place, Site, add, caller, demo, eventually, group, here, listen, options, payloads, permit, places, publish,
    seconds, site, site_with, soon, stamp,
};

fn named(name: &str, key: &str) -> (KeysetOptions, StoredKeyset) {
    let (subscribe_key, publish_key) = (SubscribeKey::new(key).unwrap(), PublishKey::new(key).unwrap());
    let options = KeysetOptions {
        name: name.to_owned(),
        subscribe_key: subscribe_key.clone(),
        publish_key: publish_key.clone(),
        ..options()
    };
    let stored =
        StoredKeyset { subscribe_key, name: name.to_owned(), publish_key, secrets: Vec::new(), settings: "{}".into() };
    (options, stored)
}

async fn add_keyset(site: &Site, name: &str, key: &str) -> Arc<Keyset> {
    let (options, stored) = named(name, key);
    site.node.keysets().add(options, stored).await.unwrap();
    site.node.keyset(key).unwrap()
}

fn arrive(keyset: &Keyset, who: &str) {
    keyset.heartbeat(permit(keyset, acts::Heartbeat(places("room"))), &caller(who), &[], seconds(60)).unwrap();
}

#[tokio::test]
async fn a_key_set_that_is_added_is_at_work_beside_the_others_and_lapses_by_itself() {
    let site = site().await;
    let chat = add_keyset(&site, "chat", "s-chat").await;
    let poll = listen("room-pnpres").after(stamp(&chat)).park(&chat);
    arrive(&chat, "ann");
    assert_eq!((here(&chat, "room"), here(&site.keyset, "room")), ("ann".to_owned(), String::new()));
    assert_eq!(poll.answered().await.items.len(), 1);
    // The upkeep looks after it like after the others.
    site.place.clock.forward(seconds(61));
    eventually(|| chat.counters().lapsed.get() == 1).await;
}

#[tokio::test]
async fn no_two_have_one_name_or_one_key() {
    let site = site().await;
    add_keyset(&site, "chat", "s-chat").await;
    for (name, key, clash) in [
        ("demo", "s-new", "there is a key set with the name demo: choose another"),
        ("new", "demo", "the key set demo has this subscribe key: choose another"),
        ("chat", "s-new", "there is a key set with the name chat: choose another"),
        ("new", "s-chat", "the key set chat has this subscribe key: choose another"),
    ] {
        let (options, stored) = named(name, key);
        let refused = site.node.keysets().add(options, stored).await.unwrap_err();
        assert_eq!(refused.to_string(), clash);
    }
}

#[tokio::test]
async fn one_that_gives_way_goes_when_another_comes_which_may_have_its_name_and_key() {
    let site = site_with(|options| options.gives_way = true).await;
    let old = demo(&site.node);
    let poll = listen("room").after(stamp(&old));
    let waiting = tokio::spawn(old.subscribe(permit(&old, poll.1), poll.0).unwrap().held());
    eventually(|| old.counters().parked.get() == 1).await;
    let (options, stored) = named("demo", "demo");
    site.node.keysets().add(options, stored).await.unwrap();
    assert!(!Arc::ptr_eq(&old, &demo(&site.node)));
    assert_eq!(soon(waiting).await.unwrap().unwrap_err(), Refusal::InvalidSubscribeKey);
    add_keyset(&site, "chat", "s-chat").await;
    assert_eq!(site.node.keysets().now().iter().count(), 2, "what is stored does not give way");
}

#[tokio::test]
async fn a_key_set_that_is_removed_answers_its_polls_and_frees_its_memory() {
    let site = site().await;
    let chat = add_keyset(&site, "chat", "s-chat").await;
    let cursor = stamp(&chat);
    let poll = listen("room @family").after(cursor);
    let waiting = tokio::spawn(chat.subscribe(permit(&chat, poll.1), poll.0).unwrap().held());
    eventually(|| chat.counters().parked.get() == 1).await;
    let others = listen("room").after(stamp(&site.keyset)).park(&site.keyset);

    site.node.keysets().remove("chat", Data::Kept).await.unwrap();
    assert_eq!(soon(waiting).await.unwrap().unwrap_err(), Refusal::InvalidSubscribeKey);
    assert!(site.node.keyset("s-chat").is_none());
    // Who was at work in it already is told the same.
    assert_eq!(listen("room").after(cursor).try_ask(&chat).await.unwrap_err(), Refusal::InvalidSubscribeKey);
    assert_eq!((chat.counters().parked.get(), chat.places_held()), (0, 0));
    let gone = Arc::downgrade(&chat);
    drop(chat);
    eventually(|| gone.upgrade().is_none()).await;

    publish(&site.keyset, "room", "1");
    assert_eq!(payloads(&others.answered().await), "1", "the others did not notice");
    let again = site.node.keysets().remove("chat", Data::Kept).await.unwrap_err();
    assert_eq!(again.to_string(), "no key set that is stored has the name chat");
    assert!(matches!(site.node.keysets().remove("demo", Data::Kept).await, Err(KeysetError::Unknown(_))));
}

#[tokio::test]
async fn what_is_stored_under_the_key_stays_unless_it_is_to_be_forgotten() {
    let site = site().await;
    for (data, left) in [(Data::Kept, 1), (Data::Forgotten, 0)] {
        let chat = add_keyset(&site, "chat", "s-chat").await;
        add(&chat, "family", "room").await;
        drop(chat);
        site.node.keysets().remove("chat", data).await.unwrap();
        let chat = add_keyset(&site, "chat", "s-chat").await;
        let channels = chat.group_channels(permit(&chat, acts::ListGroup(group("family"))));
        assert_eq!(channels.len(), left, "{data:?}");
        drop(chat);
        site.node.keysets().remove("chat", Data::Kept).await.unwrap();
    }
}

#[tokio::test]
async fn forgetting_waits_for_who_is_still_at_work() {
    let site = site().await;
    let chat = add_keyset(&site, "chat", "s-chat").await;
    let keysets = site.node.keysets().clone();
    let removal = tokio::spawn(async move { keysets.remove("chat", Data::Forgotten).await });
    eventually(|| site.node.keyset("s-chat").is_none()).await;
    // A request that was let in before.
    add(&chat, "family", "room").await;
    assert!(!removal.is_finished());
    drop(chat);
    soon(removal).await.unwrap().unwrap();
    let chat = add_keyset(&site, "chat", "s-chat").await;
    assert!(chat.group_channels(permit(&chat, acts::ListGroup(group("family")))).is_empty());
}

#[tokio::test]
async fn who_is_present_in_a_key_set_that_was_added_is_so_after_a_restart() {
    let place = Place::new();
    let node = place.start(options()).await;
    let (options_of_chat, stored) = named("chat", "s-chat");
    node.keysets().add(options_of_chat.clone(), stored).await.unwrap();
    arrive(&node.keyset("s-chat").unwrap(), "ann");
    node.stop().await;
    let node = place.start(options_of_chat).await;
    assert_eq!(here(&node.keyset("s-chat").unwrap(), "room"), "ann");
    node.stop().await;
}

#[tokio::test]
async fn of_those_who_take_one_name_at_once_one_gets_it() {
    let site = site().await;
    let takers: Vec<_> = (0..10)
        .map(|n| {
            let ((options, stored), keysets) = (named("chat", &format!("s-{n}")), site.node.keysets().clone());
            tokio::spawn(async move { keysets.add(options, stored).await })
        })
        .collect();
    let mut taken = 0;
    for taker in takers {
        taken += usize::from(soon(taker).await.unwrap().is_ok());
    }
    assert_eq!((taken, site.node.keysets().stored().await.unwrap().len()), (1, 1));
    assert_eq!(site.node.keysets().now().iter().count(), 2);
}

fn text(secret: &str) -> StoredSecret {
    StoredSecret { source: SecretSource::Text(secret.to_owned()), until: None }
}

#[tokio::test]
async fn a_rotation_stores_when_the_old_secrets_end_and_never_later_than_before() {
    let site = site().await;
    let (options, stored) = named("chat", "s-chat");
    let options = KeysetOptions { access: Mode::Guarded, secrets: vec![Secret::new("1")], ..options };
    let stored = StoredKeyset { secrets: vec![text("1")], ..stored };
    site.node.keysets().add(options, stored).await.unwrap();
    let rotate = async |secret: &str, keep: u64| {
        site.node.keysets().rotate("chat", text(secret), Secret::new(secret), seconds(keep)).await
    };
    // Seconds from now.
    let ends = |stored: StoredKeyset| -> Vec<Option<u64>> {
        let now = node::Clock::now(&*site.place.clock).timestamp();
        let until = |secret: &StoredSecret| secret.until.map(|until| (until.millis() - now.millis()) / 1000);
        stored.secrets.iter().map(until).collect()
    };
    assert_eq!(ends(rotate("2", 100).await.unwrap()), [None, Some(100)]);
    assert_eq!(ends(rotate("3", 200).await.unwrap()), [None, Some(200), Some(100)]);
    assert_eq!(ends(rotate("4", 50).await.unwrap()), [None, Some(50), Some(50), Some(50)]);
    for n in 0..4 {
        rotate(&format!("more-{n}"), 50).await.unwrap();
    }
    let too_many = rotate("one-more", 50).await.unwrap_err();
    assert!(too_many.to_string().starts_with("8 secrets of the key set chat hold"), "{too_many}");
    site.place.clock.forward(Duration::from_secs(50));
    assert_eq!(ends(rotate("5", 10).await.unwrap()), [None, Some(10)]);
    assert_eq!(ends(rotate("6", 0).await.unwrap()), [None], "at once");
}
