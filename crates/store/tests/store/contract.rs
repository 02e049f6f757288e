//! The contract, for whatever database is behind it: each rule takes a [`Place`], and each back end runs them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::access::{
    a_grant_replaces_the_one_before_and_one_of_nothing_removes_it, an_auth_key_is_a_value_whatever_it_holds,
    what_was_revoked_stays_revoked_until_it_expires,
};
use crate::context::{
    a_filter_as_large_and_as_deep_as_filters_may_be_is_answered, a_record_is_what_was_set_until_it_is_removed,
    a_text_is_a_value_whatever_it_holds, an_entry_of_custom_is_found_while_it_is_asked_for_and_changes,
    an_order_by_status_and_another_key_is_paged_there_and_back, any_commands_and_lists_are_as_the_engine_has_them,
    events_come_once_in_the_order_of_commits_and_the_untold_ones_again,
    many_sets_are_one_commit_and_each_has_its_answer, merges_at_once_all_count,
    names_as_long_as_names_may_be_are_sorted_and_paged, of_writers_with_one_etag_exactly_one_wins,
    paging_meets_once_whoever_stays, values_and_names_as_long_as_they_may_be_are_found_and_paged,
};
use crate::keysets::{
    a_key_set_is_values_whatever_they_hold, a_key_set_is_what_was_put_until_it_is_removed,
    a_secret_is_forgotten_when_it_has_ended, what_is_kept_under_a_key_is_forgotten_whole_and_nothing_else,
};
use crate::names::{channel, channels, group, key, open, show};

/// Where a store keeps its data: empty at first, and the same whenever it is opened again.
pub(crate) trait Place: Send + Sync {
    fn open(&self) -> impl Future<Output = Arc<dyn Store>> + Send;
}

impl Place for TempDir {
    async fn open(&self) -> Arc<dyn Store> {
        open(self.path())
    }
}

/// Runs every rule on a back end: `contract!(sqlite, a new place)`, or none where there is no such place.
macro_rules! contract {
    ($backend:ident, $place:expr) => {
        contract!($backend, $place;
            a_group_is_there_while_it_has_a_channel,
            what_is_there_stays_and_what_is_not_is_passed_over,
            a_deleted_group_is_gone_with_all_its_channels,
            key_sets_do_not_see_each_other,
            groups_and_channels_come_in_the_order_of_bytes,
            a_name_is_a_value_whatever_it_holds,
            what_was_answered_is_there_after_a_restart,
            writers_at_once_are_all_served,
            any_changes_leave_what_they_leave_in_a_map,
            a_record_is_what_was_set_until_it_is_removed,
            a_text_is_a_value_whatever_it_holds,
            a_filter_as_large_and_as_deep_as_filters_may_be_is_answered,
            many_sets_are_one_commit_and_each_has_its_answer,
            of_writers_with_one_etag_exactly_one_wins,
            merges_at_once_all_count,
            events_come_once_in_the_order_of_commits_and_the_untold_ones_again,
            paging_meets_once_whoever_stays,
            names_as_long_as_names_may_be_are_sorted_and_paged,
            an_order_by_status_and_another_key_is_paged_there_and_back,
            an_entry_of_custom_is_found_while_it_is_asked_for_and_changes,
            values_and_names_as_long_as_they_may_be_are_found_and_paged,
            any_commands_and_lists_are_as_the_engine_has_them,
            what_was_revoked_stays_revoked_until_it_expires,
            a_grant_replaces_the_one_before_and_one_of_nothing_removes_it,
            an_auth_key_is_a_value_whatever_it_holds,
            a_key_set_is_what_was_put_until_it_is_removed,
            a_secret_is_forgotten_when_it_has_ended,
            a_key_set_is_values_whatever_they_hold,
            what_is_kept_under_a_key_is_forgotten_whole_and_nothing_else,
        );
    };
    ($backend:ident, $place:expr; $($rule:ident,)*) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    if let Some(place) = $place {
                        super::$rule(&place).await;
                    }
                }
            )*
        }
    };
}

contract!(sqlite, Some(tempfile::tempdir().unwrap()));
contract!(postgres, crate::postgres::place());

async fn a_group_is_there_while_it_has_a_channel(place: &impl Place) {
    let (store, demo, family) = (place.open().await, key("demo"), group("family"));
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "");

    store.add_to_group(&demo, &family, &[]).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "");

    store.add_to_group(&demo, &family, &channels(["kitchen", "porch"])).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen porch");

    store.remove_from_group(&demo, &family, &channels(["kitchen"])).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: porch");

    store.remove_from_group(&demo, &family, &channels(["porch"])).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "");
}

async fn what_is_there_stays_and_what_is_not_is_passed_over(place: &impl Place) {
    let (store, demo, family) = (place.open().await, key("demo"), group("family"));
    store.add_to_group(&demo, &family, &channels(["kitchen", "kitchen"])).await.unwrap();
    store.add_to_group(&demo, &family, &channels(["kitchen", "porch"])).await.unwrap();
    store.remove_from_group(&demo, &family, &channels(["cellar", "porch"])).await.unwrap();
    store.remove_from_group(&demo, &group("friends"), &channels(["kitchen"])).await.unwrap();
    store.delete_group(&demo, &group("friends")).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen");
}

async fn a_deleted_group_is_gone_with_all_its_channels(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    store.add_to_group(&demo, &group("family"), &channels(["kitchen", "porch"])).await.unwrap();
    store.add_to_group(&demo, &group("friends"), &channels(["porch"])).await.unwrap();
    store.delete_group(&demo, &group("family")).await.unwrap();
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "friends: porch");
}

async fn key_sets_do_not_see_each_other(place: &impl Place) {
    let (store, family) = (place.open().await, group("family"));
    store.add_to_group(&key("one"), &family, &channels(["kitchen"])).await.unwrap();
    store.add_to_group(&key("two"), &family, &channels(["kitchen", "porch"])).await.unwrap();
    store.remove_from_group(&key("two"), &family, &channels(["kitchen"])).await.unwrap();
    assert_eq!(show(&store.groups(&key("one")).await.unwrap()), "family: kitchen");
    assert_eq!(show(&store.groups(&key("two")).await.unwrap()), "family: porch");
    store.delete_group(&key("one"), &family).await.unwrap();
    assert_eq!(show(&store.groups(&key("two")).await.unwrap()), "family: porch");
    assert_eq!(show(&store.groups(&key("One")).await.unwrap()), "");
}

async fn groups_and_channels_come_in_the_order_of_bytes(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    for name in ["é", "b", "B", "a-", "a", "ab"] {
        store.add_to_group(&demo, &group(name), &channels(["é", "z", "Z", "10", "9"])).await.unwrap();
    }
    let expected = ["B", "a", "a-", "ab", "b", "é"].map(|name| format!("{name}: 10 9 Z z é")).join("\n");
    assert_eq!(show(&store.groups(&demo).await.unwrap()), expected);
}

async fn a_name_is_a_value_whatever_it_holds(place: &impl Place) {
    let store = place.open().await;
    for text in ["'; DROP TABLE group_channels; --", "\"", "%_", "?1", ":key", "👋🏽", "e\u{301}", "NULL", "007"] {
        let (key, name) = (key(text), group(&text.replace([' ', ':'], "~")));
        store.add_to_group(&key, &name, &[channel(text)]).await.unwrap();
        let groups = store.groups(&key).await.unwrap();
        assert_eq!((groups.len(), &groups[0].name, &groups[0].channels), (1, &name, &vec![channel(text)]));
        store.remove_from_group(&key, &name, &[channel(text)]).await.unwrap();
        assert_eq!(store.groups(&key).await.unwrap(), []);
    }
}

async fn what_was_answered_is_there_after_a_restart(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    store.add_to_group(&demo, &group("family"), &channels(["kitchen", "porch"])).await.unwrap();
    store.add_to_group(&demo, &group("friends"), &channels(["pub"])).await.unwrap();
    store.remove_from_group(&demo, &group("family"), &channels(["porch"])).await.unwrap();
    store.delete_group(&demo, &group("friends")).await.unwrap();
    drop(store);
    let store = place.open().await;
    assert_eq!(show(&store.groups(&demo).await.unwrap()), "family: kitchen");
}

async fn writers_at_once_are_all_served(place: &impl Place) {
    let (store, demo) = (place.open().await, key("demo"));
    let mut writers = JoinSet::new();
    for writer in 0..32 {
        let (store, demo) = (Arc::clone(&store), demo.clone());
        writers.spawn(async move {
            for n in 0..10 {
                store.add_to_group(&demo, &group("all"), &[channel(&format!("{writer:02}-{n}"))]).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(store.groups(&demo).await.unwrap()[0].channels.len(), 320);
}

/// Random changes, made to the store and to a map: after each, both hold the same; at the end, after a restart, still.
async fn any_changes_leave_what_they_leave_in_a_map(place: &impl Place) {
    #[derive(Clone, Debug)]
    enum Change {
        Add(usize, usize, Vec<usize>),
        Remove(usize, usize, Vec<usize>),
        Delete(usize, usize),
    }
    let some = || prop::collection::vec(0..4usize, 0..4);
    let change = prop_oneof![
        3 => (0..2usize, 0..3usize, some()).prop_map(|(key, group, channels)| Change::Add(key, group, channels)),
        2 => (0..2usize, 0..3usize, some()).prop_map(|(key, group, channels)| Change::Remove(key, group, channels)),
        1 => (0..2usize, 0..3usize).prop_map(|(key, group)| Change::Delete(key, group)),
    ];
    let keys = ["one", "two"].map(key);
    let names = ["family", "friends", "work"].map(group);
    let rooms = channels(["cellar", "kitchen", "porch", "roof"]);
    let pick = |chosen: &[usize]| chosen.iter().map(|n| rooms[*n].clone()).collect::<Vec<_>>();

    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let run = |changes: Vec<Change>| {
            runtime.block_on(async {
                let mut store = place.open().await;
                for key in &keys {
                    for name in &names {
                        store.delete_group(key, name).await.unwrap();
                    }
                }
                let mut map = BTreeMap::<_, BTreeSet<_>>::new();
                for change in changes {
                    match change {
                        Change::Add(key, name, chosen) => {
                            store.add_to_group(&keys[key], &names[name], &pick(&chosen)).await.unwrap();
                            map.entry((key, name)).or_default().extend(chosen);
                        }
                        Change::Remove(key, name, chosen) => {
                            store.remove_from_group(&keys[key], &names[name], &pick(&chosen)).await.unwrap();
                            map.entry((key, name)).or_default().retain(|channel| !chosen.contains(channel));
                        }
                        Change::Delete(key, name) => {
                            store.delete_group(&keys[key], &names[name]).await.unwrap();
                            map.remove(&(key, name));
                        }
                    }
                    assert_same(&*store, &keys, &names, &rooms, &map).await;
                }
                drop(store);
                store = place.open().await;
                assert_same(&*store, &keys, &names, &rooms, &map).await;
            });
            Ok(())
        };
        let mut runner = TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() });
        runner.run(&prop::collection::vec(change, 1..16), run).unwrap();
    });
}

async fn assert_same(
    store: &dyn Store,
    keys: &[wire::SubscribeKey],
    names: &[wire::GroupName],
    rooms: &[wire::ChannelName],
    map: &BTreeMap<(usize, usize), BTreeSet<usize>>,
) {
    for (n, key) in keys.iter().enumerate() {
        let expected = map.iter().filter(|((key, _), channels)| *key == n && !channels.is_empty());
        let expected = expected.map(|((_, name), channels)| store::Group {
            name: names[*name].clone(),
            channels: channels.iter().map(|channel| rooms[*channel].clone()).collect(),
        });
        assert_eq!(store.groups(key).await.unwrap(), expected.collect::<Vec<_>>());
    }
}
