//! Events of app context: who tells them, and when.

use std::sync::Arc;

use engine::context::{Condition, CustomMode, Manage, Set};
use node::acts::{GetRecord, ListRecords, ManageMemberships, SetRecord};
use node::{ContextError, Credentials, Keyset, Mode, Permit};
use store::{Context, Settings, Sqlite};
use wire::context::{Kind, Moment};
use wire::{RecordId, Refusal};

use crate::support::{Place, demo, listen, options, payloads, permit, publish, seconds, site, site_with, soon, stamp};

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

fn name(user: &str, name: &str) -> Set {
    let body = serde_json::json!({"name": name}).to_string();
    Set::parse(Kind::User, id(user), body.as_bytes(), CustomMode::Replace, Condition::None).unwrap()
}

/// Leave to set what is to be set.
fn to_set(keyset: &Keyset, set: &Set) -> Permit<SetRecord> {
    permit(keyset, SetRecord { kind: set.kind, id: set.id.clone() })
}

async fn set(keyset: &Keyset, set: Set) {
    keyset.set_record(to_set(keyset, &set), set).await.unwrap();
}

async fn join(keyset: &Keyset, user: &str, channel: &str) {
    let body = serde_json::json!({"set": [{"channel": {"id": channel}}]}).to_string();
    let manage = Manage::parse(Kind::User, id(user), body.as_bytes(), CustomMode::Replace, false).unwrap();
    let list = engine::context::List::Memberships { owner: Kind::User, id: id(user) };
    let query = engine::context::Query::new(list);
    keyset.manage(permit(keyset, ManageMemberships(manage)), query).await.unwrap();
}

/// Commits a change as a server does that ends before it tells anybody.
async fn commit_untold(place: &Place, change: Set) {
    let store = Sqlite::open(place.directory(), &Settings::default()).unwrap();
    let key = options().subscribe_key;
    store.set(&key, change, Moment::default()).await.unwrap().outcome.unwrap();
}

#[tokio::test]
async fn an_event_is_older_than_what_is_published_after_the_answer() {
    let site = site().await;
    let cursor = stamp(&site.keyset);
    set(&site.keyset, name("ann", "Ann")).await;
    publish(&site.keyset, "ann", "1");
    let batch = listen("ann").after(cursor).now(&site.keyset);
    let told = payloads(&batch);
    assert!(told.contains(r#""name":"Ann""#) && told.ends_with(" 1"), "{told}");
}

#[tokio::test]
async fn a_parked_poll_is_woken_by_an_event() {
    let site = site().await;
    let parked = listen("lobby").after(stamp(&site.keyset)).park(&site.keyset);
    join(&site.keyset, "ann", "lobby").await;
    assert!(payloads(&parked.answered().await).contains("membership"));
}

#[tokio::test]
async fn what_was_committed_and_not_told_is_told_at_the_next_start_and_never_again() {
    let place = Place::new();
    let node = place.start(options()).await;
    let cursor = stamp(&demo(&node));
    node.stop().await;
    commit_untold(&place, name("ann", "Ann")).await;
    commit_untold(&place, name("ann", "Anne")).await;

    place.clock.forward(seconds(1));
    let node = place.start(options()).await;
    let keyset = demo(&node);
    set(&keyset, name("ann", "Annie")).await;
    let told = payloads(&listen("ann").after(cursor).now(&keyset));
    let at =
        |name: &str| told.find(&format!(r#""name":"{name}""#)).unwrap_or_else(|| panic!("{name} is not in {told}"));
    assert!(at("Ann") < at("Anne") && at("Anne") < at("Annie"), "{told}");
    node.stop().await;
    drop(keyset);

    place.clock.forward(seconds(1));
    let node = place.start(options()).await;
    let keyset = demo(&node);
    set(&keyset, name("ann", "Anna")).await;
    let told = payloads(&listen("ann").after(cursor).now(&keyset));
    assert_eq!(told.matches("objects").count(), 1, "{told}");
}

#[tokio::test]
async fn events_of_a_key_set_that_is_gone_hold_nobody_up() {
    let place = Place::new();
    let store = Sqlite::open(place.directory(), &Settings::default()).unwrap();
    let gone = wire::SubscribeKey::new("gone").unwrap();
    store.set(&gone, name("ann", "Ann"), Moment::default()).await.unwrap().outcome.unwrap();
    drop(store);
    let node = place.start(options()).await;
    set(&demo(&node), name("ann", "Ann")).await;
}

#[tokio::test]
async fn what_was_told_is_noted_while_the_node_runs() {
    let place = Place::new();
    let store = Arc::new(Sqlite::open(place.directory(), &Settings::default()).unwrap());
    let node = place.start_on(Arc::clone(&store) as _, options()).await;
    let keyset = demo(&node);
    set(&keyset, name("ann", "Ann")).await;
    // Whoever asks for the events begins with those that were not noted.
    let all_noted = async {
        while store.events().await.unwrap().try_recv().is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon(all_noted).await;
}

#[tokio::test]
async fn events_are_told_again_by_who_lost_the_store_for_a_moment() {
    let place = Place::new();
    let store = Arc::new(Sqlite::open(place.directory(), &Settings::default()).unwrap());
    let node = place.start_on(Arc::clone(&store) as _, options()).await;
    let keyset = demo(&node);
    set(&keyset, name("ann", "Ann")).await;
    let cursor = stamp(&keyset);
    // Takes the events away from the node, which asks for them again.
    drop(store.events().await.unwrap());
    set(&keyset, name("ann", "Anne")).await;
    let told = payloads(&listen("ann").after(cursor).now(&keyset));
    assert_eq!(told.matches("objects").count(), 1, "told once: {told}");
}

#[tokio::test]
async fn a_node_that_stops_while_a_command_waits_says_so() {
    let place = Place::new();
    let store = Arc::new(Sqlite::open(place.directory(), &Settings::default()).unwrap());
    let node = place.start_on(Arc::clone(&store) as _, options()).await;
    let keyset = demo(&node);
    // The events go elsewhere, so the command waits.
    let _events = store.events().await.unwrap();
    let waiting = {
        let keyset = Arc::clone(&keyset);
        tokio::spawn(async move {
            keyset.set_record(to_set(&keyset, &name("ann", "Ann")), name("ann", "Ann")).await.map(drop)
        })
    };
    node.stop().await;
    assert!(matches!(waiting.await.unwrap(), Err(ContextError::Stopping)));
}

#[tokio::test]
async fn without_a_grant_a_guarded_key_set_does_nothing() {
    let site = site_with(|options| {
        options.access = Mode::Guarded;
        options.context.disallow_get_all_channels = false;
    })
    .await;
    let nobody = Credentials::none();
    let get = GetRecord { kind: Kind::User, id: id("ann") };
    assert_eq!(site.keyset.decide(&nobody, get).err(), Some(Refusal::ContextForbidden));
    assert_eq!(site.keyset.decide(&nobody, ListRecords(Kind::User)).err(), Some(Refusal::ContextForbidden));
    assert!(site.keyset.decide(&nobody, ListRecords(Kind::Channel)).is_ok());
}
