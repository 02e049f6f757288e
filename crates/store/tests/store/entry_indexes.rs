//! Indexes of entries of `custom` in PostgreSQL: made for what is asked for, right at every moment, whoever writes.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::context::{Condition, List, Remove, Row};
use serde_json::json;
use store::{Postgres, Store};
use tokio_postgres::Client;
use wire::context::{Kind, Moment};

use crate::context::{Users, assert_members, change_member, fill_members, id, query, set};
use crate::contract::Place;
use crate::names::key;
use crate::postgres::{self, Database};
use crate::proxy::{Cut, Proxy};

/// A connection beside that of the store.
async fn beside(place: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(&place.address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The indexes as `entry`, or `entry by name`, with a `…` while they are not whole.
async fn indexes(beside: &Client) -> Vec<String> {
    let text = "SELECT entry || CASE WHEN by_name THEN ' by name' ELSE '' END || CASE WHEN through IS NULL THEN '' ELSE ' …' END
                FROM custom_indexes ORDER BY custom_index";
    beside.query(text, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Waits until all that were ordered are whole.
async fn whole(store: &dyn Store, beside: &Client) -> Vec<String> {
    loop {
        let indexes = indexes(beside).await;
        if indexes.iter().all(|index| !index.ends_with('…')) {
            return indexes;
        }
        store.check().await.unwrap();
    }
}

/// Whether the indexes have what they should: read from the records anew.
async fn assert_right(beside: &Client) {
    let text = "WITH right_ones AS (
                    SELECT i.custom_index, substring(r.custom_keys[array_position(r.custom_names, i.entry)] FROM 1 FOR 256) AS value_key,
                           CASE WHEN i.by_name THEN substring(r.name_key FROM 1 FOR 1000) ELSE ''::bytea END, r.id_key
                    FROM custom_indexes i JOIN records r ON r.space = i.space WHERE i.entry = ANY (r.custom_names)
                )
                SELECT (SELECT count(*) FROM (SELECT * FROM right_ones EXCEPT ALL SELECT * FROM custom_values) AS lacking),
                       (SELECT count(*) FROM (SELECT * FROM custom_values EXCEPT ALL SELECT * FROM right_ones) AS too_many)";
    let row = beside.query_one(text, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0), "rows that lack, rows that are too many");
}

/// Waits until what was ordered is there: of two commands the second comes after whatever came before the first.
async fn ordered(store: &dyn Store) {
    for name in ["once", "twice"] {
        let set = set(Kind::User, &id("last"), &json!({ "name": name }));
        store.set(&key("demo"), set, Moment::default()).await.unwrap().outcome.unwrap();
    }
}

async fn list(store: &dyn Store, filter: &str, sort: &str) {
    store.records(&key("demo"), &query(List::Records(Kind::User), filter, sort)).await.unwrap();
}

#[tokio::test]
async fn an_index_is_made_for_what_is_asked_for_and_found_and_for_nothing_else() {
    let Some(place) = postgres::place() else { return };
    let (store, demo, beside) = (place.open().await, key("demo"), beside(&place).await);
    let user = |n: usize| set(Kind::User, &id(&format!("u{n}")), &json!({"custom": {"team": n % 9, "age": n}}));
    store.set_many(&demo, (0..900).map(user).collect(), Moment::default()).await.unwrap();
    for filter in [
        "custom.nobody == 1",
        "custom.age > 5",
        "custom.age == -1 && name == 'nobody'",
        "custom.team == 1 || custom.age == 1",
    ] {
        list(&*store, filter, "").await;
    }
    ordered(&*store).await;
    assert_eq!(indexes(&beside).await, [""; 0]);

    for (filter, sort, expected) in [
        ("custom.team == 1", "", &["team"][..]),
        // Neither is another one asked for by an order that no index has, nor twice.
        ("custom.team == 1", "updated", &["team"]),
        ("custom.team == 1", "id:desc", &["team"]),
        ("custom.team == 1", "name:desc", &["team", "team by name"]),
        ("custom.team == 2 && custom.age > 7", "name", &["team", "team by name"]),
        ("custom.age == 7", "", &["team", "team by name", "age"]),
        // Nobody is found, and everybody was read.
        ("custom.age == -1", "name", &["team", "team by name", "age", "age by name"]),
    ] {
        list(&*store, filter, sort).await;
        ordered(&*store).await;
        assert_eq!(whole(&*store, &beside).await, expected, "{filter} {sort}");
        assert_right(&beside).await;
    }
    let remove = Remove { kind: Kind::User, id: id("u7"), condition: Condition::None, integrity: false };
    store.remove(&demo, remove).await.unwrap().outcome.unwrap();
    assert_right(&beside).await;
    store.forget_data(&demo).await.unwrap();
    assert_eq!(indexes(&beside).await, [""; 0]);
    assert_right(&beside).await;
}

#[tokio::test]
async fn there_are_only_so_many_indexes() {
    let Some(place) = postgres::place() else { return };
    let (store, demo, beside) = (place.open().await, key("demo"), beside(&place).await);
    let custom: serde_json::Map<_, _> = (0..50).map(|n| (format!("e{n}"), json!(n))).collect();
    for n in 0..50 {
        let user = set(Kind::User, &id("ann"), &json!({"custom": custom, "name": format!("{n}")}));
        store.set(&demo, user, Moment::default()).await.unwrap().outcome.unwrap();
        list(&*store, &format!("custom.e{n} == {n}"), "").await;
    }
    ordered(&*store).await;
    assert_eq!(whole(&*store, &beside).await.len(), 32);
    assert_right(&beside).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_the_same_before_while_and_after_indexes_are_filled() {
    let Some(place) = postgres::place() else { return };
    let (store, demo, beside) = (place.open().await, key("demo"), beside(&place).await);
    let mut users = Users::new();
    fill_members(&*store, &demo, &mut users, 0, 300).await;
    assert_members(&*store, &demo, &users, "before").await;
    let mut made = whole(&*store, &beside).await;
    made.sort();
    assert_eq!(made, ["about", "about by name", "team", "team by name"]);
    assert_right(&beside).await;
    assert_members(&*store, &demo, &users, "after").await;

    // As if they had come half way. This server has nothing to fill, and so leaves them there.
    let half = "UPDATE custom_indexes SET through = (SELECT id_key FROM records ORDER BY id_key LIMIT 1 OFFSET 150);
                DELETE FROM custom_values v USING custom_indexes i
                WHERE v.custom_index = i.custom_index AND v.id_key > i.through;";
    beside.batch_execute(half).await.unwrap();
    assert_members(&*store, &demo, &users, "half way").await;
    for n in (0..330).step_by(3) {
        change_member(&*store, &demo, &mut users, n, 1).await;
    }
    assert_members(&*store, &demo, &users, "half way, changed").await;
    drop(store);

    let store = place.open().await;
    whole(&*store, &beside).await;
    assert_right(&beside).await;
    assert_members(&*store, &demo, &users, "filled by the next one").await;
    for n in (0..330).step_by(2) {
        change_member(&*store, &demo, &mut users, n, 2).await;
    }
    assert_right(&beside).await;
    assert_members(&*store, &demo, &users, "kept").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_and_lists_while_an_index_is_filled_finds_what_is_there() {
    let Some(place) = postgres::place() else { return };
    let (store, demo, beside) = (place.open().await, key("demo"), beside(&place).await);
    let mut users = Users::new();
    fill_members(&*store, &demo, &mut users, 0, 4000).await;
    list(&*store, "custom.team == 't1'", "").await;
    list(&*store, "custom.team == 't1'", "name").await;
    let mut met = BTreeSet::new();
    for n in (0..4000).step_by(7) {
        let (a, b) = (n % 4000, (n * 31) % 4000);
        change_member(&*store, &demo, &mut users, a, 1).await;
        change_member(&*store, &demo, &mut users, b, 2).await;
        if n % 10 == 0 {
            met.insert(indexes(&beside).await);
            for sort in ["", "name:desc"] {
                assert_first_page(&*store, &users, sort).await;
            }
        }
    }
    assert!(met.iter().any(|indexes| indexes.iter().any(|index| index.ends_with('…'))), "it was being filled: {met:?}");
    assert_eq!(whole(&*store, &beside).await, ["team", "team by name"]);
    assert_right(&beside).await;
    for sort in ["", "name:desc"] {
        assert_first_page(&*store, &users, sort).await;
    }
}

async fn assert_first_page(store: &dyn Store, users: &Users, sort: &str) {
    let query = query(List::Records(Kind::User), "custom.team == 't1'", sort);
    let expected = query.answer(users.values().cloned().collect(), |record| Row::Record(record));
    assert_eq!(store.records(&key("demo"), &query).await.unwrap(), expected, "{sort}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_becomes_whole_though_connections_are_lost_under_it() {
    let Some(place) = postgres::place() else { return };
    let beside = beside(&place).await;
    let proxy = Proxy::to(postgres::port().unwrap()).await;
    let name = place.address.rsplit_once('/').unwrap().1;
    let address = format!("postgres://postgres@127.0.0.1:{}/{name}?sslmode=disable", proxy.port());
    let store = Arc::new(Postgres::open(&address).await.unwrap());
    let mut users = Users::new();
    fill_members(&*store, &key("demo"), &mut users, 0, 300).await;
    // Its order is a commit, and so is each part that is filled in.
    for (n, (cut, commits)) in
        [(Cut::BeforeCommit, 1), (Cut::AfterCommit, 1), (Cut::BeforeCommit, 2), (Cut::AfterCommit, 2)]
            .into_iter()
            .enumerate()
    {
        beside.batch_execute("DELETE FROM custom_indexes; DELETE FROM custom_values").await.unwrap();
        proxy.cut(cut, commits);
        while indexes(&beside).await != ["team"] {
            list(&*store, "custom.team == 't1'", "").await;
        }
        assert_eq!(proxy.cuts(), n + 1, "it was cut");
        assert_right(&beside).await;
        assert_first_page(&*store, &users, "").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_keeps_the_indexes_that_another_one_has_ordered_meanwhile() {
    let Some(place) = postgres::place() else { return };
    let (first, demo, beside) = (place.open().await, key("demo"), beside(&place).await);
    let mut users = Users::new();
    fill_members(&*first, &demo, &mut users, 0, 300).await;
    // The first one loses its hold of the database, and does not know.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name LIKE 'hereabouts writer%'";
    beside.execute(end, &[]).await.unwrap();
    let second = place.open().await;
    assert_members(&*second, &demo, &users, "by the second").await;
    whole(&*second, &beside).await;
    for n in (0..300).step_by(5) {
        change_member(&*second, &demo, &mut users, n, 1).await;
    }
    assert_right(&beside).await;
    assert_members(&*first, &demo, &users, "read by the first").await;
    drop(second);
    for n in (0..330).step_by(3) {
        change_member(&*first, &demo, &mut users, n, 2).await;
    }
    assert_right(&beside).await;
    assert_members(&*first, &demo, &users, "written by the first").await;
}

/// The fifth version had one index of all entries, and a column for it.
#[tokio::test]
async fn data_of_the_fifth_version_is_brought_up_to_date() {
    let Some(place) = postgres::place() else { return };
    let (store, demo, beside) = (place.open().await, key("demo"), beside(&place).await);
    let mut users = Users::new();
    fill_members(&*store, &demo, &mut users, 0, 100).await;
    drop(store);
    let older = "DELETE FROM refinery_schema_history WHERE version > 5;
                 DROP TABLE custom_indexes; DROP TABLE custom_values;
                 ALTER TABLE records ADD COLUMN custom_terms bigint[] NOT NULL DEFAULT '{}';
                 CREATE INDEX records_by_custom ON records USING gin (custom_terms);";
    beside.batch_execute(older).await.unwrap();
    let store = place.open().await;
    assert_eq!(indexes(&beside).await, [""; 0]);
    assert_members(&*store, &demo, &users, "brought up to date").await;
    whole(&*store, &beside).await;
    assert_right(&beside).await;
    assert_members(&*store, &demo, &users, "with indexes").await;
}
