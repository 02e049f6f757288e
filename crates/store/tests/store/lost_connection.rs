//! A connection to PostgreSQL that is lost in the middle: what is answered is what happened.

use std::sync::Arc;
use std::time::Duration;

use store::{Context, Numbered, OpenError, Postgres, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use wire::context::{Kind, Moment};

use crate::context::{id, set};
use crate::contract::Place;
use crate::names::{channels, group, key, show};
use crate::postgres;
use crate::proxy::{Cut, Proxy};

/// A store on the far side of a proxy, and its events.
async fn start() -> Option<(Proxy, Arc<Postgres>, UnboundedReceiver<Numbered>)> {
    let place = postgres::place()?;
    let proxy = Proxy::to(postgres::port()?).await;
    let name = place.address.rsplit_once('/').unwrap().1;
    let address = format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", proxy.port());
    let store = Arc::new(Postgres::open(&address).await.unwrap());
    let events = store.events().await.unwrap();
    Some((proxy, store, events))
}

async fn name(store: &Postgres, user: &str, name: &str) -> Result<store::Committed<String>, StoreError> {
    let set = set(Kind::User, &id(user), &serde_json::json!({ "name": name }));
    let committed = store.set(&key("demo"), set, Moment::default()).await?;
    let etag = committed.outcome.unwrap().record.etag.as_str().to_owned();
    Ok(store::Committed { outcome: etag, last: committed.last })
}

async fn etag(store: &Postgres, user: &str) -> Option<String> {
    let record = store.record(&key("demo"), Kind::User, &id(user)).await.unwrap();
    record.map(|record| record.etag.as_str().to_owned())
}

async fn next(events: &mut UnboundedReceiver<Numbered>) -> Numbered {
    tokio::time::timeout(Duration::from_secs(20), events.recv()).await.expect("an event comes").unwrap()
}

#[tokio::test]
async fn a_commit_that_is_lost_on_the_way_there_or_back_is_answered_by_what_became_of_it() {
    let Some((proxy, store, mut events)) = start().await else { return };
    for (n, cut) in [Cut::BeforeCommit, Cut::AfterCommit, Cut::AfterCommit, Cut::BeforeCommit].into_iter().enumerate() {
        proxy.cut(cut, 1);
        let written = name(&store, "ann", &format!("Ann {n}")).await.unwrap();
        assert_eq!(proxy.cuts(), n + 1, "it was cut");
        assert_eq!(etag(&store, "ann").await, Some(written.outcome), "{cut:?}");
        assert_eq!(next(&mut events).await.number, written.last, "{cut:?}");
        assert!(events.try_recv().is_err(), "{cut:?}: it happened once, and is told once");
    }
}

#[tokio::test]
async fn while_the_database_stays_away_a_lost_commit_is_in_doubt_and_it_is_told_later_if_it_happened() {
    for cut in [Cut::BeforeCommit, Cut::AfterCommit] {
        let Some((proxy, store, mut events)) = start().await else { return };
        proxy.cut_for_good(cut);
        let lost = name(&store, "ann", "Ann").await;
        assert!(matches!(lost, Err(StoreError::InDoubt)), "{lost:?}");
        // What nobody has begun is no doubt, and is refused at once.
        let refused = name(&store, "bob", "Bob").await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
        assert!(store::Health::check(&*store).await.is_err());
        proxy.open();
        if cut == Cut::AfterCommit {
            // Nobody calls; the store finds out by itself.
            assert!(next(&mut events).await.event.payload.as_str().contains("Ann"));
            assert!(etag(&store, "ann").await.is_some());
        }
        let carl = name(&store, "carl", "Carl").await.unwrap();
        assert_eq!(next(&mut events).await.number, carl.last);
        assert_eq!(etag(&store, "ann").await.is_some(), cut == Cut::AfterCommit);
        assert!(etag(&store, "bob").await.is_none());
        store::Health::check(&*store).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_do_not_notice_cuts_and_every_change_is_told_once_in_its_order() {
    const WRITERS: usize = 8;
    const CHANGES: usize = 40;
    let Some((proxy, store, mut events)) = start().await else { return };
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut last = String::new();
            for n in 0..CHANGES {
                last = name(&store, &format!("writer-{writer}"), &format!("{n}")).await.unwrap().outcome;
            }
            (writer, last)
        });
    }
    let mut told = vec![Vec::new(); WRITERS];
    while told.iter().map(Vec::len).sum::<usize>() < WRITERS * CHANGES {
        if told.iter().map(Vec::len).sum::<usize>() % 7 == 0 {
            proxy.cut(if proxy.cuts() % 2 == 0 { Cut::AfterCommit } else { Cut::BeforeCommit }, 2);
        }
        let payload = next(&mut events).await.event.payload;
        let event: serde_json::Value = serde_json::from_str(payload.as_str()).unwrap();
        let writer: usize = event["data"]["id"].as_str().unwrap().strip_prefix("writer-").unwrap().parse().unwrap();
        told[writer].push(event["data"]["name"].as_str().unwrap().parse::<usize>().unwrap());
    }
    while let Some(written) = writers.join_next().await {
        let (writer, last) = written.unwrap();
        assert_eq!(etag(&store, &format!("writer-{writer}")).await, Some(last));
        assert_eq!(told[writer], (0..CHANGES).collect::<Vec<_>>());
    }
    assert!(events.try_recv().is_err() && proxy.cuts() > 3, "{} cuts", proxy.cuts());
}

#[tokio::test]
async fn a_change_of_a_group_survives_a_lost_connection() {
    use store::Groups;
    let Some((proxy, store, _events)) = start().await else { return };
    let (demo, family) = (key("demo"), group("family"));
    store.add_to_group(&demo, &family, &channels(["kitchen"])).await.unwrap();
    proxy.close();
    assert!(store.add_to_group(&demo, &family, &channels(["porch"])).await.is_err());
    proxy.open();
    store.add_to_group(&demo, &family, &channels(["porch"])).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen porch");
}

#[tokio::test]
async fn a_second_server_on_the_database_is_refused_until_the_first_one_ends() {
    let Some(place) = postgres::place() else { return };
    let first = place.open().await;
    let second = Postgres::open(&place.address).await;
    assert!(matches!(second, Err(OpenError::Taken { .. })), "{second:?}");
    let sentence = second.unwrap_err().to_string();
    assert!(sentence.contains("used by another running server"), "{sentence}");
    drop(first);
    place.open().await;
}
