//! Groups that change while somebody listens to them.

use std::sync::Arc;

use node::{GroupError, Keyset, acts};
use store::{Settings, Sqlite};
use wire::Refusal;

use crate::support::{
    Place, add, channels, demo, group, listen, options, payloads, permit, publish, remove, site, site_with, stamp,
};

#[tokio::test]
async fn a_change_wakes_a_poll_with_the_cursor_it_sent_and_nothing_is_lost() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a").await;
    let cursor = stamp(keyset);
    for names in ["@family", "@family-pnpres", "other @family"] {
        let poll = listen(names).after(cursor).park(keyset);
        let (bystander, name) = (listen("other").after(cursor).park(keyset), format!("new{}", names.len()));
        add(keyset, "family", &name).await;
        let batch = poll.answer();
        assert_eq!((batch.cursor, payloads(&batch).as_str(), batch.gap), (cursor, "", None), "{names}");
        assert!(!{ bystander }.is_answered());
    }
    publish(keyset, "new7", "1");
    assert_eq!(payloads(&listen("@family").after(cursor).now(keyset)), "1");
}

#[tokio::test]
async fn a_change_that_changes_nothing_wakes_nobody() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a").await;
    let mut poll = listen("@family").after(stamp(keyset)).park(keyset);
    add(keyset, "family", "a").await;
    remove(keyset, "family", "stranger").await;
    add(keyset, "friends", "a").await;
    assert!(!poll.is_answered());
}

#[tokio::test]
async fn a_removal_stops_delivery_also_with_an_older_cursor() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a b").await;
    let cursor = stamp(keyset);
    publish(keyset, "a", "1");
    publish(keyset, "b", "2");
    remove(keyset, "family", "b").await;
    assert_eq!(payloads(&listen("@family").after(cursor).now(keyset)), "1");
}

#[tokio::test]
async fn the_last_removal_ends_the_group_and_its_polls() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a").await;
    let cursor = stamp(keyset);
    let (alone, beside) =
        (listen("@family").after(cursor).park(keyset), listen("b @family").after(cursor).park(keyset));
    keyset.delete_group(permit(keyset, acts::DeleteGroup(group("family")))).await.unwrap();
    assert_eq!((alone.answer().cursor, beside.answer().cursor), (cursor, cursor));
    let refused = listen("@family").after(cursor).try_ask(keyset).await;
    assert_eq!(refused.unwrap_err(), Refusal::EmptySubscription);
    // A poll beside an empty group wakes when the group begins.
    let beside = listen("b @family").after(cursor).park(keyset);
    add(keyset, "family", "c").await;
    assert_eq!(beside.answer().cursor, cursor);
}

#[tokio::test]
async fn several_polls_on_a_group_are_woken_by_every_change() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a").await;
    let cursor = stamp(keyset);
    let mut polls: Vec<_> = (0..3).map(|_| listen("@family").after(cursor).park(keyset)).collect();
    for n in 0..10 {
        add(keyset, "family", &format!("m{n}")).await;
        // Each comes back before the one after it has gone.
        for poll in &mut polls {
            let woken = std::mem::replace(poll, listen("@family").after(cursor).park(keyset));
            assert_eq!(woken.answer().cursor, cursor, "change {n}");
        }
    }
    drop(polls);
    assert_eq!(keyset.places_held(), 0);
}

/// Does something the moment a woken poll asks for the time, which is between its look at the groups and its reading.
fn in_the_middle_of_reading(site: &crate::support::Site, act: impl FnOnce(Arc<Keyset>) + Send + 'static) {
    let (keyset, reader) = (Arc::clone(&site.keyset), std::thread::current().id());
    let act = move || std::thread::spawn(move || act(keyset)).join().unwrap();
    site.place.clock.when_asked(move |thread| thread == reader, act);
}

fn wait<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(what)
}

#[tokio::test]
async fn a_channel_that_is_added_while_a_poll_reads_loses_no_message() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a").await;
    let cursor = stamp(keyset);
    let poll = listen("@family").after(cursor).park(keyset);
    publish(keyset, "a", "1");
    in_the_middle_of_reading(&site, |keyset| {
        wait(add(&keyset, "family", "b"));
        publish(&keyset, "b", "2");
        publish(&keyset, "a", "3");
    });
    let batch = poll.answer();
    let rest = listen("@family").after(batch.cursor).now(keyset);
    assert_eq!(format!("{} {}", payloads(&batch), payloads(&rest)).trim(), "1 2 3");
}

#[tokio::test]
async fn a_channel_that_is_removed_while_a_poll_reads_is_not_read_any_more() {
    let site = site().await;
    let keyset = &site.keyset;
    add(keyset, "family", "a b").await;
    let cursor = stamp(keyset);
    let poll = listen("@family").after(cursor).park(keyset);
    publish(keyset, "a", "1");
    in_the_middle_of_reading(&site, |keyset| {
        wait(remove(&keyset, "family", "b"));
        publish(&keyset, "b", "2");
    });
    let batch = poll.answer();
    assert!(!payloads(&batch).contains('2'), "published after the removal was answered");
    assert_eq!(payloads(&listen("@family").after(cursor).now(keyset)), "1");
}

#[tokio::test]
async fn a_group_that_is_full_takes_no_more_and_stays_as_it_is() {
    let site = site_with(|options| options.pubsub.channels_per_group = 2).await;
    let keyset = &site.keyset;
    add(keyset, "family", "a b").await;
    let refused =
        keyset.change_group(permit(keyset, acts::ChangeGroup(group("family"))), channels("b c"), channels("a")).await;
    assert!(matches!(refused, Err(GroupError::Refused(Refusal::GroupFull))));
    assert_eq!(keyset.group_channels(permit(keyset, acts::ListGroup(group("family")))), channels("a b"));
}

#[tokio::test]
async fn a_change_that_the_store_refuses_did_not_happen() {
    let place = Place::new();
    place.start(options()).await.stop().await;
    let smallest = Settings { max_database_bytes: Some(1) };
    let store = Sqlite::open(place.directory(), &smallest).unwrap();
    let node = place.start_on(Arc::new(store), options()).await;
    let keyset = demo(&node);
    add(&keyset, "family", "a").await;
    let mut poll = listen("@family").after(stamp(&keyset)).park(&keyset);
    let large = (0..200).map(|n| crate::support::channel(&format!("{n:0>2000}"))).collect();
    let refused = keyset.change_group(permit(&keyset, acts::ChangeGroup(group("family"))), large, channels("a")).await;
    assert!(matches!(refused, Err(GroupError::Store(_))), "{refused:?}");
    assert_eq!(keyset.group_channels(permit(&keyset, acts::ListGroup(group("family")))), channels("a"));
    assert!(!poll.is_answered(), "nothing changed, so nobody is woken");
    drop(poll);
    node.stop().await;
    drop(keyset);
    let node = place.start(options()).await;
    let keyset = demo(&node);
    assert_eq!(keyset.group_channels(permit(&keyset, acts::ListGroup(group("family")))), channels("a"));
}

#[tokio::test]
async fn a_change_whose_caller_went_away_is_finished() {
    let site = site().await;
    let keyset = &site.keyset;
    {
        let mut change = Box::pin(keyset.change_group(
            permit(keyset, acts::ChangeGroup(group("family"))),
            channels("a"),
            Vec::new(),
        ));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(change.as_mut().poll(&mut context).is_pending());
    }
    crate::support::eventually(|| {
        keyset.group_channels(permit(keyset, acts::ListGroup(group("family")))) == channels("a")
    })
    .await;
    let names = site
        .node
        .keysets()
        .now()
        .iter()
        .flat_map(|keyset| keyset.group_names(permit(keyset, acts::ListGroups)))
        .collect::<Vec<_>>();
    assert_eq!(names, [group("family")]);
}
